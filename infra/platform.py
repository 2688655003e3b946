"""How a platform is declared: its action types, its effects, its budget. One folder, one line.

`infra/platforms/__init__.py` lists the platforms; everything else (queues, task names, catalogue,
Procfile check, conformance suite) is derived from these declarations.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import (
    Deferred,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.plan import Known, NextEffect, Request
from domain.actions.retry import Guarantee, RetryPolicy
from infra.callbacks import Callbacks
from infra.connecting import Connecting
from infra.database.engine import Transaction
from infra.reads import Read
from infra.session import Session


class UnsafeDeclaration(Exception):  # noqa: N818
    """A declaration that could repeat an effect blindly; the process refuses to start."""


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


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`; `reserve` of them only for people.

    `header` is the answer header that says how many are left: fewer than counted here, and somebody
    else calls too. More raises the limit where it `grows` (its size is the platform's to say), and
    empties a window that `restarts` (the platform begins it anew at a time of its own). One that is
    `daily` counts the calls of the current UTC day.
    """

    name: str
    calls: int
    seconds: int
    reserve: int = 0
    header: str | None = None
    grows: bool = False
    restarts: bool = False
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's budget: windows per tenant, calls in flight, windows over `all_tenants`.

    `of_kind` are those of one kind of effect (emails a day), counted per `scope` within the tenant
    where it is given (messages a second to one channel). `in_flight_reserve` places in flight are
    only for people.
    """

    in_flight: int
    windows: tuple[Window, ...] = ()
    of_kind: tuple[Window, ...] = ()
    scope: str = ""
    all_tenants: tuple[Window, ...] = ()
    in_flight_reserve: int = 0

    def __post_init__(self) -> None:
        if any(window.daily for window in (*self.windows, *self.all_tenants)):
            raise UnsafeDeclaration("only windows of one kind of effect are counted by the day")


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


def nothing_known(_tx: Transaction, _request: Request, _integration: Integration) -> Known:
    """Most plans need no more than the request and the results."""
    return {}


def all_kept(params: JsonObject) -> JsonObject:
    """Most params may be kept as they came when their request is refused."""
    return params


def nothing_to_check(_tx: Transaction, _request: Request) -> list[tuple[str, str]]:
    """Most requests need no look at the database before they are accepted."""
    return []


@dataclass(frozen=True, slots=True)
class ActionType:
    """One `action_type`: its params, its plan, and how it is shown.

    `check` runs at intake and returns (field path, problem) pairs that only the database can tell.
    `kept` says what is stored of the params of a request by queue that is refused: personal data
    that is hashed while params are read is not.
    `effects` names those of its plan that change something; `batched` those of them that may share
    a call with those of other actions.
    """

    name: str
    params: str  # "module:Class", loaded only where requests are checked (it needs pydantic)
    next_effect: NextEffect
    summary: str
    known: Callable[[Transaction, Request, Integration], Known] = nothing_known
    check: Callable[[Transaction, Request], list[tuple[str, str]]] = nothing_to_check
    kept: Callable[[JsonObject], JsonObject] = all_kept
    needs_deal: bool = False
    queue: str | None = None
    guarantee: str = ""
    effects: tuple[str, ...] = ()
    batched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything the fleet knows of a platform.

    `open_session` gets credentials (decrypted) and settings; `refresh` renews an expiring token
    pair outside any transaction and returns the new credentials. `connecting` says how it is
    connected by keys, `callbacks` how it calls back.
    """

    name: str
    actions: tuple[ActionType, ...]
    effects: tuple[EffectType, ...]
    limits: Limits
    queues: tuple[str, ...]
    base_url: Callable[[Any], str]
    needs_refresh: Callable[[Mapping[str, Any], datetime], bool] = lambda _c, _now: False
    refresh: Callable[[Session], Mapping[str, Any] | Rejected | Deferred] | None = None
    token_url: Callable[[Any], str] | None = None  # where `refresh` talks to, if not to the API
    reads: Mapping[str, Read] = field(default_factory=dict)
    connecting: Connecting | None = None
    callbacks: Callbacks | None = None

    def effect(self, name: str) -> EffectType:
        """Return the declaration of one of its effects.

        Raises:
            KeyError: it declares no such effect.
        """
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(f"{self.name} declares no effect {name!r}")


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who carries an effect out: a platform, through one integration and on its tenant's budget."""

    platform: Platform
    integration: Integration

    @property
    def budget_key(self) -> str:
        """The tenant whose budget its calls use."""
        return f"{self.platform.name}:{self.integration.tenant_key}"


TOKEN_MARGIN = timedelta(minutes=2)
