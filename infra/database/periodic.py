"""What falls due by the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import PeriodicTickRow


def take_tick(tx: Transaction, name: str, slot: datetime) -> bool:
    """Take one tick; False: another beat already has."""
    statement = insert(PeriodicTickRow).values(name=name, slot=slot).on_conflict_do_nothing()
    return tx.execute(statement).rowcount == 1


def purge(tx: Transaction, before: datetime) -> int:
    """Delete old ticks; return how many."""
    return tx.execute(delete(PeriodicTickRow).where(PeriodicTickRow.slot < before)).rowcount


@dataclass(frozen=True, slots=True)
class SyncDue:
    """An integration whose scheduled sync is due."""

    integration_id: UUID
    workspace_id: UUID


# Each integration has a period of its own, up to 15 % shorter: what began at once drifts apart.
_DUE = text(
    """
    SELECT i.id, i.workspace_id FROM integrations i
    LEFT JOIN sync_cursors c ON c.integration_id = i.id
    LEFT JOIN LATERAL (
        SELECT a.status, a.created_at, a.result @> '{"finished": false}' AS goes_on
        FROM actions a
        WHERE a.integration_id = i.id AND a.priority = 1 AND a.action_type = 'xero_sync_invoices'
          AND a.params = '{}' AND a.deal_id IS NULL
        ORDER BY a.created_at DESC LIMIT 1) last ON true
    WHERE i.platform = 'xero' AND i.status = 'active'
      AND (last.status IS NULL OR last.status IN ('succeeded', 'rejected', 'cancelled')
           OR last.created_at < :now - interval '1 day')
      AND (coalesce(last.goes_on, false)
           OR coalesce(greatest(last.created_at, c.finished_at)
              < :now - :every * (1 - 0.15 * abs(hashtext(i.id::text)::bigint) / 2147483648.0),
              true))
    ORDER BY greatest(last.created_at, c.finished_at) NULLS FIRST LIMIT 500
    """
)


def syncs_due(tx: Transaction, every: timedelta, now: datetime) -> list[SyncDue]:
    """Return integrations to be synced: not for about `every`, or only half way.

    Never one that is paused, or whose scheduled sync is under way.
    """
    rows = tx.execute(_DUE, {"every": every, "now": now})
    return [SyncDue(row.id, row.workspace_id) for row in rows]
