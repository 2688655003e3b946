"""Statements over actions: insert, claim, move on. Every status change goes through here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from domain.actions.plan import Request
from domain.actions.status import ActionStatus, advance
from infra.database import budgets
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, ConnectionRow, IntegrationRow, TransitionRow
from infra.database.writes import Write
from infra.platform import Integration
from infra.tracing import Trace, of_action


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action as claimed: the request, where it stands, and its integration."""

    request: Request
    integration: Integration
    status: ActionStatus
    queue: str
    priority: int
    lease_token: int
    requested_by: str | None
    cancel_requested_by: str | None
    failures: int
    created_at: datetime
    due_at: datetime
    rung_at: datetime | None
    traceparent: str | None
    last_code: str | None = None  # of what it was put off or is in doubt for

    @property
    def trace(self) -> Trace:
        """Where its spans belong."""
        return of_action(self.request.action_id, self.traceparent)


COLUMNS = (
    ActionRow.id,
    ActionRow.workspace_id,
    ActionRow.integration_id,
    ActionRow.action_type,
    ActionRow.params,
    ActionRow.deal_id,
    ActionRow.status,
    ActionRow.queue,
    ActionRow.priority,
    ActionRow.lease_token,
    ActionRow.requested_by,
    ActionRow.cancel_requested_by,
    ActionRow.failures,
    ActionRow.created_at,
    ActionRow.error["code"].astext.label("last_code"),
    ActionRow.due_at,
    ActionRow.rung_at,
    ActionRow.traceparent,
    IntegrationRow.platform,
    IntegrationRow.status.label("integration_status"),
    IntegrationRow.tenant_key,
    IntegrationRow.connection_id,
    IntegrationRow.settings,
    ConnectionRow.version.label("credentials_version"),
)

_CLAIMED = (
    select(*COLUMNS, ActionRow.lease_owner)
    .join(IntegrationRow, IntegrationRow.id == ActionRow.integration_id)
    .outerjoin(ConnectionRow, ConnectionRow.id == IntegrationRow.connection_id)
    .where(ActionRow.id == bindparam("action_id"))
)
_CLAIM = _CLAIMED.with_for_update(of=ActionRow, skip_locked=True)
_GO_ON = _CLAIMED.with_for_update(of=ActionRow)


def record(row: Row[Any]) -> ActionRecord:
    """Read an action from a row of `COLUMNS`."""
    return ActionRecord(
        request=Request(
            row.id, row.workspace_id, row.integration_id, row.action_type, row.params, row.deal_id
        ),
        integration=Integration(
            row.integration_id,
            row.workspace_id,
            row.platform,
            row.integration_status,
            row.tenant_key,
            row.connection_id,
            row.settings,
            row.credentials_version,
        ),
        status=ActionStatus(row.status),
        queue=row.queue,
        priority=row.priority,
        lease_token=row.lease_token,
        requested_by=row.requested_by,
        cancel_requested_by=row.cancel_requested_by,
        failures=row.failures,
        created_at=row.created_at,
        last_code=row.last_code,
        due_at=row.due_at,
        rung_at=row.rung_at,
        traceparent=row.traceparent,
    )


