"""The Invoices endpoints."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from infra.sandbox.wire import Answer, Document, Request
from infra.sandbox.xero.batch import carry_out, elements_of
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.emails import problem_with, send
from infra.sandbox.xero.errors import messages, not_found, validation_failed
from infra.sandbox.xero.invoice_view import render
from infra.sandbox.xero.invoice_writing import InvoiceWriting
from infra.sandbox.xero.listing import asked_for, is_true, listed
from infra.sandbox.xero.pdf import pdf
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.replies import ok
from infra.sandbox.xero.shapes import INVOICE
from infra.sandbox.xero.where import Properties

_FILTERS: Final[Mapping[str, str]] = {
    "IDs": "InvoiceID",
    "InvoiceNumbers": "InvoiceNumber",
    "ContactIDs": "ContactID",
    "Statuses": "Status",
}
"""Query parameter -> stored property."""


def create_invoices(request: Request, posting: Posting) -> Answer:
    """`PUT /Invoices`: create only."""
    writing = InvoiceWriting(_places(request))
    elements = elements_of(request, "Invoices", INVOICE)
    written, refusal = carry_out(request, posting, elements, writing.create)
    return refusal or ok(posting.books, {"Invoices": written})


def upsert_invoices(request: Request, posting: Posting) -> Answer:
    """`POST /Invoices`: create, or update what the id or number names."""
    writing = InvoiceWriting(_places(request))
    elements = elements_of(request, "Invoices", INVOICE)
    written, refusal = carry_out(request, posting, elements, writing.upsert)
    return refusal or ok(posting.books, {"Invoices": written})


def update_invoice(request: Request, posting: Posting, identity: str) -> Answer:
    """`POST /Invoices/{id or number}`."""
    invoice = _find(posting.books, identity)
    if invoice is None:
        return not_found()
    writing = InvoiceWriting(_places(request))
    elements = [
        {**element, "InvoiceID": invoice["InvoiceID"]}
        for element in elements_of(request, "Invoices", INVOICE)
    ]
    written, refusal = carry_out(request, posting, elements, writing.upsert)
    return refusal or ok(posting.books, {"Invoices": written})


def list_invoices(request: Request, posting: Posting) -> Answer:
    """`GET /Invoices`. Lines only by page; `Statuses` enforces paging."""
    books = posting.books
    records = books.invoices.records()
    if is_true(request, "createdByMyApp"):
        records = [record for record in records if record["ByApp"]]
    for parameter, name in _FILTERS.items():
        wanted = asked_for(request, parameter)
        if wanted is not None:
            # One set for all: ids are matched whatever their case, as GUIDs are.
            chosen = {value.casefold() for value in wanted}
            records = [record for record in records if str(record.get(name)).casefold() in chosen]
    if term := request.query.get("searchTerm", request.query.get("SearchTerm")):
        records = [record for record in records if _mentions(record, term)]
    page = listed(request, records, _properties(books), paged="Statuses" in request.query)
    whole = page.pagination is not None and not is_true(request, "summaryOnly")
    places = _places(request)
    return ok(
        books,
        page.wrapped("Invoices", lambda record: render(books, record, whole=whole, places=places)),
    )


def get_invoice(request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /Invoices/{id or number}`; `Accept: application/pdf` gives the document."""
    invoice = _find(posting.books, identity)
    if invoice is None:
        return not_found()
    shown = render(posting.books, invoice, whole=True, places=_places(request))
    if "application/pdf" in request.headers.get("accept", ""):
        return Answer(200, pdf(shown), "application/pdf")
    return ok(posting.books, {"Invoices": [shown]})


def email_invoice(_request: Request, posting: Posting, identity: str) -> Answer:
    """`POST /Invoices/{id}/Email`: 204, nothing in it; SentToContact stays as it was."""
    invoice = _find(posting.books, identity)
    if invoice is None:
        return not_found()
    problem = problem_with(posting.books, invoice)
    if problem is not None:
        element = {"InvoiceID": invoice["InvoiceID"], "HasErrors": True}
        return validation_failed([{**element, "ValidationErrors": messages([problem])}])
    send(posting, invoice)
    posting.settle()
    return Answer(204)


def online_invoice(_request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /Invoices/{id}/OnlineInvoice`: ACCREC only, and no draft."""
    invoice = _find(posting.books, identity)
    if invoice is None or invoice["Type"] != "ACCREC" or invoice["Status"] == "DRAFT":
        return not_found()
    token = uuid5(NAMESPACE_URL, invoice["InvoiceID"]).hex
    shown = {"OnlineInvoiceUrl": f"https://in.xero.com/{token}"}
    return ok(posting.books, {"OnlineInvoices": [shown]})


def _find(books: Books, identity: str) -> Document | None:
    return books.invoices.get(identity.lower()) or books.invoice_by_number(identity)


def _mentions(record: Document, term: str) -> bool:
    return any(
        term.casefold() in str(record.get(name) or "").casefold()
        for name in ("InvoiceNumber", "Reference")
    )


def _places(request: Request) -> int:
    return 4 if request.query.get("unitdp") == "4" else 2


def _properties(books: Books) -> Properties:
    def of_contact(name: str) -> Any:
        return lambda record: (books.contacts.get(record["ContactID"]) or {}).get(name)

    plain = (
        "InvoiceID",
        "InvoiceNumber",
        "Reference",
        "Status",
        "Type",
        "Date",
        "DueDate",
        "AmountDue",
        "AmountPaid",
        "Total",
        "CurrencyCode",
        "Url",
    )
    return {
        "UpdatedDateUTC": lambda record: record["UpdatedMs"],
        **{name: _reader(name) for name in plain},
        **{f"Contact.{name}": of_contact(name) for name in ("ContactID", "Name", "ContactNumber")},
    }


def _reader(name: str) -> Any:
    return lambda record: record.get(name)
