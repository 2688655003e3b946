"""The Graph API's refusals: one envelope, a code, and words for the developer and for the user."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from infra.sandbox.facebook.seed import BUSINESS
from infra.sandbox.wire import Answer, Document, encode, json_answer

INVALID: Final = 100
BAD_TOKEN: Final = 190
TOO_OLD: Final = 2804003
MISSING: Final = 2804019
TOO_BROAD: Final = 2804050
NO_SUCH_OBJECT: Final = 33


@dataclass(eq=False)
class GraphError(Exception):
    """A refusal; `words` are the `error_user_msg`."""

    code: int
    message: str
    subcode: int | None = None
    title: str | None = None
    words: str | None = None
    status: int = 400


def invalid(words: str, subcode: int | None = None, title: str = "Invalid parameter") -> GraphError:
    """Return the refusal of a parameter."""
    return GraphError(INVALID, "Invalid parameter", subcode, title, words)


def no_such_object(method: str, identity: str) -> GraphError:
    """Return the refusal of an object the token does not open."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{identity}' does not exist, cannot "
        "be loaded due to missing permissions, or does not support this operation. Please read "
        "the Graph API documentation at https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(INVALID, message, NO_SUCH_OBJECT)


def trace() -> str:
    """Return an id of a request, for Meta's support."""
    return f"A{uuid4().hex[:22]}"


def refused(error: GraphError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer of a refusal."""
    body: Document = {"message": error.message, "type": "OAuthException", "code": error.code}
    if error.subcode is not None:
        body["error_subcode"] = error.subcode
    body["is_transient"] = error.code in {1, 2, 4, 17, 32, 613} or 80_000 <= error.code <= 80_014
    if error.words is not None:
        body |= {"error_user_title": error.title, "error_user_msg": error.words}
    return json_answer(error.status, {"error": {**body, "fbtrace_id": trace()}}, headers or {})


_BAD_TOKEN = GraphError(
    BAD_TOKEN, "Invalid OAuth access token - Cannot parse access token", status=401
)
_UNEXPECTED = "An unexpected error has occurred. Please retry your request later."
_THROTTLED: Final = {
    "minute": GraphError(4, "(#4) Application request limit reached"),
    "account": GraphError(
        80_004,
        "(#80004) There have been too many calls to this ad-account. Wait a bit and try again.",
        2446079,
    ),
    "custom": GraphError(613, "(#613) Calls to this api have exceeded the rate limit.", status=429),
}


def bad_token() -> Answer:
    """Return the refusal of a token."""
    return refused(_BAD_TOKEN)


def of_status(status: int) -> Answer:
    """Return an answer of a status; who has no reason of its own is told to come again."""
    known = {
        401: _BAD_TOKEN,
        403: GraphError(200, "(#200) Permissions error", status=403),
        429: _THROTTLED["custom"],
    }
    return refused(known.get(status) or GraphError(2, _UNEXPECTED, status=status))


def throttled(problem: str, minutes: int | None) -> Answer:
    """Return one of the ways to say "too many calls", with how long it takes if that is known."""
    headers = {} if minutes is None else {"X-Business-Use-Case-Usage": _usage(minutes)}
    return refused(_THROTTLED.get(problem, _THROTTLED["minute"]), headers)


def _usage(minutes: int) -> str:
    use = {"type": "ads_management", "call_count": 100, "total_cputime": 21, "total_time": 19}
    return encode({BUSINESS: [{**use, "estimated_time_to_regain_access": minutes}]}).decode()
