"""How a platform is declared: its action types, its effects, its budget. One folder, one line.

`infra/platforms/__init__.py` lists the platforms; everything else (queues, task names, catalogue,
conformance suite) is derived from these declarations. All they need is imported from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Rejected
from domain.actions.plan import Known, NextEffect, Request
from infra.callbacks import Callbacks
from infra.connecting import Connecting
from infra.database.engine import Transaction
from infra.effect import (
    Batch,
    Call,
    EffectType,
    Find,
    Integration,
    Perform,
    Preparation,
    Prepare,
    Scope,
    Sent,
    Settle,
    Settlement,
    Told,
    stated,
)
from infra.limits import Limits, UnsafeDeclaration, Window
from infra.reads import Read
from infra.session import Session

__all__ = [
    "TOKEN_MARGIN",
    "ActionType",
    "Batch",
    "Call",
    "Carrier",
    "EffectType",
    "Find",
    "Integration",
    "Limits",
    "Perform",
    "Platform",
    "Preparation",
    "Prepare",
    "Scope",
    "Sent",
    "Settle",
    "Settlement",
    "Told",
    "UnsafeDeclaration",
    "Window",
    "all_kept",
    "nothing_known",
    "nothing_to_check",
    "stated",
]


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
    a call with those of other actions. `own`: only the fleet itself wishes it, and no event tells
    how it ends.
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
    own: bool = False


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
