"""The Contacts endpoints."""

from typing import Any, Final

from infra.sandbox.wire import Answer, Document, Request
from infra.sandbox.xero import contacts
from infra.sandbox.xero.batch import carry_out, elements_of
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.errors import not_found
from infra.sandbox.xero.listing import asked_for, is_true, listed
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.replies import ok
from infra.sandbox.xero.shapes import CONTACT

_PLAIN: Final = (
    "ContactID",
    "ContactNumber",
    "AccountNumber",
    "Name",
    "EmailAddress",
    "ContactStatus",
    "FirstName",
    "LastName",
)
_HAS_ERRORS: Final = "HasValidationErrors"


def create_contacts(request: Request, posting: Posting) -> Answer:
    """`PUT /Contacts`: create only."""
    elements = elements_of(request, "Contacts", CONTACT)
    written, refusal = carry_out(request, posting, elements, contacts.create, _HAS_ERRORS)
    return refusal or ok(posting.books, {"Contacts": written})


def upsert_contacts(request: Request, posting: Posting) -> Answer:
    """`POST /Contacts`: create, or update the one that is meant."""
    elements = elements_of(request, "Contacts", CONTACT)
    written, refusal = carry_out(request, posting, elements, contacts.upsert, _HAS_ERRORS)
    return refusal or ok(posting.books, {"Contacts": written})


def update_contact(request: Request, posting: Posting, identity: str) -> Answer:
    """`POST /Contacts/{id}`."""
    contact = _find(posting.books, identity)
    if contact is None:
        return not_found()
    elements = [
        {**element, "ContactID": contact["ContactID"]}
        for element in elements_of(request, "Contacts", CONTACT)
    ]
    written, refusal = carry_out(request, posting, elements, contacts.upsert, _HAS_ERRORS)
    return refusal or ok(posting.books, {"Contacts": written})


def list_contacts(request: Request, posting: Posting) -> Answer:
    """`GET /Contacts`: active ones unless `includeArchived`; by page they come whole."""
    records = posting.books.contacts.records()
    ids = asked_for(request, "IDs")
    if ids is not None:
        chosen = {identity.lower() for identity in ids}
        records = [record for record in records if record["ContactID"] in chosen]
    if not is_true(request, "includeArchived"):
        records = [record for record in records if record["ContactStatus"] == "ACTIVE"]
    if term := request.query.get("searchTerm", request.query.get("SearchTerm")):
        records = [record for record in records if _mentions(record, term)]
    page = listed(request, records, _PROPERTIES)
    whole = page.pagination is not None and not is_true(request, "summaryOnly")
    return ok(
        posting.books,
        page.wrapped(
            "Contacts", lambda record: contacts.render(posting.books, record, whole=whole)
        ),
    )


def get_contact(_request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /Contacts/{ContactID or ContactNumber}`, archived ones too."""
    contact = _find(posting.books, identity)
    if contact is None:
        return not_found()
    return ok(posting.books, {"Contacts": [contacts.render(posting.books, contact)]})


def _find(books: Books, identity: str) -> Document | None:
    return books.contacts.get(identity.lower()) or books.contact_by_number(identity)


def _mentions(record: Document, term: str) -> bool:
    return any(term.casefold() in str(record.get(name) or "").casefold() for name in _PLAIN[1:])


def _reader(name: str) -> Any:
    return lambda record: record.get(name)


_PROPERTIES: Final = {
    "UpdatedDateUTC": lambda record: record["UpdatedMs"],
    **{name: _reader(name) for name in _PLAIN},
}
