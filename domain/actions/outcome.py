"""The four ways an attempt at an effect can end, and the one way only a look-up can."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

JsonObject = Mapping[str, Any]


class Blocks(StrEnum):
    """How far a deferral reaches."""

    EFFECT = "effect"  # this effect alone
    KIND = "kind"  # every call of this kind to this tenant (no more emails today)
    TENANT = "tenant"  # every call to this tenant of the platform (a rate limit)
    PLATFORM = "platform"  # every call to the platform, whoever's (the app's own rate limit)
    CONNECTION = "connection"  # every call under these credentials (authorisation refused)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It happened. `result` is plain JSON; `external_id` is the platform's name for it.

    `secret` (plain JSON) is what only the asker may see: it is stored sealed, beside the result and
    told in no event. `cargo` is for the bookkeeping of the same attempt alone: it is never stored.
    """

    result: JsonObject = field(default_factory=dict)
    external_id: str | None = None
    secret: JsonObject = field(default_factory=dict, repr=False)
    cargo: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """It did not happen and never will as asked. `message` holds the platform's own words."""

    code: str
    message: str
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deferred:
    """It certainly did not happen; try again at `until` (or by the retry policy when None)."""

    code: str
    message: str
    until: datetime | None = None
    blocks: Blocks = Blocks.EFFECT


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened.

    `repeatable` False forbids repeating it under its key (Xero caches a 5xx answer under the key:
    Idempotency guide), so only a look-up can settle it.
    """

    code: str
    message: str
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Absent:
    """A look-up's answer: the platform does not have it (as of now)."""


Outcome = Succeeded | Rejected | Deferred | Unknown
LookedUp = Succeeded | Absent | Deferred | Unknown
