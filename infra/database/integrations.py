"""Statements over integrations and their connections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from domain.actions.status import ActionStatus
from domain.events import Event, EventType
from infra.database import outbox
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, ConnectionRow, EffectRow, IntegrationRow
from infra.platform import Integration


@dataclass(frozen=True, slots=True)
class Sealed:
    """A connection's encrypted credentials and their version."""

    connection_id: UUID
    credentials: bytes
    version: int


def find(tx: Transaction, integration_id: UUID) -> Integration | None:
    """Return an integration, or None."""
    return find_many(tx, {integration_id}).get(integration_id)


def find_many(tx: Transaction, ids: set[UUID]) -> dict[UUID, Integration]:
    """Return those of the integrations that exist, by id."""
    rows = tx.execute(_LIST.where(IntegrationRow.id.in_(ids)))
    return {
        row.id: Integration(
            row.id,
            row.workspace_id,
            row.platform,
            row.status,
            row.tenant_key,
            row.connection_id,
            row.settings,
            row.credentials_version,
        )
        for row in rows
    }


def meant(
    tx: Transaction, platform: str, said: str, workspace_id: UUID | None = None
) -> dict[UUID, str]:
    """Return the names of the platform's integrations a person may mean, by id.

    `said` is the beginning of an id or part of a name; empty means any.
    """
    wanted = [IntegrationRow.platform == platform]
    if workspace_id is not None:
        wanted.append(IntegrationRow.workspace_id == workspace_id)
    listed = select(IntegrationRow.id, IntegrationRow.name).where(*wanted)
    words = said.casefold()
    return {
        row.id: row.name
        for row in tx.execute(listed.order_by(IntegrationRow.name))
        if str(row.id).startswith(words) or words in row.name.casefold()
    }


_LIST = select(
    *IntegrationRow.__table__.columns, ConnectionRow.version.label("credentials_version")
).outerjoin_from(IntegrationRow, ConnectionRow, ConnectionRow.id == IntegrationRow.connection_id)


def sealed(tx: Transaction, connection_id: UUID, *, for_update: bool = False) -> Sealed:
    """Return a connection's credentials as stored; `for_update` locks them until the commit."""
    wanted = select(ConnectionRow.credentials, ConnectionRow.version).where(
        ConnectionRow.id == connection_id
    )
    row = tx.execute(wanted.with_for_update() if for_update else wanted).one()
    return Sealed(connection_id, row.credentials, row.version)


_TAKE_LEASE = text(
    """
    UPDATE connections c
    SET refresh_lease_until = clock_timestamp() + :lease, refresh_owner = CAST(:owner AS uuid)
    WHERE c.id = :id AND c.version = :version AND (
        c.refresh_lease_until IS NULL OR c.refresh_lease_until < clock_timestamp()
        OR (c.refresh_owner IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM incarnations n JOIN pg_locks l
              ON ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key
            WHERE n.id = c.refresh_owner AND l.locktype = 'advisory' AND l.granted
              AND l.objsubid = 1
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))))
    """
)
_PUT_OFF = text(
    """
    UPDATE connections
    SET refresh_lease_until = clock_timestamp() + :wait, refresh_owner = NULL
    WHERE id = :id AND version = :version
      AND refresh_owner IS NOT DISTINCT FROM CAST(:owner AS uuid)
    """
)


def take_refresh_lease(
    tx: Transaction, sealed: Sealed, owner: UUID | None, lease: timedelta
) -> bool:
    """Become the one process that renews this version of the tokens; False: somebody else is.

    The lease ends by time, on the database's clock, or with the registration of its owner (an
    incarnation; None for a process without).
    """
    values = {"id": sealed.connection_id, "version": sealed.version, "owner": owner}
    return tx.execute(_TAKE_LEASE, values | {"lease": lease}).rowcount == 1


def put_off_refresh(tx: Transaction, sealed: Sealed, owner: UUID | None, wait: timedelta) -> None:
    """Give the lease up, and let nobody take it for a while: the renewal has just failed."""
    values = {"id": sealed.connection_id, "version": sealed.version, "owner": owner}
    tx.execute(_PUT_OFF, values | {"wait": wait})


def store_credentials(
    tx: Transaction, connection_id: UUID, version: int, credentials: bytes
) -> bool:
    """Store a renewed token pair if the version is still `version`; False: it no longer is."""
    statement = (
        update(ConnectionRow)
        .where(ConnectionRow.id == connection_id, ConnectionRow.version == version)
        .values(
            credentials=credentials,
            version=version + 1,
            refresh_lease_until=None,
            refresh_owner=None,
            updated_at=func.now(),
        )
    )
    return tx.execute(statement).rowcount == 1


def pause(tx: Transaction, integration: Integration, reason: str, now: datetime) -> None:
    """Stop every integration of the connection: its platform refused the credentials.

    Their actions wait; they go on by themselves when `resume` is called after reconnecting. When
    `integration` names a version of the credentials that is no longer the one stored, somebody has
    renewed them since, and nothing is stopped.
    """
    if integration.credentials_version is not None:
        # Held to the commit: who reconnects meanwhile waits, and then resumes what is paused here.
        version = tx.execute(
            select(ConnectionRow.version)
            .where(ConnectionRow.id == integration.connection_id)
            .with_for_update(read=True)
        ).scalar_one_or_none()
        if version != integration.credentials_version:
            return
    _set_status(tx, integration, "active", "error", reason, EventType.INTEGRATION_PAUSED, now)


def resume(tx: Transaction, integration: Integration, now: datetime) -> None:
    """Let every integration of the connection go on."""
    ids = _set_status(tx, integration, "error", "active", None, EventType.INTEGRATION_RESUMED, now)
    # Actions of other integrations that wait for this one to carry an effect out.
    waiting = (
        select(EffectRow.action_id)
        .where(EffectRow.integration_id.in_(ids), EffectRow.finished_at.is_(None))
        .scalar_subquery()
    )
    tx.execute(
        update(ActionRow)
        .where(
            ActionRow.id.in_(waiting),
            ActionRow.status.in_([ActionStatus.WAITING.value, ActionStatus.RECONCILING.value]),
            ActionRow.lease_owner.is_(None),
        )
        .values(due_at=now, rung_at=None)
    )


def _set_status(  # noqa: PLR0913, PLR0917
    tx: Transaction,
    integration: Integration,
    before: str,
    after: str,
    reason: str | None,
    event: EventType,
    now: datetime,
) -> list[UUID]:
    same = (
        IntegrationRow.id == integration.id
        if integration.connection_id is None
        else IntegrationRow.connection_id == integration.connection_id
    )
    rows = tx.execute(
        update(IntegrationRow)
        .where(same, IntegrationRow.status == before)
        .values(status=after, status_reason=reason)
        .returning(IntegrationRow.id, IntegrationRow.workspace_id, IntegrationRow.platform)
    ).all()
    events = [
        Event(event, str(row.id), _told(row.platform, reason), row.workspace_id) for row in rows
    ]
    outbox.emit(tx, events, now)
    return [row.id for row in rows]


def _told(platform: str, reason: str | None) -> Mapping[str, Any]:
    return {"platform": platform, "reason": reason}
