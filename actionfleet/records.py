"""What the fleet tells: actions, and events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actionfleet.errors import ActionFailed

AT_REST = frozenset({"succeeded", "rejected", "cancelled", "parked"})
"""What an action does not leave by itself; `parked` waits for a person."""


@dataclass(frozen=True, slots=True)
class Action:
    """A request and what became of it. `whole` is all the fleet told of it."""

    id: str
    status: str
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    partial: bool
    whole: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Action":
        """Read it from the fleet's JSON."""
        return cls(
            id=str(told["id"]),
            status=str(told["status"]),
            result=told.get("result"),
            error=told.get("error"),
            partial=bool(told.get("partial")),
            whole=told,
        )

    @property
    def at_rest(self) -> bool:
        """Has it ended, or does it wait for a person?"""
        return self.status in AT_REST

    def outcome(self) -> Mapping[str, Any]:
        """Return its result.

        Raises:
            ActionFailed: it has not succeeded.
        """
        if self.status != "succeeded":
            raise ActionFailed(self.id, self.status, self.error)
        return self.result or {}


@dataclass(frozen=True, slots=True)
class Event:
    """One fact, as CloudEvents 1.0. Delivery may repeat it: `id` stays the same.

    `sequence` counts the events of a deal without gaps: order by it.
    """

    id: str
    type: str
    subject: str
    time: str
    data: Mapping[str, Any]
    workspace_id: str | None
    deal_id: str | None
    sequence: int | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Event":
        """Read it from CloudEvents JSON.

        Raises:
            KeyError: it is none.
        """
        return cls(
            id=told["id"],
            type=told["type"],
            subject=told.get("subject", ""),
            time=told.get("time", ""),
            data=told.get("data") or {},
            workspace_id=told.get("workspaceid"),
            deal_id=told.get("dealid"),
            sequence=told.get("sequence"),
        )
