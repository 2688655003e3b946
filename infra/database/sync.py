"""Statements a sync needs: how far it has read, and whose marks it has met."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.actions.status import EffectState
from infra.database.engine import Transaction
from infra.database.tables import ActionRow, EffectRow, IntegrationRow, SyncCursorRow


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an integration has been read.

    `modified_since` is the newest change a finished sync has seen, in the platform's time; `state`
    is where a sync that is half way goes on, empty when none is.
    """

    modified_since: datetime | None
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Marked:
    """An effect whose mark was met on the platform."""

    effect_id: UUID
    state: EffectState
    external_id: str | None
    deal_id: UUID | None


def cursor(tx: Transaction, integration_id: UUID, *, lock: bool = False) -> Cursor:
    """Return how far the integration has been read; `lock` holds it until the commit."""
    statement = select(SyncCursorRow.modified_since, SyncCursorRow.state).where(
        SyncCursorRow.integration_id == integration_id
    )
    row = tx.execute(statement.with_for_update() if lock else statement).one_or_none()
    return Cursor(None, {}) if row is None else Cursor(row.modified_since, row.state)


def advance(
    tx: Transaction,
    integration_id: UUID,
    asked: Cursor,
    after: Cursor,
    finished_at: datetime | None,
) -> bool:
    """Move the cursor on from where it was read; False when another sync has moved it since."""
    values: dict[str, Any] = {"modified_since": after.modified_since, "state": after.state}
    if finished_at is not None:
        values["finished_at"] = finished_at
    # Made first, so that there is a row to lock and two first syncs are told apart.
    tx.execute(
        insert(SyncCursorRow)
        .values(integration_id=integration_id, modified_since=None, state={})
        .on_conflict_do_nothing()
    )
    if cursor(tx, integration_id, lock=True) != asked:
        return False
    tx.execute(
        insert(SyncCursorRow)
        .values(integration_id=integration_id, **values)
        .on_conflict_do_update(index_elements=["integration_id"], set_=values)
    )
    return True


def marked(tx: Transaction, integration_id: UUID, effect_ids: Iterable[UUID]) -> dict[UUID, Marked]:
    """Return those of the effects that are the integration's, by id."""
    rows = tx.execute(
        select(EffectRow.id, EffectRow.state, EffectRow.external_id, ActionRow.deal_id)
        .join(ActionRow, ActionRow.id == EffectRow.action_id)
        .where(EffectRow.id.in_(list(effect_ids)), ActionRow.integration_id == integration_id)
    )
    return {
        row.id: Marked(row.id, EffectState(row.state), row.external_id, row.deal_id) for row in rows
    }


def connected_at(tx: Transaction, integration_id: UUID) -> datetime:
    """Return when the integration was made."""
    return tx.execute(
        select(IntegrationRow.created_at).where(IntegrationRow.id == integration_id)
    ).scalar_one()


def tally(tx: Transaction, action_id: UUID, names: Iterable[str]) -> dict[str, Any]:
    """Add up the named figures over the pages an action has booked, and count its `calls`."""
    rows = tx.execute(
        select(EffectRow.attempt, EffectRow.state, EffectRow.outcome["result"].label("result"))
        .where(EffectRow.action_id == action_id)
        .order_by(EffectRow.ordinal)
    ).all()
    pages = [row.result or {} for row in rows if row.state == EffectState.SUCCEEDED.value]
    sums = {name: sum(page.get(name, 0) for page in pages) for name in names}
    return {"calls": sum(row.attempt for row in rows), **sums}
