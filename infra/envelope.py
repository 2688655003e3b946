"""A request as everybody passes it on, and what is said when there is something wrong with it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where (`params.email_mode`) and what, with what would be right."""

    field: str
    problem: str

    def plain(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {"field": self.field, "problem": self.problem}


class Refused(Exception):  # noqa: N818 - named for what happened
    """A request that cannot be accepted. `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.problem}" for p in problems))
        self.problems = problems


class Unreadable(Refused):
    """Not even the envelope of a request could be read."""


class NotFitting(Refused):
    """The request is in order by itself; what is known of its deal or invoice forbids it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request whose envelope is in order; its params are not checked yet."""

    id: UUID | None
    integration_id: UUID
    action_type: str
    params: dict[str, Any]
    data: dict[str, Any]
    deal_id: UUID | None
    requested_by: str | None

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the canonical JSON that decides whether two requests are the same."""
        same = {
            "integration_id": str(self.integration_id),
            "action_type": self.action_type,
            "params": self.params,
            "data": self.data,
        }
        canonical = json.dumps(same, sort_keys=True, separators=(",", ":"), default=_plain)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


def _plain(value: Any) -> Any:
    return str(value)
