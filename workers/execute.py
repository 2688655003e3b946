"""Carrying out an action: read this first.

A doorbell names an action. `begin` commits "effect n started" before the platform is called, no
transaction is open during the call, and `conclude` commits what became of it together with the
log, the bookkeeping, the events and the next step. Dying anywhere in between leaves a started
effect whose lease is void: the next `begin` takes it for what it is, an unknown outcome.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import OperationalError

from domain.actions.retry import AnyOutcome
from domain.actions.status import ActionStatus
from infra import tracing
from infra.boundary import carrying
from infra.database import actions
from infra.database.writes import write
from infra.logging import logger
from infra.redaction import redact_text
from infra.session import Session
from infra.storable import storable
from workers import traced
from workers.attempt import Attempt, Performed, perform
from workers.beginning import Beginning, OutOfBudget
from workers.conclude import conclude
from workers.fleet import Fleet
from workers.turn import Turn

REGISTERED_WITHIN_S = 20.0
FAILURES_MAX = 5
BUDGET_WAIT_MAX = timedelta(minutes=5)


def execute(fleet: Fleet, action_id: UUID) -> None:
    """Carry the action on for as long as something is due here and now."""
    carrying(action_id)
    if not fleet.incarnation.wait(REGISTERED_WITHIN_S):
        return  # the database is away: the action is rung again when it is back
    token: int | None = None
    while attempts := begin(fleet, action_id, token):
        token = conclude_each(fleet, attempts, perform(fleet, attempts))
        if token is None:
            return


def conclude_each(
    fleet: Fleet, attempts: Sequence[Attempt], performed: Sequence[Performed]
) -> int | None:
    """Conclude every attempt of a call, each by itself; the first one's action may go on here.

    The others' actions are rung when anything is left to do.
    """
    leader, *fellows = zip(attempts, performed, strict=True)
    try:
        return conclude_patiently(fleet, leader[0], *leader[1])
    finally:
        for attempt, (outcome, session) in fellows:
            try:
                conclude_patiently(fleet, attempt, outcome, session, goes_on=False)
            except OperationalError:
                raise
            except Exception:  # noqa: BLE001 - its lease ends, and it is taken for unknown
                logger().exception("one of a call could not be concluded")


def conclude_patiently(
    fleet: Fleet,
    attempt: Attempt,
    outcome: AnyOutcome,
    session: Session | None,
    *,
    goes_on: bool = True,
) -> int | None:
    """Conclude, however long the database is away: what is known must not become unknown."""
    until = time.monotonic() + fleet.settings.lease_s
    delay = 0.1
    while True:
        try:
            return conclude(fleet, attempt, outcome, session, goes_on=goes_on)
        except OperationalError as error:
            if time.monotonic() + delay > until:
                raise
            logger().warning("could not conclude; trying again", error=type(error.orig).__name__)
            time.sleep(delay)
            delay = min(delay * 2, 2.0)


def begin(fleet: Fleet, action_id: UUID, token: int | None = None) -> list[Attempt]:
    """Start the action's next attempt and commit that; nothing when nothing is to do now.

    What other actions have due that can go out in the same call goes out with it. `token` is the
    lease this process already holds when it goes on from one effect to the next.
    """
    owner = fleet.incarnation.id
    if owner is None:  # not registered: our leases would be void
        return []
    now, began = fleet.now(), tracing.now()
    try:
        with fleet.database.transaction() as tx:
            action = actions.claim(tx, action_id, now, token)
            if action is None:
                return []
            beginning = Beginning(fleet, tx, action, owner, now)
            attempts = beginning.go()
    except OutOfBudget as out:
        for one in out.action_ids:
            _wait_for_budget(fleet, one, token if one == action_id else None, out.until)
        return []
    except OperationalError:
        raise  # the database is away: the action is rung again
    except Exception as error:  # noqa: BLE001 - whatever it is, others must not wait for it
        logger().exception("the action could not be begun")
        _put_off(fleet, action_id, token, error)
        return []
    traced.begun(beginning, attempts, began, answers_doorbell=token is None)
    return attempts


def _put_off(fleet: Fleet, action_id: UUID, token: int | None, error: Exception) -> None:
    """Let an action that cannot even be begun wait, and after a few tries ask for a person."""
    now = fleet.now()
    with fleet.database.transaction() as tx:
        action = actions.claim(tx, action_id, now, token)
        if action is None:
            return
        failures = action.failures + 1
        words = f"it could not be begun: {type(error).__name__}: {redact_text(str(error))[:300]}"
        with Turn(fleet, tx, action, now) as turn:
            if failures >= FAILURES_MAX:
                turn.park("internal", storable(words))
                return
            running = action.status is ActionStatus.RUNNING
            turn.move(
                ActionStatus.WAITING if running else action.status,
                due_at=now + timedelta(seconds=2**failures),
                reason=storable(words),
                failures=failures,
            )


def _wait_for_budget(fleet: Fleet, action_id: UUID, token: int | None, until: datetime) -> None:
    now = fleet.now()
    with fleet.database.transaction() as tx:
        action = actions.claim(tx, action_id, now, token)
        if action is None:
            return
        asking = action.status is ActionStatus.RECONCILING
        status = ActionStatus.RECONCILING if asking else ActionStatus.WAITING
        # Nothing is rung for a tenant without budget; that it has one again may be learned early.
        due_at = min(until, now + BUDGET_WAIT_MAX)
        moved = actions.moved(action, status, now=now, due_at=due_at, reason="waits for its budget")
        write(tx, [moved])
