"""Which events a subscription wants: by type with wildcards, by integration, by deal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from domain.events import EventType

ALL = "*"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`types` are whole types, `action.*` or `*`. `integration_id` and `deal_id` narrow further.

    Only events that name an integration (`data.integration_id`, or their subject in
    `integration.*`) pass a filter by integration; only a deal's events one by deal.
    """

    types: Sequence[str] = (ALL,)
    integration_id: str | None = None
    deal_id: str | None = None

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Read it from a subscription's settings; what cannot be read wants nothing."""
        types = settings.get("types")
        readable = isinstance(types, list) and all(isinstance(one, str) for one in types)
        return cls(
            tuple(types) if isinstance(types, list) and readable else (),
            settings.get("integration_id"),
            settings.get("deal_id"),
        )

    def wants(
        self, kind: str, subject: str, data: Mapping[str, Any], deal_id: str | None = None
    ) -> bool:
        """Does an event pass?"""
        if self.deal_id is not None and self.deal_id != deal_id:
            return False
        if self.integration_id is not None:
            named = subject if kind.startswith("integration.") else data.get("integration_id")
            if named != self.integration_id:
                return False
        return any(_fits(pattern, kind) for pattern in self.types)


def unknown_types(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that no type of event the fleet publishes fits."""
    return [one for one in patterns if not any(_fits(one, kind.value) for kind in EventType)]


def _fits(pattern: str, kind: str) -> bool:
    if pattern.endswith(".*"):
        return kind.startswith(pattern[:-1])
    return pattern in {ALL, kind}
