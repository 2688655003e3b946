"""Statements over effects and the calls that carry them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from domain.actions.outcome import Succeeded
from domain.actions.status import ActionStatus, EffectState, advance
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, CallRow, EffectRow, EffectSecretRow
from infra.database.writes import Write, write
from infra.platform import Call, Integration

# A member of a shared call is handed its own context only.
_OWN_CONTEXT = func.coalesce(
    func.jsonb_extract_path(CallRow.context, "members", cast(EffectRow.id, Text)),
    CallRow.context,
    type_=JSONB,
)

_LIST = select(
    *EffectRow.__table__.columns,
    CallRow.method,
    CallRow.path,
    CallRow.query,
    CallRow.body,
    CallRow.members,
    _OWN_CONTEXT.label("context"),
    CallRow.key,
    CallRow.first_sent_at,
    CallRow.repeatable,
).select_from(EffectRow.__table__.outerjoin(CallRow.__table__, CallRow.id == EffectRow.call_id))

_OF_ACTION = _LIST.where(EffectRow.action_id == bindparam("action_id")).order_by(EffectRow.ordinal)


def _record(row: Any) -> EffectRecord:
    call = None
    if row.method is not None:
        call = Call(row.method, row.path, row.query, row.body, row.context)
    return EffectRecord(
        id=row.id,
        ordinal=row.ordinal,
        name=row.name,
        inputs=row.inputs,
        integration_id=row.integration_id,
        state=EffectState(row.state),
        generation=row.generation,
        attempt=row.attempt,
        lookups=row.lookups,
        next_step=row.next_step,
        stated_id=row.stated_id,
        outcome=row.outcome,
        external_id=row.external_id,
        created_at=row.created_at,
        last_send_by=row.last_send_by,
        call_id=row.call_id,
        call=call,
        key=row.key,
        first_sent_at=row.first_sent_at,
        repeatable=True if row.repeatable is None else row.repeatable,
        members=tuple(UUID(one) for one in row.members or ()),
        batch_max=row.batch_max,
    )


def of_action(tx: Transaction, action_id: UUID) -> list[EffectRecord]:
    """Return an action's effects in order."""
    rows = tx.execute(_OF_ACTION, {"action_id": action_id})
    return [_record(row) for row in rows]


def is_in_flight(tx: Transaction, integration: Integration, name: str, *, but_of: UUID) -> bool:
    """Is an effect of this name under way for the integration's tenant? `but_of`: who asks.

    Who asks holds the question until its commit, so that of several at once one hears no.
    """
    tenant = f"{integration.platform}:{integration.tenant_key}"
    tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"),
        {"what": f"{tenant}:{name}"},
    )
    statement = select(EffectRow.id).where(
        EffectRow.in_flight,
        EffectRow.budget_key == tenant,
        EffectRow.name == name,
        EffectRow.id != but_of,
    )
    return tx.execute(statement.limit(1)).one_or_none() is not None


def _started(effect: EffectRecord, *, in_flight: bool) -> dict[str, Any]:
    return {
        "state": effect.state.value,
        "generation": effect.generation,
        "attempt": effect.attempt,
        "lookups": effect.lookups,
        "call_id": effect.call_id,
        "last_send_by": effect.last_send_by,
        "in_flight": in_flight and effect.state is not EffectState.PENDING,
    }


def added(
    effect: EffectRecord, action_id: UUID, budget_key: str, *, in_flight: bool = True
) -> Write:
    """Add the next effect of an action, started or (refused before it was sent) pending.

    Of the members of one call one is in flight: a budget counts calls.
    """
    row = _started(effect, in_flight=in_flight) | {
        "id": effect.id,
        "action_id": action_id,
        "ordinal": effect.ordinal,
        "name": effect.name,
        "platform": budget_key.partition(":")[0],
        "integration_id": effect.integration_id,
        "budget_key": budget_key,
        "inputs": dict(effect.inputs),
        "created_at": effect.created_at,
    }
    return Write(EffectRow, row)


def started(effect: EffectRecord, *, in_flight: bool = True) -> Write:
    """Mark an effect that exists as started again (or being looked up)."""
    return Write(EffectRow, _started(effect, in_flight=in_flight), effect.id)


def changed(effect_id: UUID, **values: Any) -> Write:
    """Write columns of one effect."""
    return Write(EffectRow, values, effect_id)


def change(tx: Transaction, effect_id: UUID, **values: Any) -> None:
    """Write columns of one effect at once."""
    write(tx, [changed(effect_id, **values)])


_SETTLED_FROM_OUTSIDE = frozenset(
    {ActionStatus.WAITING, ActionStatus.RECONCILING, ActionStatus.PARKED}
)


def settle_from_outside(
    tx: Transaction, effect_id: UUID, outcome: Succeeded, now: datetime
) -> bool:
    """Have an effect looked up that somebody else has just seen happened (a sync).

    While it is under way only the platform's id is noted, for whoever would send it again.
    Returns False, changing nothing, when it is settled, was never sent, or is locked.
    """
    of_effect = select(EffectRow.state, EffectRow.action_id).where(
        EffectRow.id == effect_id,
        EffectRow.call_id.is_not(None),  # what was ever sent (a person may set attempts back)
        EffectRow.state.not_in([state.value for state in EffectState if state.is_settled]),
    )
    effect = tx.execute(of_effect.with_for_update(skip_locked=True)).one_or_none()
    if effect is None:
        return False
    change(tx, effect_id, stated_id=outcome.external_id)
    action = tx.execute(
        select(ActionRow.id, ActionRow.status)
        .where(ActionRow.id == effect.action_id, ActionRow.lease_owner.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    free = action is not None and action.status in _SETTLED_FROM_OUTSIDE
    if action is None or not free or effect.state == EffectState.STARTED:
        return True
    change(
        tx,
        effect_id,
        state=EffectState.UNKNOWN.value,
        next_step="look_up",
        in_flight=False,
        created_at=now,  # its age counts anew, as when a person resumes it
    )
    tx.execute(
        update(ActionRow)
        .where(ActionRow.id == action.id)
        .values(
            status=advance(ActionStatus(action.status), ActionStatus.RECONCILING).value,
            status_reason="the sync has seen it at the platform",
            due_at=now,
            rung_at=None,
        )
    )
    return True


def secrets(tx: Transaction, action_id: UUID) -> list[tuple[UUID, str, bytes]]:
    """Return what the action's effects brought for its asker alone: effect id, its name, sealed."""
    statement = (
        select(EffectRow.id, EffectRow.name, EffectSecretRow.sealed)
        .join(EffectSecretRow, EffectSecretRow.id == EffectRow.id)
        .where(EffectRow.action_id == action_id)
        .order_by(EffectRow.ordinal)
    )
    return [(row[0], row[1], bytes(row[2])) for row in tx.execute(statement)]
