"""`xero_sync_invoices`: the latest of every invoice, and every promotion that it justifies.

What is stored of an invoice: ours follow Xero; one raised in Xero itself is kept when its contact
is linked to anything of ours, without a deal (a contact may have several): a deal lists it by its
linked contacts, so it appears under each of them, and promotes nothing. One that a repeating
template of ours has generated is kept with the template's deal.
"""

from collections.abc import Sequence
from typing import Any

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.actions.retry import Guarantee
from domain.events import Event, EventType
from infra.clock import cpu_seconds
from infra.database import contacts, crm, effects, invoices, outbox, promotions_due, sync
from infra.database.effect_record import stored_form
from infra.database.engine import Transaction
from infra.platform import Call, EffectType, Integration, Preparation, Settlement
from infra.platforms.xero import sync_cursor
from infra.platforms.xero import sync_pages as pages
from infra.platforms.xero.seeking import Seek, beginning
from infra.platforms.xero.sync_booking import Booked, Page

PAGES_MAX = 50
"""Pages of one sync; what is left is read by one that follows, from where this one stopped."""

COUNTS = ("checked", "changed", "promoted", "skipped", "unreadable")
COSTS = ("bytes", "bytes_decoded", "cpu_seconds")


# --- the plan -------------------------------------------------------------------------------------


def known(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return what is to be read, and what came of the pages booked so far.

    `unread`: linked contacts whose past is still to be read.
    """
    return {
        "scopes": _scopes(tx, request, integration),
        "unread": _unread(tx, request, integration),
        "figures": _figures(tx, request),
    }


def _figures(tx: Transaction, request: Request) -> dict[str, Any]:
    figures = sync.tally(tx, request.action_id, (*COUNTS, *COSTS))
    return {**figures, "cpu_seconds": round(figures["cpu_seconds"], 3)}


def _is_of_everything(request: Request) -> bool:
    return request.deal_id is None and not request.params.get("invoice_ids")


def _unread(tx: Transaction, request: Request, integration: Integration) -> list[str]:
    if not _is_of_everything(request):
        return []
    return contacts.unread(tx, integration.id, pages.IDS_PER_CALL)


def _scopes(tx: Transaction, request: Request, integration: Integration) -> list[dict[str, Any]]:
    """Return one scope for everything, or chunks of ids."""
    if request.params.get("invoice_ids"):
        return _chunks(pages.INVOICES, [str(one) for one in request.params["invoice_ids"]])
    if request.deal_id is None:
        return [{"scope": pages.ALL, "ids": []}]
    deal = crm.find_deal(tx, request.workspace_id, request.deal_id)
    parties = (deal.id, deal.customer_id, deal.contact_id) if deal else ()
    linked = contacts.linked_to_any(tx, integration.id, filter(None, parties))
    ours = invoices.changeable(tx, integration.id, request.deal_id)
    return _chunks(pages.INVOICES, ours) + _chunks(pages.CONTACTS, linked)


def _chunks(scope: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    size = pages.IDS_PER_CALL
    return [
        {"scope": scope, "ids": list(ids[start : start + size])}
        for start in range(0, len(ids), size)
    ]


def check(tx: Transaction, request: Request) -> list[tuple[str, str]]:
    """Find out whether the deal to be synced is the workspace's."""
    if request.deal_id is None or crm.find_deal(tx, request.workspace_id, request.deal_id):
        return []
    return [("data.deal.id", f"no deal {request.deal_id} in this workspace")]


def next_effect(_request: Request, known_: Known, results: tuple[Result, ...]) -> Step:
    """One effect a page: to the end of a scope, then the next scope, then the unread past."""
    last = results[-1] if results else None
    match last.outcome if last is not None else None:
        case Rejected() as refusal:
            return Refuse(refusal)
        case Succeeded(result) if last is not None:
            following = _after(last.inputs, result["next"], known_)
        case _:
            following = _first(known_["scopes"])
    if following is None or len(results) >= PAGES_MAX:
        return Done({**known_["figures"], "finished": following is None})
    return following


def _after(inputs: JsonObject, seek: Seek | None, known_: Known) -> Effect | None:
    if seek is not None:
        return Effect(PAGE.name, {**inputs, "seek": seek})
    unread = [{"scope": pages.CONTACTS, "ids": known_["unread"]}] if known_["unread"] else []
    return _first(inputs["rest"] or unread)


def _first(scopes: Sequence[JsonObject]) -> Effect | None:
    if not scopes:
        return None
    return Effect(PAGE.name, {**scopes[0], "seek": None, "rest": list(scopes[1:])})


# --- reading and booking --------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call:
    if prep.inputs["scope"] == pages.ALL:
        return sync_cursor.prepare(prep)
    seek = prep.inputs["seek"] or beginning()
    return pages.page_call(prep.inputs["scope"], prep.inputs["ids"], seek)


def _settle(done: Settlement) -> None:
    if not isinstance(done.outcome, Succeeded):
        return
    began, result = cpu_seconds(), done.outcome.result
    booked = Page(done, done.outcome.cargo).book()
    outbox.emit(done.tx, booked.events, done.now)
    after = _next(done, result)
    finished = after is None and not done.inputs["rest"] and not _more(done)
    promoted = _tell_due(done, booked, finished=finished)
    # The invoices are booked; of the page itself only the figures are worth keeping.
    told = {
        "next": after,
        "checked": booked.checked,
        "changed": booked.changed,
        "promoted": promoted,
        "skipped": booked.skipped,
        "unreadable": booked.unreadable,
        **{name: result[name] for name in COSTS},
        "cpu_seconds": result["cpu_seconds"] + cpu_seconds() - began,
    }
    effects.change(done.tx, done.effect_id, outcome=stored_form(Succeeded(told)))
    if finished:
        _tell_finished(done)


def _next(done: Settlement, result: JsonObject) -> Seek | None:
    if done.inputs["scope"] == pages.ALL:
        return sync_cursor.move(done, result)
    after: Seek | None = result["next"]
    if after is None and done.inputs["scope"] == pages.CONTACTS:
        contacts.mark_read(done.tx, done.integration.id, done.now, contact_ids=done.inputs["ids"])
    return after


def _more(done: Settlement) -> bool:
    return bool(_unread(done.tx, done.request, done.integration))


def _tell_due(done: Settlement, booked: Booked, *, finished: bool) -> int:
    """Tell what the page's invoices justify; at the end of all, what any invoice does.

    What did not change now may still wait for its promotion.
    """
    where = (done.tx, done.integration.id, done.now)
    promoted = promotions_due.tell(*where, invoice_ids=booked.ours)
    if finished and not done.request.params.get("invoice_ids"):
        promoted += promotions_due.tell(*where, deal_id=done.request.deal_id)
        promotions_due.note_promoted(done.tx, done.integration.id)
    return promoted


def _tell_finished(done: Settlement) -> None:
    told = {"integration_id": str(done.integration.id), **_figures(done.tx, done.request)}
    scope = (done.request.workspace_id, done.request.deal_id)
    synced = Event(EventType.INVOICE_SYNCED, str(done.integration.id), told, *scope)
    outbox.emit(done.tx, [synced], done.now)


PAGE = EffectType(
    name="xero.sync_page",
    prepare=_prepare,
    perform=pages.read_page,
    settle=_settle,
    guarantee=Guarantee(changes=False),
)
