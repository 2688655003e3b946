"""Carrying out an action: read this first.

A doorbell names an action. `begin` commits "effect n started" before the platform is called, no
transaction is open during the call, and `conclude` commits what became of it together with the
log, the bookkeeping, the events and the next step. Dying anywhere in between leaves a started
effect whose lease is void: the next `begin` takes it for what it is, an unknown outcome.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from domain.actions.outcome import Deferred, Rejected, Unknown
from domain.actions.plan import Done, Effect, Refuse
from domain.actions.retry import may_repeat
from domain.actions.status import ActionStatus, EffectState
from infra.boundary import carrying
from infra.database import actions, budgets, effects
from infra.database.actions import ActionRecord
from infra.database.effects import EffectRecord
from infra.database.engine import Transaction
from infra.logging import bind_contextvars
from infra.platform import Call, Preparation, Sent
from workers.attempt import Attempt, perform
from workers.conclude import Decisions, Following, conclude
from workers.fleet import Fleet


class _OutOfBudget(Exception):  # noqa: N818 - undoes the transaction that prepared the effect
    def __init__(self, until: datetime) -> None:
        super().__init__("out of budget")
        self.until = until


def execute(fleet: Fleet, action_id: UUID) -> None:
    """Carry the action on for as long as something is due here and now."""
    carrying(action_id)
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
            return None if action is None else _Beginning(fleet, tx, action, owner, now).go()
    except _OutOfBudget as out:
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
        actions.move(tx, action, status, now=now, due_at=until, reason="waits for its budget")


class _Beginning:
    """One `begin`, inside its transaction."""

    def __init__(
        self, fleet: Fleet, tx: Transaction, action: ActionRecord, owner: UUID, now: datetime
    ) -> None:
        self.fleet, self.tx, self.action, self.owner, self.now = fleet, tx, action, owner, now
        self.turn = Decisions(fleet, tx, action, now)
        bind_contextvars(
            action_id=str(action.request.action_id),
            integration=str(action.integration.id),
            platform=action.integration.platform,
        )

    def go(self) -> Attempt | None:
        """Find what is next and start it; None when the action goes on later or is finished."""
        current = self.turn.open_effect
        if current is not None and current.state is EffectState.STARTED:
            self.turn.interrupted(current)
            return None
        nothing_in_doubt = current is None or current.state is EffectState.PENDING
        if self.action.cancel_requested_by and nothing_in_doubt:
            self.turn.cancel(self.action.cancel_requested_by)
            return None
        if current is not None:
            return self._again(current)
        match self.turn.plan():
            case Done() | Refuse() as end:
                self.turn.end(end)
                return None
            case Effect() as effect:
                _, kind = self.fleet.catalogue.effect(effect.name)
                ordinal = len(self.turn.effects)
                return self._start(
                    Following(uuid4(), kind, dict(effect.inputs), None, ordinal), "send"
                )

    def _again(self, current: EffectRecord) -> Attempt | None:
        _, kind = self.fleet.catalogue.effect(current.name)
        following = Following(current.id, kind, dict(current.inputs), current, current.ordinal)
        if current.state is EffectState.PENDING:
            return self._start(following, "send")
        step = current.next_step
        if step == "repeat" and not may_repeat(self.turn.trial(current), kind.guarantee, self.now):
            # The window closed while it waited: only a look-up is left, or a person.
            self.turn.decide(current, kind, Unknown("window_over", "too late to repeat safely"))
            return None
        return self._start(following, step)

    def _start(self, following: Following, step: str) -> Attempt | None:
        queue = following.kind.queue or self.action.queue
        if queue != self.action.queue:
            self.turn.hand_over(queue)
            return None
        call = self._frozen_or_prepared(following)
        if not isinstance(call, Call):
            self.turn.refused_before_sending(following, call)
            return None
        self._take_budget()
        return self._record(following, step, call)

    def _frozen_or_prepared(self, following: Following) -> Call | Rejected | Deferred:
        if following.stored is not None and following.stored.call is not None:
            return following.stored.call
        return following.kind.prepare(
            Preparation(
                tx=self.tx,
                request=self.action.request,
                integration=self.action.integration,
                effect_id=following.effect_id,
                inputs=following.inputs,
                known=self.turn.known,
                now=self.now,
                public_url=self.fleet.settings.public_url,
            )
        )

    def _take_budget(self) -> None:
        limits = budgets.limits_for(self.turn.platform.limits, self.action.integration.settings)
        until = budgets.take(
            self.tx,
            self.turn.budget_key,
            limits,
            interactive=self.action.priority == 0,
            now=self.now,
        )
        if until is not None:
            raise _OutOfBudget(until)

    def _record(self, following: Following, step: str, call: Call) -> Attempt:
        settings, stored = self.fleet.settings, following.stored
        generation = stored.generation if stored else 1
        key = f"{self.action.integration.tenant_key}:{following.effect_id}:{generation}"
        first_sent_at, call_id = self.now, stored.call_id if stored else None
        if stored is not None and stored.key == key and stored.first_sent_at is not None:
            first_sent_at = stored.first_sent_at
        elif following.kind.guarantee.changes:
            call_id = self._freeze(following, key, call)
        send_by = self.now + timedelta(seconds=settings.send_within_s)
        self._write(following, step, call_id, send_by)
        asks = step != "send"
        token = actions.lease(
            self.tx,
            self.action,
            ActionStatus.RECONCILING if asks else ActionStatus.RUNNING,
            self.owner,
            self.now + timedelta(seconds=settings.lease_s),
        )
        number = (stored.lookups if step == "look_up" else stored.attempt) if stored else 0
        return Attempt(
            action=self.action,
            token=token,
            kind=following.kind,
            platform=self.turn.platform,
            step=step,
            number=number + 1,
            sent=Sent(
                effect_id=following.effect_id,
                request=self.action.request,
                inputs=following.inputs,
                call=call,
                key=key,
                first_sent_at=first_sent_at,
                stated_id=stored.stated_id if stored else None,
            ),
            send_by=send_by,
            send_by_monotonic=time.monotonic() + settings.send_within_s,
            started_at=self.now,
        )

    def _freeze(self, following: Following, key: str, call: Call) -> UUID:
        return effects.freeze(
            self.tx,
            effect_id=following.effect_id,
            platform=self.action.integration.platform,
            tenant_key=self.action.integration.tenant_key,
            key=key,
            call=call,
            first_sent_at=self.now,
        )

    def _write(
        self, following: Following, step: str, call_id: UUID | None, send_by: datetime
    ) -> None:
        stored = following.stored
        started: dict[str, object] = {"in_flight": True, "call_id": call_id}
        if step == "look_up":
            started |= {"lookups": (stored.lookups if stored else 0) + 1}
        else:
            state = EffectState.STARTED if step == "send" else EffectState.UNKNOWN
            attempt = (stored.attempt if stored else 0) + 1
            started |= {"state": state.value, "attempt": attempt, "last_send_by": send_by}
        if stored is not None:
            effects.change(self.tx, stored.id, **started)
            return
        effects.add(
            self.tx,
            effect_id=following.effect_id,
            action_id=self.action.request.action_id,
            ordinal=following.ordinal,
            name=following.kind.name,
            platform=self.action.integration.platform,
            budget_key=self.turn.budget_key,
            inputs=following.inputs,
            now=self.now,
            **started,
        )
