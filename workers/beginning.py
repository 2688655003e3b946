"""Starting an attempt: inside one transaction, what is next is found, frozen and marked started."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.actions.outcome import Unknown
from domain.actions.plan import Done, Effect, Refuse
from domain.actions.retry import may_repeat
from domain.actions.status import EffectState
from infra import tracing
from infra.database import budgets, dispatch
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.logging import bind_contextvars
from infra.platform import Call
from workers.attempt import Attempt
from workers.conclude import Following
from workers.fleet import Fleet
from workers.gathering import Gathering
from workers.member import Member, Part, Step
from workers.recording import record


class OutOfBudget(Exception):  # noqa: N818 - undoes the transaction that prepared the effect
    """The tenant's budget is used up until `until`, for all who would have gone out together."""

    def __init__(self, until: datetime, action_ids: Sequence[UUID]) -> None:
        super().__init__("out of budget")
        self.until, self.action_ids = until, action_ids


class Beginning:
    """One `begin`, inside its transaction."""

    def __init__(
        self, fleet: Fleet, tx: Transaction, action: ActionRecord, owner: UUID, now: datetime
    ) -> None:
        self.fleet, self.tx, self.action, self.owner, self.now = fleet, tx, action, owner, now
        self.member = Member(fleet, tx, action, now)
        self.turn = self.member.turn
        tracing.carry(action.request.action_id, action.traceparent)
        bind_contextvars(
            action_id=str(action.request.action_id),
            integration=str(action.integration.id),
            platform=action.integration.platform,
        )

    def go(self) -> list[Attempt]:
        """Start what is next, if anything, and write down what has changed.

        Several attempts go out in one call; the first is the action's own.
        """
        with self.turn:
            return self._go()

    def _go(self) -> list[Attempt]:
        """Find what is next and start it; nothing when the action goes on later or is finished."""
        current = self.turn.open_effect
        if current is not None and current.state is EffectState.STARTED:
            self.turn.interrupted(current)
            return []
        nothing_in_doubt = current is None or not current.is_in_doubt
        if self.action.cancel_requested_by and nothing_in_doubt:
            self.turn.cancel(self.action.cancel_requested_by)
            return []
        if current is not None:
            return self._again(current)
        match self.turn.plan():
            case Done() | Refuse() as end:
                self.turn.end(end)
                return []
            case Effect() as effect:
                return self._start(self.member.new(effect), "send")

    def _again(self, current: EffectRecord) -> list[Attempt]:
        following = self.member.again(current)
        kind = following.kind
        told = kind.told and kind.told(self.tx, current.id)
        if told is not None:
            self.turn.decide(current, kind, told)
            return []
        if current.state is EffectState.PENDING:
            # A sync may have seen it happen after all: then it is fetched, and not sent again.
            seen = current.stated_id is not None and current.call is not None
            return self._start(following, "look_up" if seen else "send")
        if self.now - current.created_at > 2 * kind.retry.age_max:  # asking has not helped
            self.turn.decide(current, kind, Unknown("too_old", "it has been unknown for too long"))
            return []
        if current.next_step != "repeat":
            return self._start(following, "look_up")
        if not may_repeat(self.turn.trial(current), kind.guarantee, self.now):
            # The window closed while it waited: only a look-up is left, or a person.
            self.turn.decide(current, kind, Unknown("window_over", "too late to repeat safely"))
            return []
        return self._start(following, "repeat")

    def _start(self, following: Following, step: Step) -> list[Attempt]:
        queue = self.member.queue(following)
        if queue != self.action.queue:
            self.turn.hand_over(queue)
            return []
        gathering = Gathering(self.member, following, step)
        call = self.member.frozen(following, step)
        if not isinstance(call, Call):
            self.turn.settled_before_sending(following, call)
            return []
        attempts = record(
            [Part(self.member, following, call), *gathering.parts(call)], step, self.owner
        )
        if gathering.passed_over:
            dispatch.not_rung(self.tx, list(gathering.passed_over))
        # Last: the tenant's budget row is locked from here to the commit, and no longer.
        self._take_budget(attempts)
        return attempts

    def _take_budget(self, attempts: Sequence[Attempt]) -> None:
        """Take one call from it, however many go out in that."""
        leader = attempts[0]
        until = budgets.take(
            self.tx,
            leader.carrier.budget_key,
            leader.limits,
            interactive=any(attempt.action.priority == 0 for attempt in attempts),
            besides=leader.sent.effect_id,  # it alone stands for the call in flight
            now=self.now,
        )
        if until is not None:
            raise OutOfBudget(until, [attempt.action.request.action_id for attempt in attempts])
