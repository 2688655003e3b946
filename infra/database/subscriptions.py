"""Statements over subscriptions: integrations of the platform `webhook`, and their deliveries.

A subscription's settings are `{"url", "types", "integration_id"?, "deal_id"?, "description",
"stopped_at"?}`; what came since `stopped_at` (ISO 8601) has not been queued for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from domain.events import Event, EventType
from infra.database import outbox
from infra.database.engine import Transaction
from infra.database.outbox import Waiting
from infra.database.tables import IntegrationRow, OutboxRow

PLATFORM = "webhook"
FANNING = 0x5EED_F00D
"""Advisory lock: shared by who queues new events, exclusive to wait until nobody does."""

_STOP = text(
    """
    UPDATE integrations SET status = 'inactive', status_reason = :reason,
        settings = settings || jsonb_build_object('stopped_at', CAST(:at AS text))
    WHERE id = :id AND platform = 'webhook' AND status = 'active'
    RETURNING workspace_id, name
    """
)
_START = text(
    """
    UPDATE integrations SET status = 'active', status_reason = NULL
    WHERE id = :id AND platform = 'webhook' AND status <> 'active'
    """
)
# While it was stopped nobody tried: the time within which a delivery must be taken begins anew.
_ANEW = text(
    """
    UPDATE effects e SET created_at = :now, attempt = 0 FROM actions a
    WHERE a.id = e.action_id AND a.integration_id = :id AND a.finished_at IS NULL
    """
)
_CAUGHT_UP = text("UPDATE integrations SET settings = settings - 'stopped_at' WHERE id = :id")
_DELIVERED = text(
    """
    SELECT 1 FROM actions WHERE integration_id = :id AND status = 'succeeded'
        AND finished_at >= :since LIMIT 1
    """
)
_LISTED = text(
    """
    SELECT i.id, i.workspace_id, i.name, i.status, i.status_reason, i.settings, i.created_at,
           d.waiting, d.failed, d.delivered, d.last_delivered_at, d.oldest_waiting,
           w.error ->> 'message' AS last_error
    FROM integrations i
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.finished_at IS NULL) AS waiting,
               count(*) FILTER (WHERE a.status = 'rejected') AS failed,
               count(*) FILTER (WHERE a.status = 'succeeded') AS delivered,
               max(a.finished_at) FILTER (WHERE a.status = 'succeeded') AS last_delivered_at,
               min(a.created_at) FILTER (WHERE a.finished_at IS NULL) AS oldest_waiting
        FROM actions a WHERE a.integration_id = i.id) d
    LEFT JOIN LATERAL (
        SELECT a.error FROM actions a WHERE a.integration_id = i.id AND a.error IS NOT NULL
        ORDER BY a.created_at DESC LIMIT 1) w ON true
    WHERE i.platform = 'webhook'
      AND (CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace)
      AND (CAST(:id AS uuid) IS NULL OR i.id = :id)
    ORDER BY i.workspace_id, i.created_at, i.id
    """
)
_DELETE = (
    text("DELETE FROM actions WHERE integration_id = :id"),
    text("DELETE FROM tenant_turns WHERE integration_id = :id"),
    text(
        "DELETE FROM budgets WHERE tenant = (SELECT 'webhook:' || tenant_key FROM integrations"
        " WHERE id = :id)"
    ),
    text(
        "WITH gone AS (DELETE FROM integrations WHERE id = :id RETURNING connection_id)"
        " DELETE FROM connections WHERE id IN (SELECT connection_id FROM gone)"
    ),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which of a workspace's events: those created (or `published`) from then on, and until."""

    since: datetime
    until: datetime | None = None
    published: bool = False


def active(tx: Transaction, workspaces: Collection[UUID]) -> list[UUID]:
    """Return the active subscriptions of the workspaces, and keep others from waiting for us.

    Whoever queues events for them does so in this transaction (see `nobody_is_fanning`).
    """
    tx.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": FANNING})
    wanted = select(IntegrationRow.id).where(
        IntegrationRow.workspace_id.in_(workspaces),
        IntegrationRow.platform == PLATFORM,
        IntegrationRow.status == "active",
    )
    return list(tx.execute(wanted.order_by(IntegrationRow.id)).scalars())


