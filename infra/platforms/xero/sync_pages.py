"""Reading invoices page by page: the calls, and what is taken from an answer.

Only what every invoice must have is read here (`Head`): most of a big organisation's invoices are
none of ours, and reading them whole would cost more than everything else. Source:
developer.xero.com, Accounting API, Invoices ("Paging", "Optimised use of the where filter").
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Outcome, Succeeded
from infra.clock import cpu_seconds
from infra.platform import Call, Sent
from infra.platforms.xero.client import TENANT, frozen, send, since
from infra.platforms.xero.errors import answered_at, elements_of, read
from infra.platforms.xero.seeking import Seek, following, last_change, seek_from
from infra.platforms.xero.snapshots import Unreadable, mark_in
from infra.session import Session
from infra.storable import storable

IDS_PER_CALL = 40  # about 52 ids make a URL that Xero refuses (XeroAPI/Xero-OpenAPI issue 534)
OVERLAP = timedelta(minutes=2)  # changes Xero shows late
CLOCKS_APART = timedelta(days=1)  # a change dated further ahead than this is no change
SALES = 'Type=="ACCREC"'

ALL, INVOICES, CONTACTS = "all", "invoices", "contacts"
"""What one read covers: everything that changed, invoices by id, or invoices of contacts."""

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89A-Fa-f])|\xed[\xa0-\xbf]")
"""What may stand for a text the database refuses: seldom there, and cheap to look for."""

_ID = re.compile(r"[0-9A-Fa-f-]{36}")


@dataclass(frozen=True, slots=True)
class Head:
    """What tells whose an invoice is; the rest of it is read only when it concerns us."""

    invoice_id: str
    contact_id: str
    mark: UUID | None
    template_id: str | None
    element: JsonObject


@dataclass(frozen=True, slots=True)
class Bad:
    """An element that is not as documented: where, and what is wrong with it."""

    element: JsonObject
    error: Unreadable


@dataclass(frozen=True, slots=True)
class Cargo:
    """A page, handed to its bookkeeping and never stored."""

    heads: tuple[Head, ...]
    bad: tuple[Bad, ...]


def page_call(scope: str, ids: Iterable[str], seek: Seek, **context: Any) -> Call:
    """Return the call for one page; `seek` is kept with it, and so is `context`."""
    after = seek["since"]
    options: dict[str, Any] = {
        "order": "UpdatedDateUTC ASC",
        "page": seek["page"],
        "page_size": seek["size"],
        "unitdp": 4,
        **_SCOPES[scope](list(ids)),
    }
    if after is not None:
        options["if_modified_since"] = since(datetime.fromisoformat(after))
    return frozen(lambda api: api.get_invoices(TENANT, **options), seek=dict(seek), **context)


_SCOPES: Mapping[str, Any] = {
    ALL: lambda _ids: {"where": SALES},
    INVOICES: lambda ids: {"i_ds": ids},
    CONTACTS: lambda ids: {"where": SALES, "contact_i_ds": ids},
}


def read_page(session: Session, sent: Sent) -> Outcome:
    """Read one page: where to go on, what it cost, and (as cargo) what there is to book."""
    began = cpu_seconds()
    exchange = send(session, sent.call)
    answer = read(exchange, "Invoices")
    if not isinstance(answer, dict):
        return answer
    elements = elements_of(answer, "Invoices")
    if _SUSPECT.search(exchange.answer):
        elements = storable(elements)
    not_after = answered_at(exchange) + CLOCKS_APART
    last = last_change(elements, not_after)
    after = following(sent.call.context["seek"], elements, not_after)
    cargo = _sorted_out(elements)
    told = {
        "next": None if after is None else dict(after),
        "last": None if last is None else last.isoformat(),
        "total": _total(answer),
        "bytes": exchange.received_bytes,
        "bytes_decoded": len(exchange.answer),
        "cpu_seconds": cpu_seconds() - began,
    }
    return Succeeded(told, cargo=cargo)


def with_overlap(modified_since: datetime) -> Seek:
    """Return where a new sync begins, given the newest change the last one saw."""
    return seek_from(modified_since - OVERLAP)


def _sorted_out(elements: Iterable[JsonObject]) -> Cargo:
    heads: dict[str, Head] = {}
    bad: list[Bad] = []
    for element in elements:
        kind = element.get("Type")
        if isinstance(kind, str) and kind != "ACCREC":
            continue
        try:
            head = head_of(element)
        except Unreadable as error:
            bad.append(Bad(element, error))
        else:
            heads[head.invoice_id] = head  # the latest telling of each
    return Cargo(tuple(heads.values()), tuple(bad))


def head_of(element: JsonObject) -> Head:
    """Read what tells whose an invoice is.

    Raises:
        Unreadable: an id that must be there is none.
    """
    contact = element.get("Contact")
    whose = contact.get("ContactID") if isinstance(contact, dict) else None
    template = element.get("RepeatingInvoiceID")
    mark = mark_in(element.get("Url"))
    return Head(
        _id(element.get("InvoiceID"), "InvoiceID"),
        _id(whose, "Contact.ContactID"),
        UUID(mark) if mark else None,
        _id(template, "RepeatingInvoiceID") if template else None,
        element,
    )


def _id(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        said = "is missing" if value is None else f"{str(value)[:80]!r} is no id"
        raise Unreadable(path, said)
    return value


def _total(answer: JsonObject) -> int | None:
    """Return how many invoices the whole list has, where Xero says so."""
    pagination = answer.get("pagination")
    count = pagination.get("itemCount") if isinstance(pagination, dict) else None
    return count if isinstance(count, int) else None
