"""Creating invoices, up to 50 in one call, and finding them again by the mark in their `Url`.

Each element of the answer is one invoice's outcome: its own by its mark, else by its place. Source:
developer.xero.com, Accounting API, Invoices (PUT creates; `summarizeErrors`, `createdByMyApp`,
`unitdp`), and "API limits" (about 50 elements a request).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import (
    Absent,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from infra.platform import Batch, Call, Sent
from infra.platforms.xero import booking
from infra.platforms.xero.client import TENANT, body_of, frozen, parsed, send, since
from infra.platforms.xero.errors import NOT_FOUND, elements_of, one_element, read, refused_in
from infra.platforms.xero.seeking import Seek, last_change, next_seek, seek_from
from infra.platforms.xero.snapshots import Unreadable, mark_in, snapshot_of, to_json
from infra.session import Session

SIZE = 50
LOOK_BACK = timedelta(minutes=5)  # before the first send: clocks differ
PAGE_SIZE = 1000
CALLS_MAX = 10  # of one look-up


def _merge(calls: Sequence[Call]) -> Call:
    """Join calls that create one invoice each."""
    documents = [one for call in calls for one in json.loads(call.body or b"{}")["Invoices"]]
    return replace(calls[0], body=body_of({"Invoices": documents}), context={})


def _own_parts(body: bytes, places: Mapping[UUID, int]) -> dict[UUID, bytes]:
    """Cut a body into the elements of effects; what holds no elements is everybody's."""
    document = parsed(body)
    if document is None or not isinstance(document.get("Invoices"), list):
        return dict.fromkeys(places, body)
    elements = document["Invoices"]
    parts = {}
    for effect_id, place in places.items():
        marked = [one for one in elements if _mark(one) == str(effect_id)]
        at = elements[place : place + 1]
        own = marked or [one for one in at if _mark(one) is None]
        parts[effect_id] = json.dumps({"Invoices": own}, default=float).encode()
    return parts


# --- sending --------------------------------------------------------------------------------------


def _perform(session: Session, sents: Sequence[Sent]) -> Sequence[Outcome] | Outcome:
    answer = read(send(session, sents[0].call, sents[0].key))
    if not isinstance(answer, dict):
        return answer
    given = answer.get("Invoices")
    elements = given if isinstance(given, list) else []
    return [_outcome(elements, sent) for sent in sents]


def _outcome(elements: Sequence[Any], sent: Sent) -> Outcome:
    element = _own(elements, sent)
    if isinstance(element, Unknown):
        return element
    return refused_in(element) or _happened(element, sent)


def _own(elements: Sequence[Any], sent: Sent) -> JsonObject | Unknown:
    """Return the element that is this invoice: by its mark, else by its place.

    A place says nothing when there are more or fewer elements than invoices were sent.
    """
    marked = [one for one in elements if _mark(one) == str(sent.effect_id)]
    if len(marked) == 1:
        return dict(marked[0])
    if marked or len(elements) != sent.of:
        words = f"Xero: {len(elements)} invoices in the answer to {sent.of}"
        return Unknown("unreadable_answer", f"{words}, {len(marked)} of them with this mark")
    at = elements[sent.place]
    if isinstance(at, dict) and _mark(at) is None:
        return at
    return Unknown("unreadable_answer", "Xero: none of the invoices in the answer is this one")


def _mark(element: Any) -> str | None:
    return mark_in(element.get("Url")) if isinstance(element, dict) else None


def _happened(element: JsonObject, sent: Sent) -> Succeeded | Unknown:
    try:
        snapshot = snapshot_of(element)
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: the invoice is not as documented: {error}")
    result = {
        "invoice": to_json(snapshot),
        "together": sent.of,
        **booking.lines_json(snapshot, sent.call.context),
    }
    return Succeeded(result, external_id=snapshot.platform_invoice_id)


# --- looking up -----------------------------------------------------------------------------------


def _find(session: Session, sents: Sequence[Sent]) -> Sequence[LookedUp] | LookedUp:
    """Look for all of them in one listing of what this app has created since the first was sent."""
    if sents[0].stated_id is not None:  # always alone
        return _stated(session, sents[0], sents[0].stated_id)
    seek = seek_from(min(sent.first_sent_at for sent in sents) - LOOK_BACK)
    matches: dict[str, dict[Any, JsonObject]] = {str(sent.effect_id): {} for sent in sents}
    seen: set[Any] = set()
    moved = False
    for _ in range(CALLS_MAX):
        answer = read(send(session, _listing(seek)), "Invoices")
        if isinstance(answer, Rejected):
            return Unknown("look_up_refused", f"the look-up was refused: {answer.message}")
        if not isinstance(answer, dict):
            return answer
        found = elements_of(answer, "Invoices")
        for one in found:
            if (mark := _mark(one)) in matches:
                matches[mark][one.get("InvoiceID")] = one
        # Counted pages that overlap: a row went to the end, so another may have been passed over.
        ids = {one.get("InvoiceID") for one in found}
        counted = seek["page"] > 1
        moved |= counted and bool(ids & seen)
        seen = seen | ids if counted else ids
        if len(found) < PAGE_SIZE:
            return [_only(matches[str(one.effect_id)], one, moved=moved) for one in sents]
        seek = next_seek(seek, last_change(found))
    return Unknown("too_many_invoices", f"Xero: no end of the invoices within {CALLS_MAX} pages")


def _listing(seek: Seek) -> Call:
    return frozen(
        lambda api: api.get_invoices(
            TENANT,
            if_modified_since=since(datetime.fromisoformat(seek["since"])),
            order="UpdatedDateUTC ASC",
            created_by_my_app=True,
            unitdp=4,
            page=seek["page"],
            page_size=PAGE_SIZE,
        )
    )


def _only(found: Mapping[Any, JsonObject], sent: Sent, *, moved: bool) -> LookedUp:
    matches = list(found.values())
    if not matches and moved:
        return Unknown("invoices_moved", "Xero: invoices changed during the look-up")
    if not matches:
        return Absent()
    if len(matches) == 1:
        return _happened(matches[0], sent)
    names = ", ".join(str(one.get("InvoiceNumber") or one.get("InvoiceID")) for one in matches)
    words = "carry this effect's mark; void all but one in Xero, then state the id of that one"
    return Unknown("several_match", f"Xero: {names} {words}")


def _stated(session: Session, sent: Sent, invoice_id: str) -> LookedUp:
    call = frozen(lambda api: api.get_invoice(TENANT, invoice_id, unitdp=4))
    answer = read(send(session, call))
    if isinstance(answer, Rejected):
        # Never Absent: somebody says it happened, so a wrong id must not lead to a second invoice.
        words = f"Xero has no invoice {invoice_id}" if answer.code == NOT_FOUND else answer.message
        return Unknown("stated_not_found", f"{words}; state another id")
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, "Invoices")
    if not isinstance(element, dict):
        return Unknown("look_up_refused", getattr(element, "message", "no invoice"))
    other = mark_in(element.get("Url"))
    if other not in {None, str(sent.effect_id)}:
        words = f"the invoice {invoice_id} belongs to the effect {other}; state another id"
        return Unknown("stated_another", words)
    lines, sent_lines = element.get("LineItems") or (), sent.call.context["covers"]
    if other is None and len(lines) != len(sent_lines):
        words = f"has {len(lines)} lines where {len(sent_lines)} were sent; state another id"
        return Unknown("stated_another", f"the invoice {invoice_id} {words}")
    return _happened(element, sent)


BATCH = Batch(SIZE, _merge, _perform, _own_parts, find=_find)
