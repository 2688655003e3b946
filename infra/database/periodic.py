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


_DUE = text(
    """
    SELECT i.id, i.workspace_id FROM integrations i
    LEFT JOIN sync_cursors c ON c.integration_id = i.id
    WHERE i.platform = 'xero' AND i.status = 'active'
      AND (c.finished_at IS NULL OR c.finished_at < :before)
      AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.integration_id = i.id
          AND a.action_type = 'xero_sync_invoices' AND a.source = 'schedule'
          AND a.created_at > :before - interval '1 day'
          AND a.status IN ('queued', 'running', 'waiting', 'reconciling', 'parked'))
    ORDER BY c.finished_at NULLS FIRST LIMIT 500
    """
)


def syncs_due(tx: Transaction, every: timedelta, now: datetime) -> list[SyncDue]:
    """Return integrations not synced for `every` and without a scheduled sync under way."""
    return [SyncDue(row.id, row.workspace_id) for row in tx.execute(_DUE, {"before": now - every})]
