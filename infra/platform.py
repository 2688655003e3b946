"""How a platform is declared: its action types, its effects, its budget. One folder, one line.

`infra/platforms/__init__.py` lists the platforms; everything else (queues, task names, catalogue,
Procfile check, conformance suite) is derived from these declarations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import Deferred, JsonObject, LookedUp, Outcome, Rejected, Succeeded
from domain.actions.plan import Known, NextEffect, Request
from domain.actions.retry import Guarantee, RetryPolicy
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


Prepare = Callable[[Preparation], Call | Succeeded | Rejected | Deferred]
"""Freezes the call; `Succeeded` when there is nothing to send (what was asked is ours alone)."""

Perform = Callable[[Session, Sent], Outcome]
Find = Callable[[Session, Sent], LookedUp]
Settle = Callable[[Settlement], None]


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`; `reserve` of them only for people.

    `header` is the answer header that says how many are left: fewer than counted here, and somebody
    else calls too. More raises the limit where it `grows` (its size is the platform's to say), and
    empties a window that `restarts` (the platform begins it anew at a time of its own).
    """

    name: str
    calls: int
    seconds: int
    reserve: int = 0
    header: str | None = None
    grows: bool = False
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's budget: windows per tenant, calls in flight, windows over `all_tenants`.

    `of_kind` are those of one kind of effect (emails a day). `in_flight_reserve` places in flight
    are only for people.
    """

    in_flight: int
    windows: tuple[Window, ...] = ()
    of_kind: tuple[Window, ...] = ()
    all_tenants: tuple[Window, ...] = ()
    in_flight_reserve: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """How several effects of one kind and one integration share a call: at most `size` of them.

    `merge` joins what each one's `prepare` made into what goes out, one element for each, in order.
    `perform` and `find` return what became of each effect they are given, in that order, or one
    outcome that holds for the call as a whole. `own_parts` cuts the body of a request or an answer
    into the elements of effects (given with their places in the call), for the log.
    """

    size: int
    merge: Callable[[Sequence[Call]], Call]
    perform: Callable[[Session, Sequence[Sent]], Sequence[Outcome] | Outcome]
    find: Callable[[Session, Sequence[Sent]], Sequence[LookedUp] | LookedUp]
    own_parts: Callable[[bytes, Mapping[UUID, int]], Mapping[UUID, bytes]]

    def perform_alone(self, session: Session, sent: Sent) -> Outcome:
        """Carry out a batch of one."""
        answer = self.perform(session, [sent])
        return answer[0] if isinstance(answer, Sequence) else answer

    def find_alone(self, session: Session, sent: Sent) -> LookedUp:
        """Look for a batch of one."""
        answer = self.find(session, [sent])
        return answer[0] if isinstance(answer, Sequence) else answer


@dataclass(frozen=True, slots=True)
class EffectType:
    """One kind of effect: how to make the call, send it, find it again, and book its outcome.

    `abandon` undoes what `prepare` reserved when the effect is known not to have happened and is
    given up. `recoverable` are rejection codes the action's plan goes on from. `optional`: the plan
    goes on whatever becomes of it; what would park the action is a refusal to it too, with the code
    `outcome_unknown`, `attempts_exhausted` or `too_old`. `limits` are windows of this kind alone,
    beside the platform's.
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
    batch: Batch | None = None

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


def nothing_to_check(_tx: Transaction, _request: Request) -> list[tuple[str, str]]:
    """Most requests need no look at the database before they are accepted."""
    return []


@dataclass(frozen=True, slots=True)
class ActionType:
    """One `action_type`: its params, its plan, and how it is shown.

    `check` runs at intake and returns (field path, problem) pairs that only the database can tell.
    `batched` names the effects of its plan that may share a call with those of other actions.
    """

    name: str
    params: str  # "module:Class", loaded only where requests are checked (it needs pydantic)
    next_effect: NextEffect
    summary: str
    known: Callable[[Transaction, Request, Integration], Known] = nothing_known
    check: Callable[[Transaction, Request], list[tuple[str, str]]] = nothing_to_check
    needs_deal: bool = False
    queue: str | None = None
    guarantee: str = ""
    batched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything the fleet knows of a platform.

    `open_session` gets credentials (decrypted) and settings; `refresh` renews an expiring token
    pair outside any transaction and returns the new credentials.
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
