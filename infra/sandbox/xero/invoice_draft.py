"""An invoice as it would stand after a write: what is stored, changed by what came in."""

from datetime import date
from decimal import Decimal
from typing import Any

from infra.sandbox.seed import TRACKING
from infra.sandbox.wire import Document
from infra.sandbox.xero.amounts import compute, half_up
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import due_date

_FIELDS = (
    "Reference",
    "Url",
    "BrandingThemeID",
    "ExpectedPaymentDate",
    "PlannedPaymentDate",
    "InvoiceNumber",
    "CurrencyCode",
    "CurrencyRate",
    "LineAmountTypes",
    "Date",
    "DueDate",
    "Type",
)
_APPROVED = frozenset({"AUTHORISED", "PAID"})


def drafted(
    books: Books,
    element: Document,
    existing: Document | None,
    contact: Document | None,
    places: int,
) -> Document:
    """Return the invoice as it would stand. `places`: decimals of unit amounts (`unitdp`)."""
    invoice: Document = dict(existing) if existing else _blank(books)
    for name in _FIELDS:
        if name in element:
            invoice[name] = element[name] if element[name] != "" else None
    invoice["Status"] = element.get("Status", invoice["Status"])
    if contact is not None:
        invoice["ContactID"] = contact["ContactID"]
    if "LineItems" in element:
        stored = {line["LineItemID"]: line for line in invoice["LineItems"]}
        invoice["LineItems"] = [
            _line(books, line, stored.get(line.get("LineItemID", ""), {}), places)
            for line in element["LineItems"]
        ]
    if "SentToContact" in element:
        # Settable on approved invoices only; on others Xero lets it fall.
        approved = invoice["Status"] in _APPROVED
        invoice["SentToContact"] = element["SentToContact"] and approved
    if not invoice.get("DueDate"):
        terms = _terms(contact) or _terms(books.organisation)
        invoice["DueDate"] = due_date(date.fromisoformat(invoice["Date"]), terms).isoformat()
    return compute(invoice, books)


def _blank(books: Books) -> Document:
    return {
        "InvoiceID": new_id(),
        "Type": "",
        "Status": "DRAFT",
        "ContactID": None,
        "Date": books.today().isoformat(),
        "DueDate": None,
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": books.organisation["BaseCurrency"],
        "CurrencyRate": Decimal(1),
        "LineItems": [],
        "SentToContact": False,
        "AmountPaid": Decimal("0.00"),
    }


def _line(books: Books, given: Document, stored: Document, places: int) -> Document:
    line: dict[str, Any] = {**stored, **given}
    line["LineItemID"] = stored.get("LineItemID") or new_id()
    line["GivenTaxAmount"] = given.get("TaxAmount")
    line["GivenLineAmount"] = given.get("LineAmount")
    if "UnitAmount" in given:
        line["UnitAmount"] = half_up(given["UnitAmount"], places)
    if "Quantity" in given:
        line["Quantity"] = half_up(given["Quantity"], 4)
    elif "Quantity" not in line and {"UnitAmount", "LineAmount"} & set(given):
        line["Quantity"] = Decimal(1)
    if "UnitAmount" not in line and "LineAmount" in given and line.get("Quantity"):
        line["UnitAmount"] = half_up(given["LineAmount"] / line["Quantity"], places)
    account = books.account(line, "AccountCode")
    if account is not None:
        line["AccountCode"], line["AccountID"] = account["Code"], account["AccountID"]
        line.setdefault("TaxType", account["TaxType"])
    # Names Xero does not know are dropped without a word.
    line["Tracking"] = [
        option
        for option in line.get("Tracking", [])
        if option.get("Option") in TRACKING.get(option.get("Name", ""), ())
    ]
    return line


def _terms(of: Document | None) -> Document | None:
    terms = ((of or {}).get("PaymentTerms") or {}).get("Sales")
    return terms if terms and "Day" in terms and "Type" in terms else None
