"""Statements over what platforms called back about our effects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from domain.actions.outcome import JsonObject
from infra.callbacks import CalledBack
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, CallbackRow, EffectRow

# Who has just looked here in vain has the action locked until it has committed to wait: to be woken
# it must be seen waiting. So its lock comes first, and what is told is written under it.
_LOCK = text(
    """
    SELECT a.id FROM actions a WHERE a.integration_id = :integration
      AND a.id IN (SELECT action_id FROM effects WHERE id = ANY(:marks))
    ORDER BY a.id FOR UPDATE
    """
)

# Whoever holds the action looks here before the next step; a free one is carried on at once. One
# that asked for a person goes on by itself: in doubt it is settled, otherwise it waited for this.
_WAKE = text(
    """
    UPDATE actions a SET due_at = :now, rung_at = NULL, status_by = a.platform,
        status = CASE WHEN a.status <> 'parked' THEN a.status
                      WHEN e.state IN ('unknown', 'started') THEN 'reconciling'
                      ELSE 'waiting' END,
        status_reason = CASE WHEN a.status = 'parked' THEN 'the platform has called back'
                             ELSE a.status_reason END
    FROM effects marked JOIN effects e ON e.action_id = marked.action_id
    WHERE marked.id = ANY(:marks) AND a.id = marked.action_id AND a.integration_id = :integration
      AND e.ordinal = (SELECT max(ordinal) FROM effects l WHERE l.action_id = a.id)
      AND a.lease_owner IS NULL AND a.status IN ('waiting', 'reconciling', 'parked')
    """
)


def store(tx: Transaction, integration_id: UUID, told: Sequence[CalledBack], now: datetime) -> int:
    """Keep what was called back, each thing once, and wake the actions; return how many are new."""
    if not told:
        return 0
    tx.execute(_LOCK, {"marks": [one.mark for one in told], "integration": integration_id})
    rows = [
        {
            "integration_id": integration_id,
            "event_id": one.event_id,
            "mark": one.mark,
            "body": dict(one.body),
            "received_at": now,
        }
        for one in told
    ]
    statement = insert(CallbackRow).on_conflict_do_nothing(
        constraint="uq_callbacks_called_back_once"
    )
    new = tx.execute(statement.returning(CallbackRow.mark), rows).scalars().all()
    if new:
        values = {"marks": list(new), "integration": integration_id, "now": now}
        tx.execute(_WAKE, values)
    return len(new)


def find(tx: Transaction, mark: UUID) -> JsonObject | None:
    """Return what was called back last about the effect of this id, if anything was.

    Only by the integration that carries the effect out: another one's secret opens nothing here.
    """
    carries = func.coalesce(EffectRow.integration_id, ActionRow.integration_id)
    statement = (
        select(CallbackRow.body)
        .join(EffectRow, EffectRow.id == CallbackRow.mark)
        .join(ActionRow, ActionRow.id == EffectRow.action_id)
        .where(CallbackRow.mark == mark, CallbackRow.integration_id == carries)
    )
    body: dict[str, Any] | None = tx.execute(
        statement.order_by(CallbackRow.id.desc()).limit(1)
    ).scalar_one_or_none()
    return body


def purge(tx: Transaction, before: datetime) -> int:
    """Forget what was called back before; return how many."""
    return tx.execute(delete(CallbackRow).where(CallbackRow.received_at < before)).rowcount