def insert_new(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Insert actions; return the ids that were new. A key already taken inserts nothing."""
    statement = insert(ActionRow).on_conflict_do_nothing().returning(ActionRow.id)
    return set(tx.execute(statement, list(rows)).scalars())


def hashes(tx: Transaction, ids: set[UUID]) -> dict[UUID, bytes]:
    """Return the request hashes of actions that exist."""
    if not ids:
        return {}
    statement = select(ActionRow.id, ActionRow.request_hash).where(ActionRow.id.in_(ids))
    return {row.id: row.request_hash for row in tx.execute(statement)}


def claim(
    tx: Transaction, action_id: UUID, now: datetime, token: int | None = None
) -> ActionRecord | None:
    """Lock the action if it is due and nobody carries it; None means there is nothing to do.

    A doorbell rung twice, late or for a finished action ends here. With `token`, the caller goes on
    under the lease it already holds; whoever has the row locked (a callback, a person's command)
    is waited for then, since nobody else would take it up before the lease ends.
    """
    statement = _CLAIM if token is None else _GO_ON
    row = tx.execute(statement, {"action_id": action_id}).one_or_none()
    # Whoever rang it found it due: a clock a little behind the ringer's is no reason to decline.
    if row is None or row.due_at > max(now, row.rung_at or now):
        return None
    if row.lease_owner is not None and row.lease_token != token:
        return None
    if not ActionStatus(row.status).is_due_by_itself or row.integration_status != "active":
        return None
    return record(row)


def still_mine(tx: Transaction, action_id: UUID, lease_token: int) -> ActionRecord | None:
    """Lock the action if the claim with this token is still the latest one, else None."""
    row = tx.execute(_MINE, {"action_id": action_id, "token": lease_token}).one_or_none()
    return None if row is None else record(row)


_MINE = (
    select(*COLUMNS)
    .join(IntegrationRow, IntegrationRow.id == ActionRow.integration_id)
    .outerjoin(ConnectionRow, ConnectionRow.id == IntegrationRow.connection_id)
    .where(
        ActionRow.id == bindparam("action_id"),
        ActionRow.lease_token == bindparam("token"),
        ActionRow.lease_owner.is_not(None),
    )
    .with_for_update(of=ActionRow)
)


def lock(tx: Transaction, action_id: UUID) -> ActionRecord | None:
    """Lock the action whatever its state (a person's command), or None when there is none."""
    statement = (
        select(*COLUMNS)
        .join(IntegrationRow, IntegrationRow.id == ActionRow.integration_id)
        .outerjoin(ConnectionRow, ConnectionRow.id == IntegrationRow.connection_id)
        .where(ActionRow.id == action_id)
        .with_for_update(of=ActionRow)
    )
    row = tx.execute(statement).one_or_none()
    return None if row is None else record(row)


def leased(
    action: ActionRecord, status: ActionStatus, owner: UUID, until: datetime, *, led: bool = False
) -> Write:
    """Take the action for this process until `until`, under the next token.

    `led`: along with another one. It then takes no place among its integration's rung ones.
    """
    advance(action.status, status)
    values: dict[str, Any] = {
        "status": status.value,
        "status_by": "fleet",
        "status_reason": None,
        "lease_owner": owner,
        "lease_until": until,
        "lease_token": action.lease_token + 1,
        "failures": 0,
    }
    if led:
        values["rung_at"] = None
    return Write(ActionRow, values, action.request.action_id)


def moved(  # noqa: PLR0913 - one change of one row
    action: ActionRecord,
    status: ActionStatus,
    *,
    now: datetime,
    due_at: datetime | None = None,
    reason: str | None = None,
    by: str = "fleet",
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
    partial: bool = False,
    queue: str | None = None,
    failures: int = 0,
) -> Write:
    """Give the action its next status and let go of it: no lease, no ring outstanding."""
    advance(action.status, status)
    values: dict[str, Any] = {
        "status": status.value,
        "status_by": by,
        "status_reason": reason,
        "due_at": due_at or now,
        "lease_owner": None,
        "lease_until": None,
        "rung_at": None,
        "error": dict(error) if error is not None else None,
        "finished_at": now if status.is_final else None,
        "failures": failures,
    }
    if result is not None:
        values["result"] = dict(result)
    if partial:
        values["partial"] = True
    if queue is not None:
        values["queue"] = queue
    return Write(ActionRow, values, action.request.action_id)


def edit(tx: Transaction, action_id: UUID, params: Mapping[str, Any]) -> None:
    """Replace an action's params (a person's edit; the identity's request hash stays)."""
    tx.execute(update(ActionRow).where(ActionRow.id == action_id).values(params=dict(params)))


def request_cancel(tx: Transaction, action_id: UUID, who: str) -> None:
    """Ask whoever carries it to stop before the next effect."""
    tx.execute(update(ActionRow).where(ActionRow.id == action_id).values(cancel_requested_by=who))


def latest_transition(tx: Transaction, action_id: UUID) -> int | None:
    """Return the id of the action's latest change of status."""
    mine = TransitionRow.action_id == action_id
    return tx.execute(select(func.max(TransitionRow.id)).where(mine)).scalar_one()


_VOID = text(
    """
    UPDATE actions SET lease_owner = NULL, lease_until = NULL, rung_at = NULL, due_at = :now
    WHERE id IN (
        SELECT a.id FROM actions a LEFT JOIN incarnations n ON n.id = a.lease_owner
        WHERE a.lease_owner IS NOT NULL AND (a.lease_until < :now OR NOT EXISTS (
            SELECT 1 FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key))
        FOR UPDATE OF a SKIP LOCKED)
    RETURNING id
    """
)
_GROUND = text(
    """
    WITH grounded AS (UPDATE effects SET in_flight = false
                      WHERE in_flight AND action_id = ANY(:ids) RETURNING budget_key)
    SELECT budget_key, count(*) AS calls FROM grounded GROUP BY budget_key
    """
)


def void_dead_leases(tx: Transaction, now: datetime) -> list[UUID]:
    """Free what dead or frozen processes hold; return those actions.

    A lease is void when its time is over, or when its process's advisory lock is free.
    """
    ids = list(tx.execute(_VOID, {"now": now}).scalars())
    if ids:
        grounded = tx.execute(_GROUND, {"ids": ids})
        budgets.found_dead(tx, {row.budget_key: row.calls for row in grounded}, now)
    return ids


_PURGE = text(
    """
    WITH old AS (DELETE FROM actions WHERE id IN (
            SELECT id FROM actions WHERE finished_at < :before LIMIT 10000) RETURNING id),
         gone AS (SELECT e.call_id FROM effects e JOIN old ON old.id = e.action_id),
         calls AS (DELETE FROM calls c WHERE NOT EXISTS (
                SELECT 1 FROM effects e WHERE e.call_id = c.id
                   AND e.action_id NOT IN (SELECT id FROM old))
            AND (c.id IN (SELECT call_id FROM gone) OR c.created_at < :before))
    SELECT id FROM old
    """
)


def purge(tx: Transaction, finished_before: datetime) -> int:
    """Delete finished actions older than the retention, with their calls; return how many."""
    return len(tx.execute(_PURGE, {"before": finished_before}).all())
