"""How a platform calls back about what it was asked for: who may, and what it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject


@dataclass(frozen=True, slots=True)
class CalledBack:
    """One thing told: `event_id` is the platform's name for it, `mark` the id of our effect."""

    event_id: str
    mark: UUID
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What arrives at `/callbacks/<integration id>/<secret>`.

    `is_genuine(credentials, secret, headers, body)` compares in constant time; header names are in
    lower case. `read(body)` returns what concerns effects of ours, which may be nothing, and raises
    `infra.envelope.Unreadable` for a body that is not as documented.
    """

    is_genuine: Callable[[Mapping[str, Any], str, Mapping[str, str], bytes], bool]
    read: Callable[[bytes], Sequence[CalledBack]]
