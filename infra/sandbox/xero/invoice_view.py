"""An invoice as the API shows it: whole, as a row of an unpaged list, or as a refused echo."""

from decimal import Decimal
from typing import Any

from infra.sandbox.wire import Document
from infra.sandbox.xero.amounts import half_up
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.contacts import render as render_contact
from infra.sandbox.xero.dates import date_fields, moment_string, ms_date, ms_moment
from infra.sandbox.xero.errors import NO_ID

_PLAIN = (
    "Type",
    "InvoiceID",
    "InvoiceNumber",
    "Reference",
    "Url",
    "BrandingThemeID",
    "RepeatingInvoiceID",
    "AmountDue",
    "AmountPaid",
    "SentToContact",
    "CurrencyRate",
    "Status",
    "LineAmountTypes",
    "SubTotal",
    "TotalTax",
    "Total",
    "CurrencyCode",
)
_LINE = (
    "LineItemID",
    "Description",
    "Quantity",
    "ItemCode",
    "AccountCode",
    "AccountID",
    "TaxType",
    "TaxAmount",
    "LineAmount",
    "DiscountRate",
    "DiscountAmount",
    "Tracking",
)
_DATES = ("Date", "DueDate", "ExpectedPaymentDate", "PlannedPaymentDate")


def render(books: Books, invoice: Document, *, whole: bool, places: int) -> Document:
    """Return an invoice; not `whole`: no lines and payments, only a summary of the contact."""
    shown: Document = {name: invoice[name] for name in _PLAIN if invoice.get(name) is not None}
    for name in _DATES:
        shown.update(date_fields(name, invoice.get(name)))
    if invoice.get("FullyPaidOnDate"):
        shown["FullyPaidOnDate"] = ms_date(invoice["FullyPaidOnDate"])
    contact = books.contacts.get(invoice["ContactID"] or "")
    return {
        **shown,
        "AmountCredited": Decimal("0.00"),
        "IsDiscounted": any(line.get("DiscountRate") for line in invoice["LineItems"]),
        "HasAttachments": False,
        "HasErrors": False,
        "Contact": _contact(books, contact, whole=whole) if contact else {},
        "LineItems": [_line(line, places) for line in invoice["LineItems"]] if whole else [],
        **(_settled(books, invoice) if whole else {}),
        "UpdatedDateUTC": ms_moment(invoice["UpdatedMs"]),
        "UpdatedDateUTCString": moment_string(invoice["UpdatedMs"]),
    }


def echo(element: Document, existing: Document | None) -> Document:
    """Return a refused element as Xero gives it back: the request, not what is stored."""
    shown: dict[str, Any] = {
        **element,
        "InvoiceID": existing["InvoiceID"] if existing else element.get("InvoiceID", NO_ID),
        "HasErrors": True,
    }
    for name in _DATES:
        if name in element:
            shown.update(date_fields(name, element[name]))
    return shown


def _contact(books: Books, contact: Document, *, whole: bool) -> Document:
    if whole:
        return render_contact(books, contact, whole=False)
    return {
        "ContactID": contact["ContactID"],
        "Name": contact["Name"],
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def _line(line: Document, places: int) -> Document:
    shown: Document = {name: line[name] for name in _LINE if line.get(name) is not None}
    if line.get("UnitAmount") is not None:
        shown["UnitAmount"] = half_up(Decimal(line["UnitAmount"]), places)
    return shown


def _settled(books: Books, invoice: Document) -> Document:
    return {
        "Payments": [
            {
                "PaymentID": payment["PaymentID"],
                "Date": ms_date(payment["Date"]),
                "Amount": payment["Amount"],
                "CurrencyRate": payment["CurrencyRate"],
                **({"Reference": payment["Reference"]} if payment.get("Reference") else {}),
                "HasAccount": False,
                "HasValidationErrors": False,
            }
            for payment in books.payments_of(invoice["InvoiceID"])
        ],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "InvoicePaymentServices": [],
    }
