"""The RepeatingInvoices endpoints."""

from typing import Any, Final

from infra.sandbox.wire import Answer, Request
from infra.sandbox.xero.batch import Write, carry_out, elements_of
from infra.sandbox.xero.errors import not_found
from infra.sandbox.xero.listing import selected
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.repeating import RepeatingWriting, render
from infra.sandbox.xero.replies import ok
from infra.sandbox.xero.shapes import REPEATING_INVOICE

_HAS_ERRORS: Final = "HasValidationErrors"


def create_repeating_invoices(request: Request, posting: Posting) -> Answer:
    """`PUT /RepeatingInvoices`: create only."""
    return _written(request, posting, RepeatingWriting(_places(request)).create)


def upsert_repeating_invoices(request: Request, posting: Posting) -> Answer:
    """`POST /RepeatingInvoices`: create, or replace what the element's id names."""
    return _written(request, posting, RepeatingWriting(_places(request)).upsert)


def update_repeating_invoice(request: Request, posting: Posting, identity: str) -> Answer:
    """`POST /RepeatingInvoices/{id}`: what counts is the id in the element."""
    if posting.books.templates.get(identity.lower()) is None:
        return not_found()
    return upsert_repeating_invoices(request, posting)


def list_repeating_invoices(request: Request, posting: Posting) -> Answer:
    """`GET /RepeatingInvoices`: where and order; no pages, no If-Modified-Since."""
    books = posting.books
    found = selected(request, books.templates.records(), _PROPERTIES)
    return ok(books, {"RepeatingInvoices": [render(books, template) for template in found]})


def get_repeating_invoice(_request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /RepeatingInvoices/{id}`."""
    template = posting.books.templates.get(identity.lower())
    if template is None:
        return not_found()
    return ok(posting.books, {"RepeatingInvoices": [render(posting.books, template)]})


def _written(request: Request, posting: Posting, write: Write) -> Answer:
    elements = elements_of(request, "RepeatingInvoices", REPEATING_INVOICE)
    written, refusal = carry_out(request, posting, elements, write, _HAS_ERRORS)
    return refusal or ok(posting.books, {"RepeatingInvoices": written})


def _places(request: Request) -> int:
    return 4 if request.query.get("unitdp") == "4" else 2


def _reader(name: str) -> Any:
    return lambda record: record.get(name)


_PROPERTIES: Final = {
    "UpdatedDateUTC": lambda record: record["UpdatedMs"],
    **{
        name: _reader(name)
        for name in ("RepeatingInvoiceID", "Status", "Type", "Reference", "Total")
    },
    "Contact.ContactID": _reader("ContactID"),
    "Schedule.NextScheduledDate": lambda record: record["Schedule"].get("NextScheduledDate"),
}
