"""Statements over deliveries of events to subscriptions: actions of the platform `webhook`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from infra.database.engine import Transaction
from infra.database.subscriptions import Span

_DELIVERIES = text(
    """
    SELECT a.id, a.params #>> '{event,id}' AS event_id, a.params #>> '{event,type}' AS type,
           a.source, a.status, a.status_reason, a.due_at, a.created_at, a.finished_at,
           e.attempt AS attempts, l.status AS http_status, l.response, l.seconds, l.words,
           l.at AS last_attempt_at
    FROM actions a
    LEFT JOIN LATERAL (SELECT id, attempt FROM effects WHERE action_id = a.id
        ORDER BY ordinal DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT status, response, seconds, words, at FROM integration_log
        WHERE action_id = a.id ORDER BY at DESC, id DESC LIMIT 1) l ON true
    WHERE a.integration_id = :id AND a.platform = 'webhook'
      AND (CAST(:status AS text) IS NULL OR a.status = :status)
      AND (CAST(:delivery AS uuid) IS NULL OR a.id = :delivery)
    ORDER BY a.created_at DESC, a.id LIMIT :limit
    """
)
_PURGE = text(
    """
    DELETE FROM actions WHERE id IN (
        SELECT a.id FROM actions a JOIN integrations i ON i.id = a.integration_id
        WHERE i.platform = 'webhook' AND a.created_at < :before AND a.lease_owner IS NULL
        LIMIT 10000)
    """
)
_HASTEN = text(
    "UPDATE actions SET due_at = :now, rung_at = NULL WHERE id = :id AND lease_owner IS NULL"
)


def failed(
    tx: Transaction, subscription_id: UUID, span: Span, after: tuple[datetime, UUID], count: int
) -> Sequence[Row[Any]]:
    """Return the oldest deliveries that were given up (id, created_at, params) behind `after`."""
    statement = text(
        """
        SELECT id, created_at, params FROM actions
        WHERE integration_id = :id AND status = 'rejected' AND created_at >= :since
          AND (CAST(:until AS timestamptz) IS NULL OR created_at < :until)
          AND (created_at, id) > (:at, :after)
        ORDER BY created_at, id LIMIT :count
        """
    )
    values = {"id": subscription_id, "since": span.since, "until": span.until, "count": count}
    return tx.execute(statement, values | {"at": after[0], "after": after[1]}).all()


def newest(
    tx: Transaction,
    subscription_id: UUID,
    *,
    status: str | None = None,
    delivery_id: UUID | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return its newest deliveries, each with its latest attempt (redacted)."""
    wanted = {"id": subscription_id, "status": status, "delivery": delivery_id, "limit": limit}
    return [dict(row) for row in tx.execute(_DELIVERIES, wanted).mappings()]


def find(tx: Transaction, subscription_id: UUID, delivery_id: UUID) -> Row[Any] | None:
    """Return a delivery of the subscription (its params and when it ended), locked, or None."""
    statement = text(
        "SELECT params, finished_at FROM actions"
        " WHERE id = :delivery AND integration_id = :id FOR UPDATE"
    )
    return tx.execute(statement, {"id": subscription_id, "delivery": delivery_id}).one_or_none()


def hasten(tx: Transaction, delivery_id: UUID, now: datetime) -> None:
    """Have a delivery that waits tried at once."""
    tx.execute(_HASTEN, {"id": delivery_id, "now": now})


def purge(tx: Transaction, before: datetime) -> int:
    """Delete deliveries created before the retention, delivered or not; return how many."""
    return tx.execute(_PURGE, {"before": before}).rowcount
