"""What is connected: credentials a person has just given, whose they are, and how that is.

One set of tokens is one connection. It takes the place of the tokens its integrations had, where
it reaches every one of their tenants; else it becomes a connection of its own and only the chosen
integrations move to it, so that none is left with tokens that do not reach it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text, update

from domain.events import Event, EventType
from infra.database import integrations, outbox
from infra.database.engine import Transaction
from infra.database.tables import ConnectionRow, IntegrationRow
from infra.storable import storable


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of a platform: the platform's id of it and its name.

    `settings` are those of a new integration of it.
    """

    key: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connected:
    """A tenant and the integration it is now; `created` False: it was one before."""

    integration_id: UUID
    tenant: Tenant
    created: bool


def connect(  # noqa: PLR0913
    tx: Transaction,
    *,
    workspace_id: UUID,
    platform: str,
    sealed: bytes,
    chosen: Sequence[Tenant],
    reached: Collection[str],
    now: datetime,
) -> list[Connected]:
    """Give the chosen tenants of a workspace these credentials, which reach the tenants `reached`.

    What waited for them goes on.
    """
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    tx.execute(lock, {"name": f"connect:{workspace_id}:{platform}"})
    rows = tx.execute(
        select(IntegrationRow.id, IntegrationRow.tenant_key, IntegrationRow.connection_id).where(
            IntegrationRow.workspace_id == workspace_id,
            IntegrationRow.platform == platform,
            IntegrationRow.tenant_key.in_([one.key for one in chosen]),
        )
    ).all()
    before = [row.connection_id for row in rows if row.connection_id is not None]
    connection_id = _replace(tx, before, reached, sealed)
    if connection_id is None:
        connection_id = uuid4()
        mine = {"id": connection_id, "workspace_id": workspace_id, "platform": platform}
        tx.execute(insert(ConnectionRow).values(**mine, credentials=sealed))
    for row in rows:
        _move(tx, row.id, connection_id)
    known = {row.tenant_key: row.id for row in rows}
    connected = []
    for tenant in chosen:
        integration_id = known.get(tenant.key) or _add(
            tx, workspace_id, platform, tenant, connection_id
        )
        connected.append(Connected(integration_id, tenant, tenant.key not in known))
    resumed = integrations.find(tx, connected[0].integration_id)
    if resumed is not None:
        integrations.resume(tx, resumed, now)
    return connected


def _replace(
    tx: Transaction, before: Sequence[UUID], reached: Collection[str], sealed: bytes
) -> UUID | None:
    """Put the credentials in the first connection all of whose tenants they reach."""
    for connection_id in dict.fromkeys(before):
        mine = ConnectionRow.id == connection_id
        tx.execute(select(ConnectionRow.id).where(mine).with_for_update())
        tenants = select(IntegrationRow.tenant_key).where(
            IntegrationRow.connection_id == connection_id
        )
        if set(tx.execute(tenants).scalars()) <= set(reached):
            values: Mapping[str, Any] = {
                "credentials": sealed,
                "version": ConnectionRow.version + 1,
                "refresh_lease_until": None,
                "refresh_owner": None,
                "updated_at": func.now(),
            }
            tx.execute(update(ConnectionRow).where(mine).values(values))
            return connection_id
    return None


def _move(tx: Transaction, integration_id: UUID, connection_id: UUID) -> None:
    mine = IntegrationRow.id == integration_id
    tx.execute(update(IntegrationRow).where(mine).values(connection_id=connection_id))
    inactive = IntegrationRow.status == "inactive"
    awake = {"status": "active", "status_reason": None}
    tx.execute(update(IntegrationRow).where(mine, inactive).values(awake))


def _add(
    tx: Transaction, workspace_id: UUID, platform: str, tenant: Tenant, connection_id: UUID
) -> UUID:
    integration_id = uuid4()
    tx.execute(
        insert(IntegrationRow).values(
            id=integration_id,
            workspace_id=workspace_id,
            platform=platform,
            name=tenant.name,
            tenant_key=tenant.key,
            connection_id=connection_id,
            settings=dict(tenant.settings),
        )
    )
    return integration_id


def workspaces(tx: Transaction) -> list[UUID]:
    """Return the workspaces that have integrations."""
    return list(tx.execute(select(IntegrationRow.workspace_id).distinct()).scalars())


def sealed_of(tx: Transaction, workspace_id: UUID, platform: str, tenant: str) -> bytes | None:
    """Return the credentials stored for a tenant of a workspace, or None."""
    statement = (
        select(ConnectionRow.credentials)
        .join(IntegrationRow, IntegrationRow.connection_id == ConnectionRow.id)
        .where(
            IntegrationRow.workspace_id == workspace_id,
            IntegrationRow.platform == platform,
            IntegrationRow.tenant_key == tenant,
        )
    )
    return tx.execute(statement.limit(1)).scalar_one_or_none()


def newest_sealed(tx: Transaction, workspace_id: UUID, platform: str) -> bytes | None:
    """Return the credentials stored last for a platform in a workspace, or None."""
    statement = (
        select(ConnectionRow.credentials)
        .where(ConnectionRow.workspace_id == workspace_id, ConnectionRow.platform == platform)
        .order_by(ConnectionRow.updated_at.desc())
        .limit(1)
    )
    return tx.execute(statement).scalar_one_or_none()


_LISTED = text(
    """
    SELECT i.id, i.workspace_id, i.platform, i.name, i.status, i.status_reason, i.tenant_key,
           i.connection_id, i.settings, i.created_at, c.updated_at AS credentials_of
    FROM integrations i LEFT JOIN connections c ON c.id = i.connection_id
    WHERE (CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace)
      AND (CAST(:platform AS text) IS NULL OR i.platform = :platform)
    ORDER BY i.workspace_id, i.platform, i.name, i.id
    """
)


_WAITING = text(
    "SELECT integration_id, count(*) FROM actions WHERE finished_at IS NULL GROUP BY integration_id"
)


def listed(
    tx: Transaction, workspace_id: UUID | None = None, platform: str | None = None
) -> list[dict[str, Any]]:
    """Return integrations (of a workspace, of a platform) as people see them; nothing is secret."""
    rows = tx.execute(_LISTED, {"workspace": workspace_id, "platform": platform})
    return [dict(row) for row in rows.mappings()]


def waiting(tx: Transaction) -> dict[UUID, int]:
    """Return how many actions of each integration are not finished; none: it is not named."""
    return {row[0]: row[1] for row in tx.execute(_WAITING)}


def set_settings(tx: Transaction, integration_id: UUID, settings: Mapping[str, Any]) -> None:
    """Replace an integration's settings."""
    mine = IntegrationRow.id == integration_id
    tx.execute(update(IntegrationRow).where(mine).values(settings=storable(settings)))


def set_status(
    tx: Transaction, integration_id: UUID, status: str, reason: str, now: datetime
) -> None:
    """Set one integration's status by a person's hand, and tell."""
    row = tx.execute(
        update(IntegrationRow)
        .where(IntegrationRow.id == integration_id)
        .values(status=status, status_reason=None if status == "active" else reason)
        .returning(IntegrationRow.workspace_id, IntegrationRow.platform)
    ).one()
    active = status == "active"
    kind = EventType.INTEGRATION_RESUMED if active else EventType.INTEGRATION_PAUSED
    told = {"platform": row.platform, "reason": reason}
    outbox.emit(tx, [Event(kind, str(integration_id), told, row.workspace_id)], now)
