"""Zoom's refusals: an HTTP status, a number of Zoom's own, its words, and the fields they mean."""

from collections.abc import Mapping, Sequence
from typing import Final

from infra.sandbox.wire import Answer, Document, json_answer

BAD_TOKEN: Final = 124
NO_PERMISSION: Final = 200
INVALID: Final = 300
NO_USER: Final = 1001
NO_ENDPOINT: Final = 2300
NO_MEETING: Final = 3001
NO_SCOPE: Final = 4711

_STATUS: Final = {BAD_TOKEN: 401, NO_USER: 404, NO_ENDPOINT: 404, NO_MEETING: 404}
"""Where it is not 400."""

Problems = Sequence[tuple[str, str]]
"""(field, words)."""


class ZoomError(Exception):
    """A refusal with Zoom's `code`; the text is its `message`."""

    def __init__(self, code: int, message: str, problems: Problems = ()) -> None:
        super().__init__(message)
        self.code = code
        self.problems = problems


def refused(error: ZoomError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer of a refusal."""
    body: Document = {"code": error.code, "message": str(error)}
    if error.problems:
        body["errors"] = [{"field": field, "message": words} for field, words in error.problems]
    return json_answer(_STATUS.get(error.code, 400), body, headers)


def bare(status: int) -> Answer:
    """Return an answer of a status as Zoom's gateway gives it."""
    words = {401: "Invalid access token.", 503: "Service unavailable."}
    code = BAD_TOKEN if status == 401 else status
    return json_answer(status, {"code": code, "message": words.get(status, "Internal error.")})
