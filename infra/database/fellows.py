"""Statements that find and lock actions which may share a call with one that is being begun.

What another process has locked is passed over: nobody waits to go out together.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select

from domain.actions.status import ActionStatus, EffectState
from infra.database.actions import COLUMNS, ActionRecord, record
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, ConnectionRow, EffectRow, IntegrationRow

TO_SEND = (ActionStatus.QUEUED, ActionStatus.WAITING, ActionStatus.RUNNING)
IN_DOUBT = (ActionStatus.RECONCILING, ActionStatus.RUNNING)


def due_too(  # noqa: PLR0913, PLR0917 - which ones, how many, and when
    tx: Transaction,
    leader: ActionRecord,
    action_types: Sequence[str],
    count: int,
    now: datetime,
    but: Sequence[UUID],
) -> list[ActionRecord]:
    """Lock up to `count` actions of these types that are due beside the leader, people's first.

    Those nobody has been rung for come first: who has been, may lead a call of its own.
    """
    found: list[ActionRecord] = []
    for rung in (False, True):
        wanted = _beside(leader, TO_SEND, rung=rung).where(
            ActionRow.action_type.in_(action_types),
            ActionRow.due_at <= now,
            ActionRow.cancel_requested_by.is_(None),
            ActionRow.id.not_in([leader.request.action_id, *but]),
        )
        found += _locked(tx, wanted, count - len(found))
    return found


def of_the_call(tx: Transaction, leader: ActionRecord, call_id: UUID) -> list[ActionRecord]:
    """Lock the leader's fellows in a call whose outcome is unknown, due or not.

    An attempt whose lease is void counts: it may have happened.
    """
    open_member = and_(
        EffectRow.action_id == ActionRow.id,
        EffectRow.call_id == call_id,
        or_(
            EffectRow.state == EffectState.STARTED.value,
            and_(EffectRow.state == EffectState.UNKNOWN.value, EffectRow.next_step == "repeat"),
        ),
    )
    wanted = _free(leader, IN_DOUBT).where(
        ActionRow.id.in_(select(EffectRow.action_id).where(EffectRow.call_id == call_id)),
        ActionRow.id != leader.request.action_id,
    )
    return _locked(tx, wanted.join(EffectRow, open_member), None)


def looked_for_too(
    tx: Transaction, leader: ActionRecord, effect: str, count: int, now: datetime
) -> list[ActionRecord]:
    """Lock up to `count` actions whose effect of this name is due to be looked up by its mark."""
    open_effect = and_(
        EffectRow.action_id == ActionRow.id,
        EffectRow.name == effect,
        EffectRow.state == EffectState.UNKNOWN.value,
        EffectRow.next_step == "look_up",
        EffectRow.stated_id.is_(None),
    )
    found: list[ActionRecord] = []
    for rung in (False, True):
        wanted = _beside(leader, (ActionStatus.RECONCILING,), rung=rung).where(
            ActionRow.due_at <= now, ActionRow.id != leader.request.action_id
        )
        found += _locked(tx, wanted.join(EffectRow, open_effect), count - len(found))
    return found


def _beside(
    leader: ActionRecord, statuses: Sequence[ActionStatus], *, rung: bool
) -> Select[tuple[Any, ...]]:
    """Select free actions of the leader's integration and queue, along the index of the due."""
    is_rung: ColumnElement[bool] = ActionRow.rung_at.is_not(None)
    return _free(leader, statuses).where(
        ActionRow.queue == leader.queue, is_rung if rung else not_(is_rung)
    )


def _free(leader: ActionRecord, statuses: Sequence[ActionStatus]) -> Select[tuple[Any, ...]]:
    return (
        select(*COLUMNS)
        .join(IntegrationRow, IntegrationRow.id == ActionRow.integration_id)
        .outerjoin(ConnectionRow, ConnectionRow.id == IntegrationRow.connection_id)
        .where(
            ActionRow.integration_id == leader.integration.id,
            ActionRow.lease_owner.is_(None),
            ActionRow.status.in_([status.value for status in statuses]),
        )
        .order_by(ActionRow.priority, ActionRow.due_at)
        .with_for_update(of=ActionRow, skip_locked=True)
    )


def _locked(
    tx: Transaction, wanted: Select[tuple[Any, ...]], count: int | None
) -> list[ActionRecord]:
    if count is not None and count <= 0:
        return []
    return [record(row) for row in tx.execute(wanted.limit(count))]
