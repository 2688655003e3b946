"""`xero_sync_invoices`: the latest of every invoice, and every promotion that it justifies.

What is stored of an invoice: ours follow Xero; one raised in Xero itself is kept when its contact
is linked to anything of ours, without a deal (a contact may have several): a deal lists it by its
linked contacts, so it appears under each of them, and promotes nothing.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.actions.retry import Guarantee
from domain.events import Event, EventType
from infra.database import (
    contacts,
    crm,
    dead_letters,
    effects,
    invoices,
    outbox,
    promotions_due,
    sync,
)
from infra.database.engine import Transaction
from infra.platform import Call, EffectType, Integration, Preparation, Settlement
from infra.platforms.xero import sync_pages as pages
from infra.platforms.xero.sync_booking import Page

PAGES_MAX = 50
"""Calls of one sync; what is left is read by the next one, from where this one stopped."""

COUNTS = ("checked", "changed", "promoted", "skipped")


# --- the plan -------------------------------------------------------------------------------------


def known(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return what is to be read, and what came of the pages booked so far."""
    counts = sync.tally(tx, request.action_id, COUNTS)
    return {"scopes": _scopes(tx, request, integration), "counts": counts}


def _scopes(tx: Transaction, request: Request, integration: Integration) -> list[dict[str, Any]]:
    """Return one scope for everything, or chunks of ids."""
    if request.params.get("invoice_ids"):
        ids = [str(one) for one in request.params["invoice_ids"]]
        return _chunks(pages.INVOICES, ids, pages.IDS_PER_CALL)
    if request.deal_id is None:
        return [{"scope": pages.ALL, "ids": []}]
    deal = crm.find_deal(tx, request.workspace_id, request.deal_id)
    parties = (deal.id, deal.customer_id, deal.contact_id) if deal else ()
    linked = contacts.linked_to_any(tx, integration.id, filter(None, parties))
    ours = invoices.changeable(tx, integration.id, request.deal_id)
    by_id = _chunks(pages.INVOICES, ours, pages.IDS_PER_CALL)
    return by_id + _chunks(pages.CONTACTS, linked, pages.CONTACTS_PER_CALL)


def _chunks(scope: str, ids: Sequence[str], size: int) -> list[dict[str, Any]]:
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
    """One effect a page: to the end of a scope, then the next scope."""
    if not results:
        return _first(known_["scopes"]) or _done(known_, results, finished=True)
    last = results[-1]
    if isinstance(last.outcome, Rejected):
        return Refuse(last.outcome)
    after = last.outcome.result["next"]
    if len(results) >= PAGES_MAX:
        return _done(known_, results, finished=after is None and not last.inputs["rest"])
    if after is not None:
        return Effect(PAGE.name, {**last.inputs, "seek": after})
    return _first(last.inputs["rest"]) or _done(known_, results, finished=True)


def _first(scopes: Sequence[JsonObject]) -> Effect | None:
    if not scopes:
        return None
    return Effect(PAGE.name, {**scopes[0], "seek": None, "rest": list(scopes[1:])})


def _done(known_: Known, results: tuple[Result, ...], *, finished: bool) -> Done:
    return Done({**known_["counts"], "calls": len(results), "finished": finished})


# --- reading --------------------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call:
    seek, scope = prep.inputs.get("seek"), prep.inputs["scope"]
    if scope != pages.ALL:
        return pages.page_call(scope, prep.inputs["ids"], seek or pages.START)
    at = sync.cursor(prep.tx, prep.integration.id)
    # Where the last page of any sync stopped; else a little before the newest change seen.
    call = pages.page_call(scope, (), at.state or pages.with_overlap(at.modified_since))
    moment = None if at.modified_since is None else at.modified_since.isoformat()
    asked = {"cursor": {"modified_since": moment, "state": at.state}}
    return Call(call.method, call.path, call.query, call.body, {**call.context, **asked})


# --- booking --------------------------------------------------------------------------------------


def _settle(done: Settlement) -> None:
    if not isinstance(done.outcome, Succeeded):
        return
    result = done.outcome.result
    _keep_unreadable(done, result["bad"])
    page = Page(done, result["invoices"])
    stored, events = page.store()
    outbox.emit(done.tx, events, done.now)
    finished = result["next"] is None and not done.inputs["rest"]
    promoted = _tell_due(done, invoice_ids=stored)
    if finished and "invoice_ids" not in done.request.params:
        # At the end all of them: what did not change now may still wait for its promotion.
        promoted += _tell_due(done, deal_id=done.request.deal_id)
    _move_cursor(done, result)
    counts = {
        "checked": len(result["invoices"]) + len(result["bad"]),
        "changed": page.changed,
        "promoted": promoted,
        "skipped": page.skipped + len(result["bad"]),
    }
    # The invoices are booked; of the page itself only the counts are worth keeping.
    kept = Succeeded({**counts, "next": result["next"]})
    effects.change(done.tx, done.effect_id, outcome=effects.stored_form(kept))
    if finished:
        told = {"integration_id": str(done.integration.id), **counts}
        scope = (done.request.workspace_id, done.request.deal_id)
        synced = Event(EventType.INVOICE_SYNCED, str(done.integration.id), told, *scope)
        outbox.emit(done.tx, [synced], done.now)


def _tell_due(done: Settlement, **which: Any) -> int:
    return promotions_due.tell(done.tx, done.integration.id, done.now, **which)


def _move_cursor(done: Settlement, result: JsonObject) -> None:
    asked = result["cursor"]
    if asked is None:
        return
    before = sync.Cursor(_moment(asked["modified_since"]), asked["state"])
    seen = [m for m in (before.modified_since, _moment(result["last"])) if m is not None]
    if result["next"] is None:
        after, finished_at = sync.Cursor(max(seen, default=None), {}), done.now
    else:
        after, finished_at = sync.Cursor(before.modified_since, dict(result["next"])), None
    sync.advance(done.tx, done.integration.id, before, after, finished_at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _keep_unreadable(done: Settlement, bad: Iterable[JsonObject]) -> None:
    for one in bad:
        dead_letters.keep(
            done.tx,
            source="xero.sync",
            reason="an invoice is not as documented",
            problems=[{"field": one["path"], "problem": one["problem"]}],
            headers={"integration_id": str(done.integration.id), "invoice_id": one["invoice_id"]},
            body=json.dumps(one["element"], sort_keys=True).encode(),
            now=done.now,
        )


PAGE = EffectType(
    name="xero.sync_page",
    prepare=_prepare,
    perform=pages.read_page,
    settle=_settle,
    guarantee=Guarantee(changes=False),
)
