"""Events of a workspace in an order that stays, for whoever reads along.

Ids of the outbox are given before the commit, so a lower one may appear after a higher one was
read. Here events are ordered by the transaction that wrote them, and shown only once no older
transaction is under way: what has been passed never gets company.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.database.engine import Transaction
from infra.database.outbox import Waiting

SETTLED = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Behind an event: what was read up to and with it."""

    txid: int
    id: int


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and the place behind all that was looked at. `more` may follow at once."""

    events: Sequence[Waiting]
    place: Place
    more: bool


_NOW = text(f"SELECT {SETTLED}")
_PLACE = text("SELECT txid, id FROM outbox WHERE workspace_id = :workspace AND event_id = :event")
LOOKED_AT_MAX = 2_000
"""Events that one page looks at, whatever it is narrowed down to: who wants what is rare comes back
for the next page, and keeps nobody waiting meanwhile."""
_THROUGH = text(
    """
    SELECT txid, id FROM outbox
    WHERE workspace_id = :workspace AND (txid, id) > (:txid, :id) AND txid < :settled
    ORDER BY txid, id OFFSET :before LIMIT 1
    """
)
_PAGE = """
    SELECT txid, id, event_id, workspace_id, deal_id, sequence, type, subject, data, created_at,
           traceparent
    FROM outbox
    WHERE workspace_id = :workspace AND (txid, id) > (:txid, :id) AND txid < :settled {conditions}
    ORDER BY txid, id LIMIT :limit
"""
_NEWS = text(
    f"""
    SELECT w AS workspace, EXISTS (SELECT 1 FROM outbox o
        WHERE o.workspace_id = w AND o.txid >= :since AND o.txid < {SETTLED}) AS settled,
        EXISTS (SELECT 1 FROM outbox o WHERE o.workspace_id = w AND o.txid >= {SETTLED}) AS coming
    FROM unnest(CAST(:workspaces AS uuid[])) AS w
    """  # noqa: S608 - the only text put in is a constant
)


def end(tx: Transaction) -> Place:
    """Return the place behind everything that has settled."""
    return Place(int(tx.execute(_NOW).scalar_one()) - 1, _ID_MAX)


def place_of(tx: Transaction, workspace_id: UUID, event_id: UUID) -> Place | None:
    """Return the place behind an event of the workspace; None when it is not there (any more)."""
    found = tx.execute(_PLACE, {"workspace": workspace_id, "event": event_id}).one_or_none()
    return None if found is None else Place(found.txid, found.id)


def page(  # noqa: PLR0913 - whose, from where, which
    tx: Transaction,
    workspace_id: UUID,
    after: Place,
    limit: int,
    *,
    types: Collection[str] | None = None,
    deal_id: UUID | None = None,
) -> Page:
    """Return the next events; `types` and `deal_id` narrow them down."""
    settled = int(tx.execute(_NOW).scalar_one())
    given: dict[str, Any] = {
        "workspace": workspace_id,
        "txid": after.txid,
        "id": after.id,
        "settled": settled,
        "limit": limit,
    }
    conditions, through = "", _through(tx, given)
    if through is not None:
        conditions += " AND (txid, id) <= (:through_txid, :through_id)"
        given |= {"through_txid": through.txid, "through_id": through.id}
    if types is not None:
        conditions += " AND type = ANY(:types)"
        given["types"] = list(types)
    if deal_id is not None:
        conditions += " AND deal_id = :deal"
        given["deal"] = deal_id
    rows = tx.execute(text(_PAGE.format(conditions=conditions)), given).all()
    events = [Waiting(*row[1:]) for row in rows]
    if len(rows) == limit:
        return Page(events, Place(rows[-1].txid, rows[-1].id), more=True)
    if through is not None:
        return Page(events, through, more=True)
    return Page(events, max(after, Place(settled - 1, _ID_MAX), key=_in_order), more=False)


def _through(tx: Transaction, given: dict[str, Any]) -> Place | None:
    """Return the last event that a page looks at; None: all there are."""
    found = tx.execute(_THROUGH, {**given, "before": LOOKED_AT_MAX - 1}).one_or_none()
    return None if found is None else Place(found.txid, found.id)


def _in_order(place: Place) -> tuple[int, int]:
    return place.txid, place.id


@dataclass(frozen=True, slots=True)
class News:
    """Workspaces with events settled since; `coming`: some are committed and not settled yet."""

    workspaces: frozenset[UUID]
    coming: bool
    since: int


def news(tx: Transaction, workspaces: Collection[UUID], since: int) -> News:
    """Tell which of the workspaces have events that settled since then."""
    settled = int(tx.execute(_NOW).scalar_one())
    rows = tx.execute(_NEWS, {"workspaces": list(workspaces), "since": since}).all()
    fresh = frozenset(row.workspace for row in rows if row.settled)
    return News(fresh, any(row.coming for row in rows), settled)
