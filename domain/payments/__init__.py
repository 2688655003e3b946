"""The payment status of deal products, and how invoices raise it."""