def count(tx: Transaction, workspace_id: UUID) -> int:
    """Return how many a workspace has."""
    wanted = select(func.count()).where(
        IntegrationRow.workspace_id == workspace_id, IntegrationRow.platform == PLATFORM
    )
    return tx.execute(wanted).scalar_one()


def alike(tx: Transaction, workspace_id: UUID, settings: Mapping[str, Any]) -> UUID | None:
    """Return the subscription that wants the same. Others who ask wait for this transaction."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    tx.execute(lock, {"name": f"subscribe:{workspace_id}"})
    wanted = select(IntegrationRow.id).where(
        IntegrationRow.workspace_id == workspace_id,
        IntegrationRow.platform == PLATFORM,
        IntegrationRow.settings.op("-")("stopped_at") == dict(settings),
    )
    return tx.execute(wanted.limit(1)).scalar_one_or_none()


def nobody_is_fanning(tx: Transaction) -> None:
    """Wait until every transaction that read the subscriptions before this one has ended."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FANNING})


def events(
    tx: Transaction, workspace_id: UUID, span: Span, after: int, count: int
) -> list[Waiting]:
    """Return the oldest published events of the span behind the outbox row `after`."""
    columns = OutboxRow.__table__.columns
    at = OutboxRow.published_at if span.published else OutboxRow.created_at
    wanted = select(*[columns[name] for name in Waiting.__slots__]).where(
        OutboxRow.workspace_id == workspace_id,
        OutboxRow.published_at.is_not(None),
        OutboxRow.id > after,
        at >= span.since,
    )
    if span.until is not None:
        wanted = wanted.where(at < span.until)
    return [Waiting(*row) for row in tx.execute(wanted.order_by(OutboxRow.id).limit(count))]


def disable(tx: Transaction, subscription_id: UUID, reason: str, now: datetime) -> None:
    """Stop it for good, unless a person says otherwise, and tell."""
    stopped = stop(tx, subscription_id, reason, now)
    if stopped is not None:
        data = {"subscription_id": str(subscription_id), "name": stopped.name, "reason": reason}
        kind = EventType.SUBSCRIPTION_DISABLED
        told = Event(kind, str(subscription_id), data, stopped.workspace_id)
        outbox.emit(tx, [told], now)


def stop(tx: Transaction, subscription_id: UUID, reason: str, now: datetime) -> Row[Any] | None:
    """Queue nothing more for it, and send nothing; None where it was stopped already."""
    values = {"id": subscription_id, "reason": reason, "at": now.isoformat()}
    return tx.execute(_STOP, values).one_or_none()


def start(tx: Transaction, subscription_id: UUID, now: datetime) -> None:
    """Send what waits, and queue what comes."""
    started = tx.execute(_START, {"id": subscription_id}).rowcount
    if started:
        tx.execute(_ANEW, {"id": subscription_id, "now": now})


def caught_up(tx: Transaction, subscription_id: UUID) -> None:
    """What came while it was stopped has been queued."""
    tx.execute(_CAUGHT_UP, {"id": subscription_id})


def delivered_since(tx: Transaction, subscription_id: UUID, since: datetime) -> bool:
    """Has its receiver taken anything since?"""
    return tx.execute(_DELIVERED, {"id": subscription_id, "since": since}).first() is not None


def listed(
    tx: Transaction, workspace_id: UUID | None = None, subscription_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Return subscriptions as a person is shown them, with counts of the deliveries kept."""
    rows = tx.execute(_LISTED, {"workspace": workspace_id, "id": subscription_id})
    return [dict(row) for row in rows.mappings()]


def delete(tx: Transaction, subscription_id: UUID) -> None:
    """Forget it, its secrets and its deliveries; the integration log keeps what went out."""
    for statement in _DELETE:
        tx.execute(statement, {"id": subscription_id})
