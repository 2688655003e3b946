"""What follows from an outcome. Pure: the clock and the dice are arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.actions.outcome import Absent, Blocks, Deferred, Rejected, Succeeded, Unknown


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how long and how patiently. Delays grow exponentially with full jitter."""

    attempts_max: int = 12
    delay_first: timedelta = timedelta(seconds=1)
    delay_max: timedelta = timedelta(minutes=10)
    age_max: timedelta = timedelta(hours=24)
    lookup_delay_first: timedelta = timedelta(seconds=1)
    lookup_delay_max: timedelta = timedelta(minutes=5)

    def delay(self, attempt: int, jitter: float) -> timedelta:
        """Wait before attempt `attempt + 1`; `jitter` in [0, 1)."""
        return _backoff(self.delay_first, self.delay_max, attempt, jitter)

    def lookup_delay(self, lookups: int, jitter: float) -> timedelta:
        """Wait before the next look-up after `lookups` of them."""
        return _backoff(self.lookup_delay_first, self.lookup_delay_max, lookups, jitter)


def _backoff(first: timedelta, longest: timedelta, count: int, jitter: float) -> timedelta:
    # The exponent is capped so that no count, however large, overflows a timedelta.
    ceiling = min(longest, first * int(2 ** min(max(count - 1, 0), 20)))
    return ceiling / 2 + ceiling / 2 * jitter


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What the platform lets us promise about one kind of effect.

    `deduplicates_for` is the window in which the same key and bytes are safe to send again, already
    less its margin. `settling` is how long after the last possible send an absence is not believed.
    `each_by_itself`: the window holds for every element of a shared call, whatever else is sent
    with it, so that a call of unknown outcome may be taken apart.
    """

    changes: bool = True
    deduplicates_for: timedelta | None = None
    can_find: bool = False
    settling: timedelta = timedelta(seconds=10)
    on_unknown: Literal["park"] | None = None
    each_by_itself: bool = False

    @property
    def is_safe(self) -> bool:
        """An unknown outcome has a way out that never repeats the effect blindly."""
        return (
            not self.changes
            or self.can_find
            or self.deduplicates_for is not None
            or self.on_unknown == "park"
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """How far one effect has come: what `decide` must know of its past."""

    attempt: int
    lookups: int
    created_at: datetime
    first_sent_at: datetime | None = None
    last_send_by: datetime | None = None
    repeatable: bool = True
    may_have_happened: bool = False  # an earlier attempt's outcome is still unknown
    shared: bool = False  # it went out together with others, and is not yet taken apart


@dataclass(frozen=True, slots=True)
class Settle:
    """The effect's outcome is final: succeeded, or rejected."""

    outcome: Succeeded | Rejected


@dataclass(frozen=True, slots=True)
class Wait:
    """It did not happen; perform it (again) at `at`."""

    at: datetime
    code: str
    message: str
    blocks: Blocks = Blocks.EFFECT
    new_generation: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """Unknown, inside the deduplication window: send the same bytes under the same key at `at`.

    `alone`: take it out of the call it shared, into one of its own.
    """

    at: datetime
    blocks: Blocks = Blocks.EFFECT
    alone: bool = False


@dataclass(frozen=True, slots=True)
class LookUp:
    """Unknown: ask the platform at `at` whether it happened."""

    at: datetime
    blocks: Blocks = Blocks.EFFECT


@dataclass(frozen=True, slots=True)
class Park:
    """A person must decide."""

    code: str
    message: str


Decision = Settle | Wait | Repeat | LookUp | Park
AnyOutcome = Succeeded | Rejected | Deferred | Unknown | Absent


def decide(  # noqa: PLR0913, PLR0917 - every argument is one fact
    outcome: AnyOutcome,
    trial: Trial,
    guarantee: Guarantee,
    policy: RetryPolicy,
    now: datetime,
    jitter: float,
) -> Decision:
    """Return what follows from `outcome`; total over every outcome."""
    match outcome:
        case Rejected() if trial.may_have_happened and guarantee.changes:
            return _after_refused_repeat(outcome, trial, guarantee, policy, now, jitter)
        case Succeeded() | Rejected():
            return Settle(outcome)
        case Deferred() if trial.may_have_happened:
            return _still_unknown(outcome, trial, guarantee, policy, now, jitter)
        case Deferred():
            return _after_deferred(outcome, trial, policy, now, jitter)
        case Unknown():
            return _after_unknown(outcome, trial, guarantee, policy, now, jitter)
        case Absent():
            return _after_absent(trial, guarantee, policy, now, jitter)


