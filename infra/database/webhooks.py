"""Statements over what platforms told, and over the invoices that are to be read because of it.

A thing told is stored once. A new one that concerns an invoice marks it as stale for every
integration of its tenant, in the same statement; who submits the sync takes the marks away in the
transaction that does. So a thing told twice changes nothing, and one stored is never forgotten.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, text

from infra.database.engine import Transaction
from infra.database.tables import WebhookEventRow

INTEGRATIONS_PER_ROUND = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a platform told: `resource` of `tenant` changed at `event_at` (UTC)."""

    platform: str
    tenant: str
    resource: str
    event_at: datetime
    event_type: str
    category: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of things told: new ones, and those of them that ask for no reading."""

    new: int
    ignored: int


_STORE = text(
    """
    WITH told AS (
        SELECT DISTINCT * FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t (platform text,
            tenant text, resource text, event_at timestamptz, event_type text, category text)
    ), new AS (
        INSERT INTO webhook_events (platform, tenant, resource, event_at, event_type, category,
                                    received_at, ignored)
        SELECT t.*, CAST(:now AS timestamptz), CASE
            WHEN NOT EXISTS (SELECT 1 FROM integrations i WHERE i.platform = t.platform
                AND i.tenant_key = t.tenant AND i.status <> 'inactive')
                THEN 'no integration of this tenant'
            WHEN category <> 'INVOICE' THEN 'nothing is read for this category' END
        FROM told t ORDER BY tenant, resource, event_at, event_type, category
        ON CONFLICT ON CONSTRAINT uq_webhook_events_told_once DO NOTHING
        RETURNING platform, tenant, resource, event_at, ignored
    ), stale AS (
        INSERT INTO stale_invoices (integration_id, platform_invoice_id, changed_at, noted_at)
        SELECT i.id, n.resource, max(n.event_at), CAST(:now AS timestamptz)
        FROM new n JOIN integrations i ON i.platform = n.platform AND i.tenant_key = n.tenant
            AND i.status <> 'inactive'
        WHERE n.ignored IS NULL GROUP BY i.id, n.resource ORDER BY i.id, n.resource
        ON CONFLICT (integration_id, platform_invoice_id) DO UPDATE
            SET changed_at = greatest(stale_invoices.changed_at, excluded.changed_at)
    )
    SELECT count(*) AS new, count(ignored) AS ignored FROM new
    """
)

# One sync at a time for each integration: what is told while it waits or runs goes into the next.
_READY = text(
    """
    SELECT i.id FROM integrations i
    WHERE i.status = 'active'
      AND EXISTS (SELECT 1 FROM stale_invoices s WHERE s.integration_id = i.id
                  AND s.noted_at <= :noted_before)
      AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.integration_id = i.id
          AND a.source = 'webhook' AND a.finished_at IS NULL AND a.status <> 'parked')
    ORDER BY i.id LIMIT :most FOR NO KEY UPDATE OF i SKIP LOCKED
    """
)

# What our own writes raise is known already, unless it says PAID: a snapshot may say so before
# its deal products do. A time without a fraction may stand for any moment of its second.
_TAKE = text(
    """
    DELETE FROM stale_invoices s WHERE s.integration_id = :integration
    RETURNING s.platform_invoice_id, EXISTS (
        SELECT 1 FROM invoices v WHERE v.integration_id = s.integration_id
          AND v.platform_invoice_id = s.platform_invoice_id AND v.status <> 'PAID'
          AND v.updated_utc >= s.changed_at + CASE
              WHEN s.changed_at = date_trunc('second', s.changed_at) THEN interval '1 second'
              ELSE interval '0' END) AS known
    """
)
_LEFT = text(
    """
    SELECT EXISTS (SELECT 1 FROM stale_invoices s
        JOIN integrations i ON i.id = s.integration_id AND i.status = 'active')
    """
)


def store(tx: Transaction, told: Iterable[Told], now: datetime) -> Counts:
    """Keep what was told, each thing once, and mark the invoices concerned as stale."""
    rows = [
        {
            "platform": one.platform,
            "tenant": one.tenant,
            "resource": one.resource,
            "event_at": one.event_at.isoformat(),
            "event_type": one.event_type,
            "category": one.category,
        }
        for one in told
    ]
    if not rows:
        return Counts(0, 0)
    row = tx.execute(_STORE, {"told": json.dumps(rows), "now": now}).one()
    return Counts(row.new, row.ignored)


def ready(tx: Transaction, noted_before: datetime) -> Sequence[UUID]:
    """Lock and return active integrations with stale invoices and no sync for them under way."""
    values = {"noted_before": noted_before, "most": INTEGRATIONS_PER_ROUND}
    return tx.execute(_READY, values).scalars().all()


def take_stale(tx: Transaction, integration_id: UUID) -> list[str]:
    """Take the marks of an integration away; return the invoices worth reading, in order."""
    rows = tx.execute(_TAKE, {"integration": integration_id})
    return sorted(row.platform_invoice_id for row in rows if not row.known)


def any_left(tx: Transaction) -> bool:
    """Is anything marked as stale that an active integration could read?"""
    return bool(tx.execute(_LEFT).scalar_one())


def purge(tx: Transaction, before: datetime) -> int:
    """Forget what was told before; return how many."""
    return tx.execute(delete(WebhookEventRow).where(WebhookEventRow.received_at < before)).rowcount
