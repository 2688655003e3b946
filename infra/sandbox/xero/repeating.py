"""Templates of repeating invoices: whole documents, replaced by every write.

Source: Xero API documentation, "Repeating Invoices".
"""

from typing import Any, Final

from infra.sandbox.wire import Document
from infra.sandbox.xero import contacts
from infra.sandbox.xero.amounts import half_up
from infra.sandbox.xero.batch import Written
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import ms_date
from infra.sandbox.xero.errors import NO_ID
from infra.sandbox.xero.invoice_draft import drafted
from infra.sandbox.xero.invoice_rules import check_contact, check_currency, check_lines
from infra.sandbox.xero.posting import Posting

ONLY_AUTHORISED: Final = "Only AUTHORISED repeating invoices may have ApprovedForSending updated."
ONLY_DELETION: Final = "Repeating invoice status must be set to DELETED"
NO_TYPE: Final = "Type must be specified"
_FLAGS: Final = ("ApprovedForSending", "SendCopy", "MarkAsSent", "IncludePDF")
_SCHEDULE_DATES: Final = ("StartDate", "EndDate", "NextScheduledDate")
_PLAIN: Final = (
    "Type", "Status", "Reference", "BrandingThemeID", "LineAmountTypes", "CurrencyCode",
    "SubTotal", "TotalTax", "Total", *_FLAGS,
)  # fmt: skip
_LINE: Final = (
    "LineItemID", "Description", "Quantity", "ItemCode", "AccountCode", "TaxType", "TaxAmount",
    "LineAmount", "DiscountRate", "Tracking",
)  # fmt: skip


class RepeatingWriting:
    """How one call writes. `places`: decimals of unit amounts."""

    def __init__(self, places: int = 2) -> None:
        self._places = places

    def create(self, posting: Posting, element: Document) -> Written:
        """Write an element of `PUT /RepeatingInvoices`: always a new one."""
        given = {name: element[name] for name in element if name not in {"ID", _ID}}
        return self._write(posting, given, None)

    def upsert(self, posting: Posting, element: Document) -> Written:
        """Write an element of `POST /RepeatingInvoices`: one with an id replaces that template.

        One without is a new template, whatever the URL says.
        """
        identity = element.get(_ID, element.get("ID"))
        if identity is None:
            return self._write(posting, element, None)
        existing = posting.books.templates.get(identity)
        if existing is None:
            words = "An existing Repeating Invoice with the specified ID could not be found"
            return Written(_echo(element, None), (words,))
        if element.get("Status") == "DELETED" and existing["Status"] != "DELETED":
            return _delete(posting, existing)
        if existing["Status"] == "DELETED":
            return Written(_echo(element, existing), (ONLY_DELETION,))
        return self._write(posting, element, existing)

    def _write(self, posting: Posting, element: Document, existing: Document | None) -> Written:
        books = posting.books
        given = element.get("Contact")
        contact = contacts.find(books, given) if given else None
        template = _assembled(books, element, contact, existing, self._places)
        problems = _problems(books, element, template)
        if problems:
            return Written(_echo(element, existing), tuple(problems))
        if existing is None:
            template["ByApp"] = posting.by_app
        kept = posting.put("templates", template[_ID], template)
        kind = "repeating.updated" if existing else "repeating.created"
        posting.made(kind, kept[_ID], kept.get("Reference"))
        return Written(render(books, kept))


def render(books: Books, template: Document) -> Document:
    """Return a template as the API shows it, always whole."""
    contact = books.contacts.get(template["ContactID"]) or {}
    schedule = template["Schedule"]
    shown = {name: template[name] for name in _PLAIN if template.get(name) is not None}
    return {
        "RepeatingInvoiceID": template[_ID],
        "ID": template[_ID],
        **shown,
        "Contact": {
            "ContactID": template["ContactID"],
            "Name": contact.get("Name"),
            "Addresses": [],
            "Phones": [],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasValidationErrors": False,
        },
        "Schedule": {
            name: ms_date(value) if name in _SCHEDULE_DATES else value
            for name, value in schedule.items()
            if value is not None
        },
        "LineItems": [_line(line) for line in template["LineItems"]],
        "HasAttachments": False,
    }


def _assembled(
    books: Books,
    element: Document,
    contact: Document | None,
    existing: Document | None,
    places: int,
) -> Document:
    """Return the template as it would stand: nothing of the existing one but its id."""
    wanted = {name: element[name] for name in element if name != "Schedule"}
    invoice = drafted(books, wanted, None, contact, places)
    schedule: Document = {"Period": 1, **element.get("Schedule", {})}
    # Without a StartDate the first one is due at once, whatever NextScheduledDate says.
    start = schedule.get("StartDate") or books.today().isoformat()
    schedule.update(StartDate=start, NextScheduledDate=start)
    return {
        **{name: invoice.get(name) for name in _PLAIN if name not in _FLAGS},
        **{name: element.get(name, False) for name in _FLAGS},
        _ID: existing[_ID] if existing else new_id(),
        "ByApp": existing["ByApp"] if existing else False,
        "ContactID": invoice["ContactID"],
        "LineItems": invoice["LineItems"],
        "Schedule": schedule,
    }


def _problems(books: Books, element: Document, template: Document) -> list[str]:
    found = [] if template["Type"] else [NO_TYPE]
    schedule = element.get("Schedule")
    if not schedule:
        found.append("Schedule must be specified")
    else:
        found += _schedule_problems(template["Schedule"])
    if template["Status"] == "DELETED":
        found.append("A new repeating invoice cannot be DELETED")
    if template["Status"] != "AUTHORISED" and template["ApprovedForSending"]:
        found.append(ONLY_AUTHORISED)
    if not element.get("LineItems"):
        found.append("One or more line items must be specified")
    else:
        found += check_lines(books, None, template)
    return [
        *found,
        *check_contact(books, None, template),
        *check_currency(books, None, template),
    ]


def _schedule_problems(schedule: Document) -> list[str]:
    missing = [name for name in ("Unit", "DueDate", "DueDateType") if name not in schedule]
    found = [f"Schedule {name} must be specified" for name in missing]
    if schedule["Period"] < 1:
        found.append("Schedule Period must be at least 1")
    if schedule.get("DueDate", 0) < 0:
        found.append("Schedule DueDate cannot be negative")
    end = schedule.get("EndDate")
    if end is not None and end < schedule["StartDate"]:
        found.append("Schedule EndDate cannot be before StartDate")
    return found


def _delete(posting: Posting, existing: Document) -> Written:
    schedule = {**existing["Schedule"], "NextScheduledDate": None}
    changed = {**existing, "Status": "DELETED", "Schedule": schedule}
    kept = posting.put("templates", existing[_ID], changed)
    posting.made("repeating.deleted", kept[_ID], kept.get("Reference"))
    return Written(render(posting.books, kept))


def _echo(element: Document, existing: Document | None) -> Document:
    schedule = {
        name: ms_date(value) if name in _SCHEDULE_DATES else value
        for name, value in element.get("Schedule", {}).items()
    }
    identity = existing[_ID] if existing else element.get(_ID, NO_ID)
    shown = {**element, _ID: identity, "ID": identity}
    return {**shown, "Schedule": schedule} if "Schedule" in element else shown


def _line(line: Document) -> Document:
    shown: dict[str, Any] = {name: line[name] for name in _LINE if line.get(name) is not None}
    if line.get("UnitAmount") is not None:
        shown["UnitAmount"] = half_up(line["UnitAmount"], 4)
    return shown


_ID: Final = "RepeatingInvoiceID"