def _after_deferred(
    outcome: Deferred, trial: Trial, policy: RetryPolicy, now: datetime, jitter: float
) -> Decision:
    # A limit or a broken connection is not this effect's fault: only its own age ends the wait.
    own_fault = outcome.blocks is Blocks.EFFECT and outcome.until is None
    if own_fault and trial.attempt >= policy.attempts_max:
        return Park("attempts_exhausted", f"{trial.attempt} attempts, the last: {outcome.message}")
    if now - trial.created_at > policy.age_max and outcome.blocks is not Blocks.CONNECTION:
        return Park("too_old", f"not done within {policy.age_max}; the last: {outcome.message}")
    at = outcome.until or now + policy.delay(trial.attempt, jitter)
    return Wait(max(at, now), outcome.code, outcome.message, outcome.blocks)


def _after_unknown(  # noqa: PLR0913, PLR0917
    outcome: Unknown,
    trial: Trial,
    guarantee: Guarantee,
    policy: RetryPolicy,
    now: datetime,
    jitter: float,
) -> Decision:
    if not guarantee.changes:  # a read: asking again changes nothing
        again = Deferred(outcome.code, outcome.message)
        return _after_deferred(again, trial, policy, now, jitter)
    if now - trial.created_at > policy.age_max:
        return Park("outcome_unknown", f"still unknown after {policy.age_max}: {outcome.message}")
    at = now + policy.delay(trial.attempt, jitter)
    if outcome.repeatable and trial.repeatable and may_repeat(trial, guarantee, at):
        return Repeat(at)
    if guarantee.can_find:
        return LookUp(now + policy.lookup_delay(trial.lookups, jitter))
    return Park("outcome_unknown", f"it may have happened: {outcome.message}")


def _still_unknown(  # noqa: PLR0913, PLR0917
    outcome: Deferred,
    trial: Trial,
    guarantee: Guarantee,
    policy: RetryPolicy,
    now: datetime,
    jitter: float,
) -> Decision:
    # This attempt certainly did nothing, but an earlier one may have: it stays unknown.
    later = outcome.until or now + policy.delay(max(trial.attempt, trial.lookups), jitter)
    unknown = Unknown(outcome.code, outcome.message)
    match _after_unknown(unknown, trial, guarantee, policy, now, jitter):
        case Repeat() if may_repeat(trial, guarantee, later):
            return Repeat(later, outcome.blocks)
        case Repeat() | LookUp() if guarantee.can_find:
            return LookUp(later, outcome.blocks)
        case other:
            return other


def _after_refused_repeat(  # noqa: PLR0913, PLR0917
    outcome: Rejected,
    trial: Trial,
    guarantee: Guarantee,
    policy: RetryPolicy,
    now: datetime,
    jitter: float,
) -> Decision:
    # This send was refused, perhaps by something before the platform; an earlier one may have
    # happened all the same. Only the platform's own word that it has none settles it.
    apart = guarantee.each_by_itself and trial.shared and trial.repeatable
    if apart and may_repeat(trial, guarantee, now):
        return Repeat(now, alone=True)  # the refusal may speak of another one in the call
    if guarantee.can_find:
        return LookUp(now + policy.lookup_delay(trial.lookups, jitter))
    return Park("outcome_unknown", f"refused now, but it may have happened: {outcome.message}")


def may_repeat(trial: Trial, guarantee: Guarantee, at: datetime) -> bool:
    """Is `at` still inside the platform's deduplication window of this effect's key?"""
    if guarantee.deduplicates_for is None:
        return False
    return trial.first_sent_at is None or at < trial.first_sent_at + guarantee.deduplicates_for


def _after_absent(
    trial: Trial, guarantee: Guarantee, policy: RetryPolicy, now: datetime, jitter: float
) -> Decision:
    believed_at = (trial.last_send_by or trial.created_at) + guarantee.settling
    if now < believed_at:
        return LookUp(max(believed_at, now + policy.lookup_delay_first))
    if trial.attempt >= policy.attempts_max:
        return Park(
            "attempts_exhausted", f"{trial.attempt} attempts; the platform has none of them"
        )
    at = now + policy.delay(1, jitter) if trial.attempt > 1 else now
    return Wait(at, "absent", "looked up: it did not happen", new_generation=True)
