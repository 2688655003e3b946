"""Finding actions by what people know of them. No search reads more than `SCAN_MAX` actions.

What an index answers (whose, which deal, which invoice, what is open) is asked of the index; the
rest is looked for in the newest `SCAN_MAX` of those, and told how far back that was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.actions.status import ActionStatus
from infra.database.engine import Transaction
from infra.database.meanings import Meant

SCAN_MAX = 20_000
OPEN = frozenset(one.value for one in ActionStatus if not one.is_final)

Place = tuple[datetime, UUID]
"""`created_at` and id of an action: lists are in this order, the newest first."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which actions; None and empty mean any. `error` is part of why it stands where it stands.

    `meant`: these deals' or these actions, and no others.
    """

    workspace: UUID | None = None
    integrations: Sequence[UUID] | None = None
    meant: Meant | None = None
    queue: str = ""
    action_type: str = ""
    statuses: frozenset[str] = frozenset()
    error: str = ""
    created_before: datetime | None = None
    created_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in order. `more`: from where to look on; `searched_to`: not all was looked at yet."""

    ids: list[UUID]
    more: Place | None
    searched_to: datetime | None


_COLUMNS = """id, created_at, workspace_id, integration_id, deal_id, queue, action_type, status,
            status_reason, error"""
_SOURCES: Mapping[str, str] = {
    "all": "actions",
    "parked": "(SELECT * FROM actions WHERE status = 'parked')",
    # Four partial indexes, which the planner does not put together by itself.
    "open": f"""(
        SELECT {_COLUMNS} FROM actions WHERE lease_owner IS NULL AND rung_at IS NULL
            AND status IN ('queued', 'running', 'waiting', 'reconciling')
        UNION ALL SELECT {_COLUMNS} FROM actions WHERE rung_at IS NOT NULL AND lease_owner IS NULL
        UNION ALL SELECT {_COLUMNS} FROM actions WHERE lease_owner IS NOT NULL
        UNION ALL SELECT {_COLUMNS} FROM actions WHERE status = 'parked')""",  # noqa: S608
}
_BY_INDEX: Mapping[str, str] = {
    "workspace": "a.workspace_id = :workspace",
    "integrations": "a.integration_id = ANY(:integrations)",
    "created_before": "a.created_at < :created_before",
    "created_after": "a.created_at >= :created_after",
}
_BY_LOOKING: Mapping[str, str] = {
    "queue": "queue = :queue",
    "action_type": "action_type = :action_type",
    "statuses": "status = ANY(:statuses)",
    "error": "position(lower(:error) IN lower(concat_ws(' ', status_reason, error::text))) > 0",
}


def find(tx: Transaction, sought: Sought, after: Place | None, limit: int) -> Found:
    """Return the newest actions that fit, behind `after`."""
    meant = sought.meant
    if sought.integrations == [] or (meant and not meant.deals and not meant.ids):
        return Found([], None, None)
    names = [*_BY_INDEX, *_BY_LOOKING]
    given: dict[str, Any] = {name: value for name in names if (value := _value(sought, name))}
    by_index = [_BY_INDEX[name] for name in given if name in _BY_INDEX]
    if meant is not None:
        by_index.append("(a.id = ANY(:ids) OR a.deal_id = ANY(:deals))")
        given |= {"ids": list(meant.ids), "deals": list(meant.deals)}
    if after is not None:
        by_index.append("(a.created_at, a.id) < (:after_at, :after_id)")
        given |= {"after_at": after[0], "after_id": after[1]}
    by_looking = [_BY_LOOKING[name] for name in given if name in _BY_LOOKING]
    scan = SCAN_MAX if by_looking else limit + 1
    query = f"""
        WITH scanned AS MATERIALIZED (
            SELECT {_COLUMNS} FROM {_source(sought)} a WHERE {" AND ".join(by_index) or "true"}
            ORDER BY created_at DESC, id DESC LIMIT :scan
        ), fits AS (
            SELECT id, created_at FROM scanned WHERE {" AND ".join(by_looking) or "true"}
            ORDER BY created_at DESC, id DESC LIMIT :limit + 1
        ), seen AS (
            SELECT count(*) AS n, (array_agg(id ORDER BY created_at, id))[1] AS id,
                   min(created_at) AS at FROM scanned
        )
        SELECT f.id, f.created_at, s.n, s.id AS last_id, s.at AS last_at
        FROM seen s LEFT JOIN fits f ON true ORDER BY f.created_at DESC, f.id DESC
    """  # noqa: S608 - constants
    rows = tx.execute(text(query), {**given, "scan": scan, "limit": limit}).all()
    return _found(rows, limit)


def _source(sought: Sought) -> str:
    """Return where to look: what is open is found by its own indexes, unless others find less."""
    if sought.integrations or sought.meant or not sought.statuses or not sought.statuses <= OPEN:
        return _SOURCES["all"]
    return _SOURCES["parked" if sought.statuses == {"parked"} else "open"]


def _found(rows: Sequence[Any], limit: int) -> Found:
    fits = [row for row in rows if row.id is not None]
    shown = fits[:limit]
    ids = [row.id for row in shown]
    if len(fits) > limit:
        return Found(ids, (shown[-1].created_at, shown[-1].id), None)
    first = rows[0]
    if first.n < SCAN_MAX:
        return Found(ids, None, None)
    return Found(ids, (first.last_at, first.last_id), first.last_at)


def _value(sought: Sought, name: str) -> Any:
    value = getattr(sought, name)
    return sorted(value) if isinstance(value, frozenset) else value
