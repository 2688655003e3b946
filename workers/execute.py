"""Carrying out an action: read this first.

A doorbell names an action. `begin` commits "effect n started" before the platform is called, no
transaction is open during the call, and `conclude` commits what became of it together with the
log, the bookkeeping, the events and the next step. Dying anywhere in between leaves a started
effect whose lease is void: the next `begin` takes it for what it is, an unknown outcome.
"""

from datetime import datetime
from uuid import UUID

from domain.actions.status import ActionStatus
from infra.boundary import carrying
from infra.database import actions
from infra.database.writes import write
from workers.attempt import Attempt, perform
from workers.beginning import Beginning, OutOfBudget
from workers.conclude import conclude
from workers.fleet import Fleet

REGISTERED_WITHIN_S = 20.0


def execute(fleet: Fleet, action_id: UUID) -> None:
    """Carry the action on for as long as something is due here and now."""
    carrying(action_id)
    if not fleet.incarnation.wait(REGISTERED_WITHIN_S):
        return  # the database is away: the action is rung again when it is back
    token: int | None = None
    while (attempt := begin(fleet, action_id, token)) is not None:
        outcome, session = perform(fleet, attempt)
        token = conclude(fleet, attempt, outcome, session)
        if token is None:
            return


def begin(fleet: Fleet, action_id: UUID, token: int | None = None) -> Attempt | None:
    """Start the action's next attempt and commit that; None: nothing to do now.

    `token` is the lease this process already holds when it goes on from one effect to the next.
    """
    owner = fleet.incarnation.id
    if owner is None:  # not registered: our leases would be void
        return None
    now = fleet.now()
    try:
        with fleet.database.transaction() as tx:
            action = actions.claim(tx, action_id, now, token)
            return None if action is None else Beginning(fleet, tx, action, owner, now).go()
    except OutOfBudget as out:
        _wait_for_budget(fleet, action_id, token, out.until)
        return None


def _wait_for_budget(fleet: Fleet, action_id: UUID, token: int | None, until: datetime) -> None:
    now = fleet.now()
    with fleet.database.transaction() as tx:
        action = actions.claim(tx, action_id, now, token)
        if action is None:
            return
        asking = action.status is ActionStatus.RECONCILING
        status = ActionStatus.RECONCILING if asking else ActionStatus.WAITING
        moved = actions.moved(action, status, now=now, due_at=until, reason="waits for its budget")
        write(tx, [moved])
