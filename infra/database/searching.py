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
from infra.database.views import bounds_of

SCAN_MAX = 20_000
MEANT_MAX = 50
"""So many deals, or actions of an invoice or an id, may be meant by what somebody writes."""
OPEN = frozenset(one.value for one in ActionStatus if not one.is_final)

Place = tuple[datetime, UUID]
"""`created_at` and id of an action: lists are in this order, the newest first."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which actions; None and empty mean any. `error` is part of why it stands where it stands."""

    workspace: UUID | None = None
    integration: UUID | None = None
    platform: str | None = None
    action_type: str | None = None
    statuses: frozenset[str] = frozenset()
    deals: Sequence[UUID] | None = None
    ids: Sequence[UUID] | None = None
    error: str = ""
    created_before: datetime | None = None
    created_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in order. `more`: from where to look on; `searched_to`: not all was looked at yet."""

    ids: list[UUID]
    more: Place | None
    searched_to: datetime | None


_COLUMNS = """id, created_at, workspace_id, integration_id, deal_id, platform, action_type, status,
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
    "integration": "a.integration_id = :integration",
    "deals": "a.deal_id = ANY(:deals)",
    "ids": "a.id = ANY(:ids)",
    "created_before": "a.created_at < :created_before",
    "created_after": "a.created_at >= :created_after",
}
_BY_LOOKING: Mapping[str, str] = {
    "platform": "platform = :platform",
    "action_type": "action_type = :action_type",
    "statuses": "status = ANY(:statuses)",
    "error": "position(lower(:error) IN lower(concat_ws(' ', status_reason, error::text))) > 0",
}


def find(tx: Transaction, sought: Sought, after: Place | None, limit: int) -> Found:
    """Return the newest actions that fit, behind `after`."""
    if any(some is not None and not some for some in (sought.ids, sought.deals)):
        return Found([], None, None)
    names = [*_BY_INDEX, *_BY_LOOKING]
    given: dict[str, Any] = {name: value for name in names if (value := _value(sought, name))}
    by_index = [_BY_INDEX[name] for name in given if name in _BY_INDEX]
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
    known_by = sought.integration or sought.deals or sought.ids
    if known_by or not sought.statuses or not sought.statuses <= OPEN:
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


_DEALS = """
    SELECT d.id FROM crm_deals d
    WHERE (CAST(:workspace AS uuid) IS NULL OR d.workspace_id = :workspace)
      AND (d.id BETWEEN :low AND :high OR position(lower(:said) IN lower(d.name)) > 0)
    ORDER BY d.name, d.id LIMIT :most
"""


def deals_meant(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the deals somebody may mean by an id, its beginning, or words of a name."""
    low, high = bounds_of(said) or (UUID(int=0), UUID(int=0))
    if low == high and low.int:
        return [low]  # a whole id: the CRM need not know it any more
    given = {"workspace": workspace, "low": low, "high": high, "said": said, "most": MEANT_MAX}
    return list(tx.execute(text(_DEALS), given).scalars())


# By number, by our id or by the platform's: who raised it, and who was asked to do something to it.
_OF_INVOICE = """
    WITH invoice AS (
        SELECT id, effect_id, platform_invoice_id FROM invoices
        WHERE number IN (:said, upper(:said))
          AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
        UNION
        SELECT id, effect_id, platform_invoice_id FROM invoices
        WHERE id = CAST(:id AS uuid)
          AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
        UNION
        SELECT v.id, v.effect_id, v.platform_invoice_id FROM integrations i
        JOIN invoices v ON v.integration_id = i.id AND v.platform_invoice_id = :said
        WHERE i.platform = 'xero' AND (CAST(:workspace AS uuid) IS NULL
                                       OR i.workspace_id = :workspace)
    )
    SELECT e.action_id FROM invoice v JOIN effects e ON e.id = v.effect_id
    UNION
    SELECT a.id FROM actions a
    WHERE (a.params ->> 'invoice_id') IN (
        SELECT id::text FROM invoice UNION SELECT platform_invoice_id FROM invoice)
      AND (CAST(:workspace AS uuid) IS NULL OR a.workspace_id = :workspace)
    LIMIT :most
"""


def actions_of_invoice(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the actions that raised an invoice or were asked for it: by number or either id."""
    low, high = bounds_of(said) or (None, None)
    known = str(low) if low is not None and low == high else said
    given = {
        "workspace": workspace,
        "said": known,
        "id": low if low == high else None,
        "most": MEANT_MAX,
    }
    return list(tx.execute(text(_OF_INVOICE), given).scalars())


_BY_ID = """
    SELECT id FROM actions
    WHERE id BETWEEN :low AND :high
      AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
    LIMIT :most
"""
_BY_KEY = """
    SELECT a.id FROM (SELECT DISTINCT workspace_id FROM integrations) w
    JOIN actions a ON a.workspace_id = w.workspace_id AND a.key = :said
    WHERE CAST(:workspace AS uuid) IS NULL OR w.workspace_id = :workspace
    LIMIT :most
"""


def actions_meant(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the actions somebody may mean: by the beginning of the id, or by the request's id."""
    given = {"workspace": workspace, "said": said, "most": MEANT_MAX}
    found = list(tx.execute(text(_BY_KEY), given).scalars())
    between = bounds_of(said)
    if between is not None:
        given = {"workspace": workspace, "low": between[0], "high": between[1], "most": MEANT_MAX}
        found += [one for one in tx.execute(text(_BY_ID), given).scalars() if one not in found]
    return found
