"""Contacts: names unique among the active ones, archived ones closed.

Source: Xero API documentation, "Contacts".
"""

from infra.sandbox.wire import Document
from infra.sandbox.xero.batch import Written
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import ms_moment
from infra.sandbox.xero.errors import NO_ID
from infra.sandbox.xero.posting import Posting

ARCHIVED = (
    "The specified contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)
UNIDENTIFIED = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
MISSING_ON_DOCUMENT = "A Contact must be specified for this type of transaction"
_LENGTHS = {
    "Name": 255,
    "FirstName": 255,
    "LastName": 255,
    "EmailAddress": 255,
    "ContactNumber": 50,
    "AccountNumber": 50,
    "CompanyNumber": 50,
}
_SETTABLE_STATUSES = frozenset({"ACTIVE", "ARCHIVED"})
_UNASKED = frozenset({"UpdatedMs", "ByApp", "MergedToContactID"})


def find(books: Books, element: Document) -> Document | None:
    """Return the contact an element means: by id, else number, else (active) name."""
    if "ContactID" in element:
        return books.contacts.get(element["ContactID"])
    if "ContactNumber" in element:
        found = books.contact_by_number(element["ContactNumber"])
        if found is not None:
            return found
    return books.contact_by_name(element["Name"]) if element.get("Name") else None


def create(posting: Posting, element: Document) -> Written:
    """Write an element of `PUT /Contacts`."""
    given = {name: value for name, value in element.items() if name != "ContactID"}
    return _write(posting, given, None)


def upsert(posting: Posting, element: Document) -> Written:
    """Write an element of `POST /Contacts`: update the one it means, else create."""
    if not {"ContactID", "ContactNumber", "Name"} & set(element):
        return _echo(element, None, [UNIDENTIFIED])
    existing = find(posting.books, element)
    if existing is None and "ContactID" in element and "Name" not in element:
        return _echo(element, None, ["The specified ContactID could not be found"])
    return _write(posting, element, existing)


def _write(posting: Posting, element: Document, existing: Document | None) -> Written:
    problems = _problems(posting.books, element, existing)
    if problems:
        return _echo(element, existing, problems)
    identity = existing["ContactID"] if existing else new_id()
    record = {
        "ContactStatus": "ACTIVE",
        "ByApp": posting.by_app,
        **(existing or {}),
        **{name: value for name, value in element.items() if value != ""},
        "ContactID": identity,
    }
    record["Name"] = record["Name"].strip()
    for name in [name for name, value in element.items() if value == ""]:
        record.pop(name, None)
    kept = posting.put("contacts", identity, record)
    kind = "contact.updated" if existing else "contact.created"
    posting.made(kind, identity, kept.get("ContactNumber"))
    return Written(render(posting.books, kept))


def _problems(books: Books, element: Document, existing: Document | None) -> list[str]:
    if existing is not None and existing["ContactStatus"] != "ACTIVE":
        return [ARCHIVED]
    found: list[str] = []
    name = str(element.get("Name", existing["Name"] if existing else ""))
    if not name.strip():
        found.append("The Contact Name must be specified.")
    namesake = books.contact_by_name(name)
    if namesake is not None and (
        existing is None or namesake["ContactID"] != existing["ContactID"]
    ):
        found.append(
            f"The contact name {name} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    found += [
        f"The {field} field cannot be longer than {limit} characters"
        for field, limit in _LENGTHS.items()
        if len(element.get(field, "")) > limit
    ]
    email = element.get("EmailAddress", "")
    if email and ("@" not in email or " " in email):
        found.append("Email address must be valid.")
    if element.get("ContactStatus", "ACTIVE") not in _SETTABLE_STATUSES:
        found.append(f"The status '{element['ContactStatus']}' is not valid for contacts")
    return found


def _echo(element: Document, existing: Document | None, problems: list[str]) -> Written:
    identity = existing["ContactID"] if existing else element.get("ContactID", NO_ID)
    return Written({**element, "ContactID": identity}, tuple(problems))


def render(books: Books, contact: Document, *, whole: bool = True) -> Document:
    """Return a contact as the API shows it; lists without `page` show less."""
    shown = {name: value for name, value in contact.items() if name not in _UNASKED}
    if not whole:
        shown = {
            name: shown[name] for name in shown if name not in {"ContactPersons", "PaymentTerms"}
        }
    elif contact.get("MergedToContactID"):
        shown["MergedToContactID"] = contact["MergedToContactID"]
    return {
        **shown,
        "Addresses": contact.get("Addresses", []),
        "Phones": contact.get("Phones", []),
        "ContactGroups": [],
        "ContactPersons": contact.get("ContactPersons", []) if whole else [],
        "IsSupplier": False,
        "IsCustomer": books.has_invoice_for(contact["ContactID"]),
        "HasAttachments": False,
        "HasValidationErrors": False,
        "UpdatedDateUTC": ms_moment(contact["UpdatedMs"]),
    }
