"""Cal.com's refusals: an envelope with status, timestamp, path, and an error of code and words."""

from typing import Final

from infra.sandbox.wire import Answer, Document, json_answer

_NAMES: Final = {
    400: "BadRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "NotFoundException",
    409: "CONFLICT",
    429: "ThrottlerException",
}
_WORDS: Final = {
    429: "CustomThrottlerGuard - Too many requests. Please try again later.",
    500: "Internal server error",
}
_INTERNALLY_SAID: Final = {
    400: "Bad request: Please check your request data and try again",
    403: "You don't have necessary permissions to access this resource",
    404: "The requested resource was not found",
}
TAKEN: Final = "User either already has booking at this time or is not available"
TEAM_TAKEN: Final = "One of the hosts either already has booking at this time or is not available"
DOUBLE: Final = "Invalid Input: Trying to create a record that already exists."


class CalError(Exception):
    """A refusal; the text is its `message`. `internal`: said by the shared core, not by the API."""

    def __init__(self, status: int, message: str, *, internal: bool = False) -> None:
        super().__init__(message)
        self.status, self.internal = status, internal


def refused(error: CalError, *, generally: bool = False) -> Answer:
    """Return the answer of a refusal; `generally`: internal ones come in a general sentence."""
    code, words = _NAMES.get(error.status, "HttpException"), str(error)
    if error.internal:
        code = "TRPCError"
        words = _INTERNALLY_SAID.get(error.status, words) if generally else words
    return json_answer(error.status, envelope(code, words))


def bare(status: int) -> Answer:
    """Return an answer of a status, as Cal.com words it."""
    code = _NAMES.get(status, "InternalServerErrorException")
    return json_answer(status, envelope(code, _WORDS.get(status, "An error occurred")))


def envelope(code: str, message: str) -> Document:
    """Return the body of a refusal; timestamp and path are added when it goes out."""
    return {
        "status": "error",
        "timestamp": None,
        "path": None,
        "error": {"code": code, "message": message},
    }
