"""Invoices from a deal: which lines, how much, with which settings, and what Xero says of them."""
