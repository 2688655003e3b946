"""Xero's accounting API: two organisations with their books, and the OAuth in front.

Sources: the pages of Xero's API documentation that each module names. Wording and behaviour that
these leave open are marked as assumed in the sandbox's README.
"""
