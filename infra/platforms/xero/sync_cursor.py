"""Where a sync of everything reads, and how far it has come.

A sync goes forward from the newest change the last one saw, less an overlap. The first begins a
day before the integration was made: what happened before concerns only linked contacts, and theirs
is read by contact, once each (`contacts.unread`). When so many are linked that reading everything
costs fewer calls, the first sync reads everything instead; that it does, Xero's count on the first
page must confirm. Each page moves the cursor, so a sync that stops half way is gone on with.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject
from infra.database import contacts, sync
from infra.database.engine import Transaction
from infra.platform import Call, Preparation, Settlement
from infra.platforms.xero import sync_pages as pages
from infra.platforms.xero.seeking import PAGE_SIZE, Seek, beginning, seek_from

HISTORY_CONTACTS_MIN = pages.IDS_PER_CALL
"""More linked contacts than one call reads make the first sync ask what everything would cost."""

HISTORY_PAGES_MIN = 12  # so much is read whatever the contacts: theirs may be most of it
BEFORE_CONNECTING = timedelta(days=1)
LINKS_SETTLE = timedelta(seconds=20)  # a link made this long before is seen by everyone


def prepare(prep: Preparation) -> Call:
    """Return the call for the next page: where any sync stopped half way, else a new beginning."""
    at = sync.cursor(prep.tx, prep.integration.id)
    history = at.state.get("history")
    if at.state:
        seek: Seek = at.state["seek"]
    elif at.modified_since is not None:
        seek = pages.with_overlap(at.modified_since)
    else:
        history = _history(prep)
        begins = _begins(prep.tx, prep.integration.id)
        seek = beginning() if history is not None else seek_from(begins)
    moment = None if at.modified_since is None else at.modified_since.isoformat()
    asked = {"modified_since": moment, "state": at.state}
    return pages.page_call(pages.ALL, (), seek, cursor=asked, history=history)


def _begins(tx: Transaction, integration_id: UUID) -> datetime:
    return sync.connected_at(tx, integration_id) - BEFORE_CONNECTING


def _history(prep: Preparation) -> dict[str, Any] | None:
    unread = len(contacts.unread(prep.tx, prep.integration.id))
    if unread <= HISTORY_CONTACTS_MIN:
        return None
    return {"began": prep.now.isoformat(), "contacts": unread}


def move(done: Settlement, result: JsonObject) -> Seek | None:
    """Move the cursor over a booked page; return where to go on, None when all has been read."""
    asked, history, after = done.context["cursor"], done.context["history"], result["next"]
    before = sync.Cursor(_moment(asked["modified_since"]), asked["state"])
    begins = _begins(done.tx, done.integration.id)
    if history is not None and not _is_worth_it(history, done.context["seek"], result["total"]):
        # So much history is read contact by contact instead; only the changes are still to come.
        sync.advance(done.tx, done.integration.id, before, sync.Cursor(begins, {}), None)
        return beginning()
    if after is not None:
        going_on = sync.Cursor(before.modified_since, {"seek": dict(after), "history": history})
        sync.advance(done.tx, done.integration.id, before, going_on, None)
        return dict(after)
    seen = [m for m in (before.modified_since, _moment(result["last"]), begins) if m is not None]
    finished = sync.Cursor(max(seen), {})
    moved = sync.advance(done.tx, done.integration.id, before, finished, done.now)
    if history is not None and moved:
        linked_before = datetime.fromisoformat(history["began"]) - LINKS_SETTLE
        contacts.mark_read(done.tx, done.integration.id, done.now, linked_before=linked_before)
    return None


def _is_worth_it(history: JsonObject, seek: Seek, total: int | None) -> bool:
    """Is reading everything cheaper than contact by contact? Asked on the first page only."""
    if total is None or seek["since"] is not None or seek["page"] > 1:
        return True
    by_contact = history["contacts"] / pages.IDS_PER_CALL
    return bool(total / PAGE_SIZE <= max(by_contact, HISTORY_PAGES_MIN))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
