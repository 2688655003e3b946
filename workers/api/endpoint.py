"""What an endpoint is: a row with its address, its scope, its shapes, and what carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.access import Scope
from infra.http.problems import HttpProblem
from workers.fleet import Fleet

BASE = "/functions/v1/api/v1"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `who` is how it is recorded, `source` by which way (`http`, `console`).

    `key_id` is the API key's, or the session's.
    """

    workspace_id: UUID
    scopes: frozenset[Scope]
    who: str
    key_id: UUID
    source: str = "http"

    @property
    def sees_money(self) -> bool:
        """Payment statuses and amounts may be shown."""
        return Scope.INVOICES_READ in self.scopes

    def needs(self, scope: Scope) -> None:
        """Refuse a caller without the scope.

        Raises:
            HttpProblem: it lacks it.
        """
        if scope not in self.scopes:
            has = ", ".join(sorted(self.scopes)) or "none"
            raise HttpProblem("forbidden", f"this needs the scope {scope.value}; the key has {has}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, checked: ids of the path, `query` and `body` as the endpoint declares them.

    `key` is the Idempotency-Key, `trace` the caller's place in a trace (W3C traceparent).
    """

    fleet: Fleet
    caller: Caller
    ids: Mapping[str, UUID]
    query: Any
    body: Any
    key: str | None
    request_id: str
    trace: str | None = None

    @property
    def workspace_id(self) -> UUID:
        """The caller's."""
        return self.caller.workspace_id


@dataclass(frozen=True, slots=True)
class Accepted:
    """The call has become an action, whose outcome the caller may wait for."""

    action_id: UUID


@dataclass(frozen=True, slots=True)
class ActionBody:
    """The body is a request for an action, without the integration: the address names it."""


@dataclass(frozen=True, slots=True)
class ParamsBody:
    """The body is the params of these action types, but for what the address says already.

    `submit` checks them. `besides` is a class whose fields may stand beside them; `chosen_by` is
    the field and its value that choose an action type which is not the first.
    """

    action_types: tuple[str, ...]
    without: frozenset[str] = frozenset()
    besides: type | None = None
    chosen_by: Mapping[str, tuple[str, str]] = field(default_factory=dict)


Body = type | ActionBody | ParamsBody
Handle = Callable[[Asked], Any]
"""Runs in a thread; returns the answer (of type `answer`), or that an action was accepted."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `path` is below the base, with `{name:uuid}` for ids.

    `answer` is the class of what is answered with 200. `asks_platform`: it may wait for a
    platform, so it has threads of its own.
    """

    method: str
    path: str
    name: str
    scope: Scope
    handle: Handle
    summary: str
    answer: type
    query: type | None = None
    body: Body | None = None
    description: str = ""
    asks_platform: bool = False
    errors: tuple[str, ...] = ()
    tag: str = field(default="")

    @property
    def writes_action(self) -> bool:
        """Its work is an action, submitted under the caller's key."""
        return isinstance(self.body, ActionBody | ParamsBody)
