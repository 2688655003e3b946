"""Postmark's refusals: an HTTP status and a body with its own number and words."""

from infra.sandbox.wire import Answer, json_answer

BAD_TOKEN, NOT_FOUND, MAINTENANCE, INVALID_EMAIL, INVALID_JSON = 10, 12, 100, 300, 402
INACTIVE, JSON_REQUIRED = 406, 409

_OWN_STATUS = {BAD_TOKEN: 401, NOT_FOUND: 404, MAINTENANCE: 503, JSON_REQUIRED: 415}


class PostmarkError(Exception):
    """A refusal with its `ErrorCode`; the text is its `Message`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def refused(code: int, message: str, status: int | None = None) -> Answer:
    """Return the answer of a refusal: 422 unless its number has a status of its own."""
    chosen = status or _OWN_STATUS.get(code, 422)
    return json_answer(chosen, {"ErrorCode": code, "Message": message})


def bare(status: int) -> Answer:
    """Return an answer of a status, as Postmark words it."""
    words = {429: "Rate limit exceeded", 500: "Internal Server Error", 503: "Offline"}
    code = MAINTENANCE if status == 503 else status
    return refused(code, words.get(status, "An error occurred"), status)
