"""Xero emailing an invoice to its contact.

Source: Xero API documentation, "Invoices", "Emailing an invoice".
"""

from typing import Final

from infra.sandbox.wire import Document
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.posting import Posting

_SENDABLE: Final = frozenset({"SUBMITTED", "AUTHORISED", "PAID"})


def problem_with(books: Books, invoice: Document) -> str | None:
    """Return why an invoice cannot be emailed. The words are ours: Xero's are not published."""
    if invoice["Type"] != "ACCREC" or invoice["Status"] not in _SENDABLE:
        return "Only sales invoices that are SUBMITTED, AUTHORISED or PAID can be emailed"
    if not address_of(books, invoice):
        return "The invoice's contact has no email address"
    if not may_send(books):
        return "The organisation has reached its limit of emails for today"
    return None


def may_send(books: Books) -> bool:
    """Return whether the organisation may send one more today; a demo company sends none."""
    return not books.organisation["IsDemoCompany"] and books.budget.may_email(books.tenant)


def send(posting: Posting, invoice: Document) -> None:
    """Send it. Nothing changes on the invoice."""
    posting.books.budget.take_email(posting.books.tenant)
    posting.made("invoice.emailed", invoice["InvoiceID"], invoice.get("Url"))


def address_of(books: Books, invoice: Document) -> str:
    """Return the primary address of an invoice's contact, empty when it has none."""
    contact = books.contacts.get(invoice["ContactID"]) or {}
    return str(contact.get("EmailAddress") or "")
