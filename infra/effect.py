"""What an effect is: its call, what is known when it is made, sent, found again and booked."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.actions.outcome import JsonObject, LookedUp, Outcome, Rejected, Succeeded, Unknown
from domain.actions.plan import Known, Request
from domain.actions.retry import Guarantee, RetryPolicy
from infra.database.engine import Transaction
from infra.limits import UnsafeDeclaration, Window
from infra.session import Session


@dataclass(frozen=True, slots=True)
class Integration:
    """One workspace's connection to one tenant of a platform; credentials are never in here."""

    id: UUID
    workspace_id: UUID
    platform: str
    status: str
    tenant_key: str
    connection_id: UUID | None
    settings: JsonObject
    credentials_version: int | None = None  # known where an action was just claimed


@dataclass(frozen=True, slots=True)
class Call:
    """What goes out, frozen before it goes: a repeat sends exactly these bytes under this key.

    `context` is plain JSON kept with the effect for `find` and `settle` (what the lines cover …).
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    context: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preparation:
    """What `prepare` may use: it runs inside the transaction that starts the effect."""

    tx: Transaction
    request: Request
    integration: Integration
    effect_id: UUID
    inputs: JsonObject
    known: Known
    now: datetime
    public_url: str

    @property
    def mark(self) -> str:
        """Our mark on things that carry a link: `<public base>/i/<effect id>`."""
        return f"{self.public_url}/i/{self.effect_id}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What `perform` and `find` are given: the frozen call and what identifies it.

    `place` and `of` say which of the call's elements is this effect's (0 of 1 when it is alone).
    `attempt` is 1 when the effect is sent for the first time ever, under whatever key.
    """

    effect_id: UUID
    request: Request
    inputs: JsonObject
    call: Call
    key: str
    first_sent_at: datetime
    stated_id: str | None = None  # a person said: it happened, and this is the platform's id
    place: int = 0
    of: int = 1
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Settlement:
    """What `settle` may use: it runs inside the transaction that concludes the effect."""

    tx: Transaction
    request: Request
    integration: Integration
    effect_id: UUID
    inputs: JsonObject
    context: JsonObject
    outcome: Succeeded | Rejected
    now: datetime


Prepare = Callable[[Preparation], Call | Outcome]
"""Freezes the call, or says how it ends without one: nothing to send, refused, not yet."""

Perform = Callable[[Session, Sent], Outcome]
Find = Callable[[Session, Sent], LookedUp]
Settle = Callable[[Settlement], None]
Told = Callable[[Transaction, UUID], Succeeded | None]
"""Has the platform called back about the effect of this id since it was sent?"""

Scope = Callable[[Request, JsonObject], str]
"""What a limit is counted per, given the request and the effect's inputs: a channel, a host."""


def _all_alike(_call: Call) -> Hashable:
    return None


def _one(_call: Call) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Batch:
    """How several effects of one kind and one integration share a call: at most `size` of them.

    `merge` joins what each one's `prepare` made into what goes out, one element for each, in order.
    `perform` and `find` return what became of each effect they are given, in that order, or one
    outcome that holds for the call as a whole; without `find` each waits for a person's word.
    `own_parts` cuts the body of a request or an answer into the elements of effects (given with
    their places in the call), for the log. Only calls that are `alike` share one, and their
    `weight` together is at most `weight_max`.
    """

    size: int
    merge: Callable[[Sequence[Call]], Call]
    perform: Callable[[Session, Sequence[Sent]], Sequence[Outcome] | Outcome]
    own_parts: Callable[[bytes, Mapping[UUID, int]], Mapping[UUID, bytes]]
    find: Callable[[Session, Sequence[Sent]], Sequence[LookedUp] | LookedUp] | None = None
    alike: Callable[[Call], Hashable] = _all_alike
    weight: Callable[[Call], int] = _one
    weight_max: int | None = None

    def perform_alone(self, session: Session, sent: Sent) -> Outcome:
        """Carry out a batch of one."""
        answer = self.perform(session, [sent])
        return answer[0] if isinstance(answer, Sequence) else answer

    def find_alone(self, session: Session, sent: Sent) -> LookedUp:
        """Look for a batch of one."""
        answer = self.find_each(session, [sent])
        return answer[0] if isinstance(answer, Sequence) else answer

    def find_each(self, session: Session, sents: Sequence[Sent]) -> Sequence[LookedUp] | LookedUp:
        """Look for all of them, by a person's word where the platform cannot be asked."""
        if self.find is not None:
            return self.find(session, sents)
        return [stated(session, sent) for sent in sents]

    def fits(self, calls: Sequence[Call], another: Call) -> bool:
        """May another call go out together with these?"""
        if self.alike(another) != self.alike(calls[0]):
            return False
        weight = sum(map(self.weight, [*calls, another]))
        return self.weight_max is None or weight <= self.weight_max


def stated(_session: Session, sent: Sent) -> Succeeded | Unknown:
    """Stand in for a look-up where there is none: a person's word, or still nobody knows."""
    if sent.stated_id is not None:
        return Succeeded({}, external_id=sent.stated_id)
    words = "it cannot be looked up; say whether it happened"
    return Unknown("outcome_unknown", words, repeatable=False)


@dataclass(frozen=True, slots=True)
class EffectType:
    """One kind of effect: how to make the call, send it, find it again, and book its outcome.

    `abandon` undoes what `prepare` reserved when the effect is known not to have happened and is
    given up. `recoverable` are rejection codes the action's plan goes on from. `optional`: the plan
    goes on whatever becomes of it; what would park the action is a refusal to it too, with the code
    `outcome_unknown`, `attempts_exhausted` or `too_old`.

    `limits` are windows of this kind alone, beside the platform's, counted per `scope` if it has
    one. `look_up_limits` take their place for look-ups, and what then holds its kind holds look-ups
    only. `told` is asked whenever the effect is taken up again, before anything is sent.
    """

    name: str
    prepare: Prepare
    perform: Perform
    guarantee: Guarantee
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    find: Find | None = None
    settle: Settle | None = None
    abandon: Settle | None = None
    recoverable: frozenset[str] = frozenset()
    optional: bool = False
    queue: str | None = None
    limits: tuple[Window, ...] = ()
    scope: Scope | None = None
    look_up_limits: tuple[Window, ...] = ()
    told: Told | None = None
    batch: Batch | None = None

    def limits_of(
        self, request: Request, inputs: JsonObject, *, looking_up: bool
    ) -> tuple[tuple[Window, ...], str]:
        """Return the windows of this kind that a call counts in, and what they are counted per."""
        if looking_up and self.look_up_limits:
            return self.look_up_limits, ""
        return self.limits, "" if self.scope is None else self.scope(request, inputs)

    def __post_init__(self) -> None:
        if self.guarantee.can_find != (self.find is not None):
            raise UnsafeDeclaration(f"{self.name}: `find` and `guarantee.can_find` disagree")
        if not self.guarantee.is_safe:
            raise UnsafeDeclaration(
                f"{self.name} changes something outside and its outcome can be neither found nor "
                'deduplicated: give it a `find`, a window, or say on_unknown="park"'
            )
