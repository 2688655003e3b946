"""Statements over effects and the calls that carry them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Result
from domain.actions.status import ActionStatus, EffectState
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, CallRow, EffectRow
from infra.platform import Call


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """One effect as stored, with the call it goes out in (when that has been frozen)."""

    id: UUID
    ordinal: int
    name: str
    inputs: JsonObject
    state: EffectState
    generation: int
    attempt: int
    lookups: int
    next_step: str
    stated_id: str | None
    outcome: JsonObject | None
    external_id: str | None
    created_at: datetime
    last_send_by: datetime | None
    call_id: UUID | None
    call: Call | None
    key: str | None
    first_sent_at: datetime | None
    repeatable: bool

    def settled(self) -> Result:
        """Its result, for the plan. Only for a settled effect."""
        return Result(self.name, self.inputs, outcome_of(self.outcome or {}))


_LIST = select(
    *EffectRow.__table__.columns,
    CallRow.method,
    CallRow.path,
    CallRow.query,
    CallRow.body,
    CallRow.context,
    CallRow.key,
    CallRow.first_sent_at,
    CallRow.repeatable,
).select_from(EffectRow.__table__.outerjoin(CallRow.__table__, CallRow.id == EffectRow.call_id))


def outcome_of(stored: Mapping[str, Any]) -> Succeeded | Rejected:
    """Read a settled outcome back from its stored form."""
    if stored.get("kind") == "succeeded":
        return Succeeded(stored.get("result") or {}, stored.get("external_id"))
    return Rejected(
        stored.get("code", "abandoned"), stored.get("message", ""), stored.get("details") or {}
    )


def stored_form(outcome: Succeeded | Rejected) -> dict[str, Any]:
    """Write a settled outcome as plain JSON."""
    if isinstance(outcome, Succeeded):
        result, external_id = dict(outcome.result), outcome.external_id
        return {"kind": "succeeded", "result": result, "external_id": external_id}
    return {
        "kind": "rejected",
        "code": outcome.code,
        "message": outcome.message,
        "details": dict(outcome.details),
    }


def _record(row: Any) -> EffectRecord:
    call = None
    if row.method is not None:
        call = Call(row.method, row.path, row.query, row.body, row.context)
    return EffectRecord(
        id=row.id,
        ordinal=row.ordinal,
        name=row.name,
        inputs=row.inputs,
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
    )


def of_action(tx: Transaction, action_id: UUID) -> list[EffectRecord]:
    """Return an action's effects in order."""
    rows = tx.execute(_LIST.where(EffectRow.action_id == action_id).order_by(EffectRow.ordinal))
    return [_record(row) for row in rows]


def add(  # noqa: PLR0913
    tx: Transaction,
    *,
    effect_id: UUID,
    action_id: UUID,
    ordinal: int,
    name: str,
    platform: str,
    budget_key: str,
    inputs: JsonObject,
    now: datetime,
    **started: Any,
) -> None:
    """Add the next effect of an action; `started` are the columns of its first attempt, if any."""
    values = {"state": EffectState.PENDING.value} | started
    tx.execute(
        insert(EffectRow).values(
            id=effect_id,
            action_id=action_id,
            ordinal=ordinal,
            name=name,
            platform=platform,
            budget_key=budget_key,
            inputs=dict(inputs),
            created_at=now,
            **values,
        )
    )


def freeze(  # noqa: PLR0913
    tx: Transaction,
    *,
    effect_id: UUID,
    platform: str,
    tenant_key: str,
    key: str,
    call: Call,
    first_sent_at: datetime,
) -> UUID:
    """Keep the bytes and the key before the first send; return the call's id."""
    call_id = uuid4()
    tx.execute(
        insert(CallRow).values(
            id=call_id,
            platform=platform,
            tenant_key=tenant_key,
            key=key,
            members=[str(effect_id)],
            method=call.method,
            path=call.path,
            query=dict(call.query),
            body=call.body,
            context=dict(call.context),
            first_sent_at=first_sent_at,
        )
    )
    return call_id


def change(tx: Transaction, effect_id: UUID, **values: Any) -> None:
    """Write columns of one effect."""
    tx.execute(update(EffectRow).where(EffectRow.id == effect_id).values(**values))


def forbid_repeat(tx: Transaction, call_id: UUID) -> None:
    """The platform has cached an error under this key: only a look-up can settle it now."""
    tx.execute(update(CallRow).where(CallRow.id == call_id).values(repeatable=False))


def settle_from_outside(
    tx: Transaction, effect_id: UUID, outcome: Succeeded, now: datetime
) -> bool:
    """Settle an effect of unknown outcome that somebody else has just seen happened (a sync).

    Returns False, changing nothing, when the effect is under way, settled, or not ours.
    """
    row = tx.execute(
        select(EffectRow.state, EffectRow.action_id, ActionRow.lease_owner, ActionRow.status)
        .join(ActionRow, ActionRow.id == EffectRow.action_id)
        .where(EffectRow.id == effect_id)
        .with_for_update(of=(EffectRow, ActionRow), skip_locked=True)
    ).one_or_none()
    if row is None or row.lease_owner is not None or row.state != EffectState.UNKNOWN:
        return False
    change(
        tx,
        effect_id,
        state=EffectState.UNKNOWN.value,
        stated_id=outcome.external_id,
        next_step="look_up",
    )
    if row.status in {ActionStatus.RECONCILING, ActionStatus.PARKED}:
        tx.execute(
            update(ActionRow)
            .where(ActionRow.id == row.action_id)
            .values(
                status=ActionStatus.RECONCILING.value,
                status_reason="the sync has seen it at the platform",
                due_at=now,
                rung_at=None,
            )
        )
    return True
