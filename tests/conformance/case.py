"""What a platform says of each of its effects so that the suite can try it.

`CASES` in `tests/platforms/<platform>/cases.py` is collected from there. An effect that changes
something and has no case fails the suite, unless `WITHOUT_A_CALL` beside them names it: there is
nothing to disturb where nothing is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.harness.sandbox import Sandbox
from tests.harness.world import World

Request = dict[str, Any]


def carries_the_effect_id(record: Mapping[str, Any], effect_id: UUID) -> bool:
    """The mark the sandbox found on the thing is our effect's id, or holds it."""
    return str(effect_id) in str(record["mark"])


@dataclass(frozen=True)
class Wait:
    """One way the platform says "too many": the fault that brings it, and how long it asks for.

    `until` is seconds from now, or the moment itself worked out from now; None: ours to choose.
    """

    name: str
    fault: Mapping[str, Any] = field(default_factory=dict)
    until: float | Callable[[datetime], datetime] | None = None


@dataclass(frozen=True)
class Case:
    """One effect that changes something, and how a test brings it about.

    `request` sets up what is needed and returns a request whose plan comes to the effect; `method`
    and `path` (a regular expression) are its call, `happened` what the sandbox counts when it is
    carried out, `times` how often. `refused` returns a request the platform refuses for good, and
    words of its refusal. `secrets` must be found nowhere. `deliver` brings what the platform calls
    back to where the endpoint would. `parks`: some unknown outcomes wait for a person. `wordless`:
    its answer has no body that could be garbled, or none that is read.
    """

    effect: str
    request: Callable[[World, Sandbox], Request]
    method: str
    path: str
    happened: str
    refused: Callable[[World, Sandbox], tuple[Request, str]]
    waits: tuple[Wait, ...]
    secrets: tuple[str, ...]
    times: int = 1
    mark: Callable[[Mapping[str, Any], UUID], bool] | None = carries_the_effect_id
    parks: bool = False
    wordless: bool = False
    deliver: Callable[[World, Sandbox], None] | None = None
    revoke: Mapping[str, Any] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """Whose effect it is."""
        return self.effect.partition(".")[0]
