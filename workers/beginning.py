"""Starting an attempt: inside one transaction, what is next is found, frozen and marked started."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from domain.actions.outcome import Deferred, Rejected, Succeeded, Unknown
from domain.actions.plan import Done, Effect, Refuse
from domain.actions.retry import may_repeat
from domain.actions.status import ActionStatus, EffectState
from infra.database import actions, budgets, effects
from infra.database.actions import ActionRecord
from infra.database.effects import EffectRecord
from infra.database.engine import Transaction
from infra.database.writes import write
from infra.logging import bind_contextvars
from infra.platform import Call, EffectType, Preparation, Sent
from workers.attempt import Attempt
from workers.conclude import Decisions, Following
from workers.fleet import Fleet

LOOK_AGAIN = timedelta(minutes=5)
"""How often an action looks whether the other integration it needs has been reconnected."""


class OutOfBudget(Exception):  # noqa: N818 - undoes the transaction that prepared the effect
    """The tenant's budget is used up until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("out of budget")
        self.until = until


class Beginning:
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
        """Start what is next, if anything, and write down what has changed."""
        with self.turn:
            return self._go()

    def _go(self) -> Attempt | None:
        """Find what is next and start it; None when the action goes on later or is finished."""
        current = self.turn.open_effect
        if current is not None and current.state is EffectState.STARTED:
            self.turn.interrupted(current)
            return None
        nothing_in_doubt = current is None or not current.is_in_doubt
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
                return self._start(Following(uuid4(), kind, effect, None, ordinal), "send")

    def _again(self, current: EffectRecord) -> Attempt | None:
        _, kind = self.fleet.catalogue.effect(current.name)
        planned = Effect(current.name, current.inputs, current.integration_id)
        following = Following(current.id, kind, planned, current, current.ordinal)
        if current.state is EffectState.PENDING:
            # A sync may have seen it happen after all: then it is fetched, and not sent again.
            seen = current.stated_id is not None and current.call is not None
            return self._start(following, "look_up" if seen else "send")
        if self.now - current.created_at > 2 * kind.retry.age_max:  # asking has not helped
            self.turn.decide(current, kind, Unknown("too_old", "it has been unknown for too long"))
            return None
        step = current.next_step
        if step == "repeat" and not may_repeat(self.turn.trial(current), kind.guarantee, self.now):
            # The window closed while it waited: only a look-up is left, or a person.
            self.turn.decide(current, kind, Unknown("window_over", "too late to repeat safely"))
            return None
        return self._start(following, step)

    def _start(self, following: Following, step: str) -> Attempt | None:
        queue = self._queue(following)
        if queue != self.action.queue:
            self.turn.hand_over(queue)
            return None
        call = self._frozen_or_prepared(following)
        if not isinstance(call, Call):
            self.turn.settled_before_sending(following, call)
            return None
        attempt = self._record(following.kind, self._started(following, step, call), step)
        # Last: the tenant's budget row is locked from here to the commit, and no longer.
        self._take_budget(attempt)
        return attempt

    def _queue(self, following: Following) -> str:
        """Return whose workers carry it out: its platform's, and the action's own for the rest."""
        platform, kind = self.fleet.catalogue.effect(following.planned.name)
        action_type = self.action.request.action_type
        if kind.queue is not None:
            return kind.queue
        if platform is not self.fleet.catalogue.platform_of(action_type):
            return platform.queues[0]
        return self.fleet.catalogue.queue_of(action_type)

    def _frozen_or_prepared(self, following: Following) -> Call | Succeeded | Rejected | Deferred:
        integration = self.turn.carrier(following.planned.integration_id).integration
        if integration.status != "active":  # another one than the action's, which was looked at
            words = f"its {integration.platform} integration is {integration.status}: reconnect it"
            return Deferred("integration_paused", words, self.now + LOOK_AGAIN)
        if following.stored is not None and following.stored.call is not None:
            return following.stored.call
        return following.kind.prepare(
            Preparation(
                tx=self.tx,
                request=self.action.request,
                integration=integration,
                effect_id=following.effect_id,
                inputs=following.planned.inputs,
                known=self.turn.known,
                now=self.now,
                public_url=self.fleet.settings.public_url,
            )
        )

    def _take_budget(self, attempt: Attempt) -> None:
        carrier = attempt.carrier
        limits = budgets.limits_for(
            carrier.platform.limits, carrier.integration.settings, attempt.kind.limits
        )
        until = budgets.take(
            self.tx,
            carrier.budget_key,
            limits,
            interactive=self.action.priority == 0,
            besides=attempt.sent.effect_id,
            now=self.now,
        )
        if until is not None:
            raise OutOfBudget(until)

    def _started(self, following: Following, step: str, call: Call) -> EffectRecord:
        """Describe the effect as this attempt starts it."""
        settings = self.fleet.settings
        was = following.stored or EffectRecord.new(
            following.effect_id, following.ordinal, following.planned, self.now
        )
        if step == "look_up":
            return replace(was, lookups=was.lookups + 1)
        tenant = self.turn.carrier(was.integration_id).integration.tenant_key
        key = f"{tenant}:{was.id}:{was.generation}"
        again = was.key == key and was.first_sent_at is not None
        return replace(
            was,
            state=EffectState.STARTED if step == "send" else EffectState.UNKNOWN,
            attempt=was.attempt + 1,
            last_send_by=self.now + timedelta(seconds=settings.send_within_s),
            call=call,
            key=key,
            call_id=was.call_id if again or not following.kind.guarantee.changes else uuid4(),
            first_sent_at=was.first_sent_at if again else self.now,
            repeatable=was.repeatable if again else True,
        )

    def _record(self, kind: EffectType, started: EffectRecord, step: str) -> Attempt:
        settings, carrier = self.fleet.settings, self.turn.carrier(started.integration_id)
        before = self.turn.open_effect
        writes = []
        if started.call_id is not None and (before is None or before.call_id != started.call_id):
            tenant = carrier.integration.tenant_key
            writes.append(effects.frozen(started, carrier.platform.name, tenant))
        if before is None:
            action_id = self.action.request.action_id
            writes.append(effects.added(started, action_id, carrier.budget_key))
        else:
            writes.append(effects.started(started))
        status = ActionStatus.RUNNING if step == "send" else ActionStatus.RECONCILING
        until = self.now + timedelta(seconds=settings.lease_s)
        writes.append(actions.leased(self.action, status, self.owner, until))
        write(self.tx, writes)
        earlier = [one for one in self.turn.effects if one.id != started.id]
        return Attempt(
            action=self.action,
            token=self.action.lease_token + 1,
            effects=(*earlier, started),
            kind=kind,
            carrier=carrier,
            step=step,
            number=started.lookups if step == "look_up" else started.attempt,
            sent=self._sent(started),
            send_by=self.now + timedelta(seconds=settings.send_within_s),
            send_by_monotonic=time.monotonic() + settings.send_within_s,
            started_at=self.now,
        )

    def _sent(self, started: EffectRecord) -> Sent:
        return Sent(
            effect_id=started.id,
            request=self.action.request,
            inputs=started.inputs,
            call=started.call or Call("GET", ""),
            key=started.key or "",
            # A look-up reaches back to the first generation: its call may have arrived late.
            first_sent_at=min(started.first_sent_at or self.now, started.created_at),
            stated_id=started.stated_id,
        )
