"""Events already dealt with, per consumer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import InboxRow


def take(tx: Transaction, consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Record the events as dealt with by this transaction; return those that were new."""
    if not event_ids:
        return set()
    statement = insert(InboxRow).on_conflict_do_nothing().returning(InboxRow.event_id)
    rows = [{"consumer": consumer, "event_id": event_id} for event_id in sorted(event_ids)]
    return set(tx.execute(statement, rows).scalars())


def purge(tx: Transaction, before: datetime) -> int:
    """Delete entries older than the retention of events; return how many."""
    return tx.execute(delete(InboxRow).where(InboxRow.at < before)).rowcount
