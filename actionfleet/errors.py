"""What can go wrong, one class for each thing a caller does about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: where (`params.email_mode`) and what."""

    field: str
    problem: str


class FleetError(Exception):
    """Anything this package raises. `id` is the request's id, where there is one."""

    def __init__(self, message: str, *, id: str | None = None) -> None:  # noqa: A002 - its name
        super().__init__(message)
        self.id = id


class Unavailable(FleetError):  # noqa: N818 - named for what happened
    """No answer, however often asked. It may have been taken in: submit again under the same id."""


class FleetRefusal(FleetError):  # noqa: N818 - named for what happened
    """The fleet's own words (RFC 9457): `status`, `problems` by field path, `request_id`."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        problems: Iterable[Problem] = (),
        request_id: str | None = None,
        id: str | None = None,  # noqa: A002 - its name
    ) -> None:
        self.status, self.request_id = status, request_id
        self.problems = tuple(problems)
        unsaid = [one for one in self.problems if one.problem not in message]
        more = "".join(f"; {one.field}: {one.problem}" for one in unsaid)
        super().__init__(message + more, id=id)


class Refused(FleetRefusal):
    """The request cannot be carried out as it is; every problem is in `problems`."""


class Conflict(FleetRefusal):
    """The id belongs to another request, or what is asked does not fit the state of things."""


class NotPermitted(FleetRefusal):
    """The API key is unknown or revoked, or lacks a scope."""


class NotFound(FleetRefusal):
    """There is no such thing in the key's workspace."""


class EventsGone(FleetRefusal):
    """The event to go on behind is no longer kept: read the state anew, listen from now."""


class ActionFailed(FleetError):  # noqa: N818 - named for what happened
    """The action ended otherwise than succeeded. `status` says how, `error` why."""

    def __init__(self, action_id: str, status: str, error: Mapping[str, Any] | None) -> None:
        self.action_id, self.status, self.error = action_id, status, dict(error or {})
        self.problems = tuple(
            Problem(str(one.get("field", "")), str(one.get("problem", "")))
            for one in self.error.get("problems", ())
        )
        words = self.error.get("message") or "no reason is given"
        super().__init__(f"action {action_id} is {status}: {words}")


class StillOpen(FleetError, TimeoutError):  # noqa: N818 - named for what happened
    """The action has not ended within the time one would wait. It goes on."""


class InvalidSignature(FleetError):  # noqa: N818 - named for what happened
    """A webhook that is not genuine, or too old: answer 401 and do nothing."""


BY_STATUS: Mapping[int, type[FleetRefusal]] = {
    401: NotPermitted,
    403: NotPermitted,
    404: NotFound,
    409: Conflict,
    410: EventsGone,
}
"""Which refusal a status is; any other is `Refused`."""
