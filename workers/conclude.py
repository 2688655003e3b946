"""What an outcome makes of an action: one transaction with log, bookkeeping, events, next step."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import OperationalError

from domain.actions.outcome import Blocks, Outcome, Rejected, Succeeded, Unknown
from domain.actions.plan import Done, Effect, Refuse
from domain.actions.retry import (
    AnyOutcome,
    LookUp,
    Park,
    Repeat,
    Settle,
    Wait,
    decide,
)
from domain.actions.status import ActionStatus, EffectState
from infra import tracing
from infra.database import actions, budgets, calls, effects, integrations, log
from infra.database.effect_record import EffectRecord, stored_form
from infra.database.tables import EffectSecretRow, IntegrationLogRow
from infra.database.writes import Write, write
from infra.logging import logger
from infra.platform import EffectType, Limits
from infra.session import Session
from workers import traced
from workers.attempt import NO_TOKEN, REFUSED_TOGETHER, Attempt, name_of
from workers.fleet import Fleet
from workers.log_rows import interrupted_row, log_rows
from workers.turn import Turn

INTERRUPTED = "the process carrying it out died or lost its lease"


@dataclass(frozen=True, slots=True)
class Following:
    """What is about to be attempted: an effect that exists, or one the plan has just named."""

    effect_id: UUID
    kind: EffectType
    planned: Effect
    stored: EffectRecord | None
    ordinal: int


def conclude(
    fleet: Fleet,
    attempt: Attempt,
    outcome: AnyOutcome,
    session: Session | None,
    *,
    goes_on: bool = True,
) -> int | None:
    """Commit what became of the attempt; return the lease token when this process goes on.

    An attempt whose lease was taken over meanwhile (its process was frozen) only leaves its log:
    whoever took over settles the effect.
    """
    now, began = fleet.now(), tracing.now()
    tracing.carry(attempt.action.request.action_id, attempt.action.traceparent)
    with fleet.database.transaction() as tx:
        rows = log_rows(attempt, outcome, session, now)
        action = actions.still_mine(tx, attempt.action.request.action_id, attempt.token)
        if action is None:
            log.write(tx, rows)
            logger().warning("late: the lease was taken over", outcome=name_of(outcome))
            return None
        # A refusal speaks of the credentials this attempt used, not of newer ones.
        with Decisions(fleet, tx, action, now, attempt.effects, attempt.carrier) as turn:
            turn.limits = attempt.limits
            turn.writes += [Write(IntegrationLogRow, row) for row in rows]
            token = turn.decide(attempt.effects[-1], attempt.kind, outcome, goes_on=goes_on)
        if goes_on:  # the first of a call speaks for it; last, as who begins locks the same rows
            headers = {} if session is None else session.last_headers
            budgets.hear(
                tx,
                attempt.carrier.budget_key,
                attempt.limits,
                headers,
                began=attempt.started_at,
                now=now,
            )
    traced.concluded(action, turn.moved_to, began, now)
    return token


class Decisions(Turn):
    """A turn that applies outcomes: every way an action can move on.

    `limits` are those of the call that brought the outcome; None where none was made.
    """

    limits: Limits | None = None

    def decide(
        self, effect: EffectRecord, kind: EffectType, outcome: AnyOutcome, *, goes_on: bool = False
    ) -> int | None:
        """Apply what follows from the outcome; the lease token when this process may go on."""
        if isinstance(outcome, Unknown) and not outcome.repeatable and effect.call_id is not None:
            calls.forbid_repeat(self.tx, effect.call_id)
        settling = max(kind.guarantee.settling, self.fleet.settings.call_timeout)
        decision = decide(
            outcome,
            self.trial(effect),
            replace(kind.guarantee, settling=settling),
            kind.retry,
            self.now,
            self.fleet.jitter(),
        )
        match decision:
            case Settle():
                return self._settle(effect, kind, decision.outcome, goes_on=goes_on)
            case Wait():
                self._wait(effect, decision)
            case Repeat() | LookUp():
                self._reconcile(effect, decision, outcome)
            case Park() if kind.optional:
                given_up = Rejected(decision.code, decision.message)
                return self._settle(effect, kind, given_up, goes_on=goes_on)
            case Park():
                self._park(effect, decision, outcome)
        return None

    def interrupted(self, effect: EffectRecord) -> None:
        """Its process died or lost its lease: whether it happened is unknown."""
        _, kind = self.fleet.catalogue.effect(effect.name)
        self.tell_interrupted(effect)
        self.decide(effect, kind, Unknown("interrupted", INTERRUPTED))

    def tell_interrupted(self, effect: EffectRecord) -> None:
        """Log the attempt whose process died or lost its lease."""
        _, kind = self.fleet.catalogue.effect(effect.name)
        row = interrupted_row(self.action, effect, kind, INTERRUPTED, self.now)
        log.write(self.tx, [row])

    # --- the decisions ------------------------------------------------------------------------

    def _settle(
        self,
        effect: EffectRecord,
        kind: EffectType,
        outcome: Succeeded | Rejected,
        *,
        goes_on: bool,
    ) -> int | None:
        happened = isinstance(outcome, Succeeded)
        state = EffectState.SUCCEEDED if happened else EffectState.REJECTED
        self.note(
            effect,
            in_flight=False,
            state=state.value,
            outcome=stored_form(outcome),
            external_id=outcome.external_id if isinstance(outcome, Succeeded) else None,
            finished_at=self.now,
        )
        if isinstance(outcome, Succeeded) and outcome.secret:
            sealed = self.fleet.vault.lock(outcome.secret)
            row = {"id": effect.id, "sealed": sealed, "created_at": self.now}
            self.writes.append(Write(EffectSecretRow, row))
        book = kind.settle if happened else kind.abandon
        if book is not None:
            self.flush()  # the bookkeeping sees the effect as settled, and may add to its result
            book(self.settlement(effect, outcome))
            self.effects = effects.of_action(self.tx, self.action.request.action_id)
        self.__dict__.pop("known", None)  # the bookkeeping may have changed it
        return self._after_settled(kind, outcome, goes_on=goes_on)

    def _after_settled(
        self, kind: EffectType, outcome: Succeeded | Rejected, *, goes_on: bool
    ) -> int | None:
        goes_on_from = kind.optional or getattr(outcome, "code", None) in kind.recoverable
        if isinstance(outcome, Rejected) and not goes_on_from:
            self.end(Refuse(outcome))
            return None
        try:
            step = self.plan()
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001
            # What has just succeeded is kept; `begin` meets the error and deals with it.
            logger().exception("the plan failed")
            self.move(ActionStatus.WAITING)
            return None
        if isinstance(step, Done | Refuse):
            self.end(step)
            return None
        if self.action.cancel_requested_by:
            self.cancel(self.action.cancel_requested_by)
            return None
        if goes_on and self.action.status is ActionStatus.RUNNING:
            return self.action.lease_token
        self.move(ActionStatus.WAITING)
        return None

    def _wait(self, effect: EffectRecord, decision: Wait) -> None:
        if decision.new_generation and self._seen_meanwhile(effect):
            self._reconcile(effect, LookUp(self.now), Unknown("seen", "the sync has seen it"))
            return
        # Who leaves a call shared with others goes out in another one, under another key.
        leaves = decision.new_generation or effect.shares_its_call
        generation = effect.generation + (1 if leaves else 0)
        if decision.code == REFUSED_TOGETHER:
            self.note(effect, batch_max=max(len(effect.members) // 2, 1))
        # A wait for a limit or a reconnection is no attempt of this effect's own.
        own = decision.blocks is Blocks.EFFECT and decision.code != NO_TOKEN
        self.note(
            effect,
            attempt=effect.attempt if own else max(effect.attempt - 1, 0),
            in_flight=False,
            state=EffectState.PENDING.value,
            next_step="send",
            generation=generation,
        )
        self._hold(effect, decision.blocks, decision.at, decision.message)
        self.move(
            ActionStatus.WAITING,
            due_at=decision.at,
            reason=decision.message,
            error={"code": decision.code, "message": decision.message},
        )

    def _seen_meanwhile(self, effect: EffectRecord) -> bool:
        """Has a sync noted the platform's id of this effect since the look-up began?"""
        stored = effects.of_action(self.tx, self.action.request.action_id)
        return any(one.id == effect.id and one.stated_id != effect.stated_id for one in stored)

    def _hold(self, effect: EffectRecord, blocks: Blocks, until: datetime, words: str) -> None:
        carrier = self.carrier(effect.integration_id)
        if blocks is Blocks.CONNECTION:
            integrations.pause(self.tx, carrier.integration, words, self.now)
            return
        limits = self.limits or carrier.platform.limits
        budgets.block(self.tx, carrier.budget_key, limits, blocks, until, self.now)

    def _reconcile(
        self, effect: EffectRecord, decision: Repeat | LookUp, outcome: AnyOutcome
    ) -> None:
        step = "repeat" if isinstance(decision, Repeat) else "look_up"
        words = getattr(outcome, "message", "looked up: not there yet")
        self.note(effect, in_flight=False, state=EffectState.UNKNOWN.value, next_step=step)
        if isinstance(decision, Repeat) and decision.alone:
            self.note(effect, batch_max=1, generation=effect.generation + 1)
        self._hold(effect, decision.blocks, decision.at, words)
        self.move(
            ActionStatus.RECONCILING,
            due_at=decision.at,
            reason=words,
            error={"code": getattr(outcome, "code", "absent"), "message": words},
        )

    def _park(self, effect: EffectRecord, decision: Park, outcome: AnyOutcome) -> None:
        in_doubt = isinstance(outcome, Unknown) or effect.state is EffectState.UNKNOWN
        self.note(
            effect,
            in_flight=False,
            state=(EffectState.UNKNOWN if in_doubt else EffectState.PENDING).value,
            next_step="look_up" if in_doubt else "send",
        )
        self.park(decision.code, decision.message)

    def settled_before_sending(self, following: Following, outcome: Outcome) -> None:
        """Its `prepare` said how it ends, or goes on, without a call: nothing was sent."""
        stored = following.stored
        if stored is None:
            stored = EffectRecord.new(
                following.effect_id, following.ordinal, following.planned, self.now
            )
            action_id = self.action.request.action_id
            budget_key = self.carrier(stored.integration_id).budget_key
            write(self.tx, [effects.added(stored, action_id, budget_key)])
            self.effects.append(stored)
        self.decide(stored, following.kind, outcome)
