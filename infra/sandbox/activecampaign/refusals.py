"""ActiveCampaign's refusals: there is no common envelope, so each has the shape it was seen in."""

from infra.sandbox.wire import Answer, json_answer

SERIES = "Could not create SubscriberSeries"


class Refusal(Exception):  # noqa: N818 - it is what the platform answers
    """A refusal with the whole answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def message(status: int, words: str) -> Answer:
    """Return `{"message"}`."""
    return json_answer(status, {"message": words})


def error(title: str, code: str, pointer: str) -> Answer:
    """Return 422 with `{"errors": [{"title", "detail", "code", "source"}]}`."""
    one = {"title": title, "detail": "", "code": code, "source": {"pointer": pointer}}
    return json_answer(422, {"errors": [one]})


def no_series(status: int) -> Answer:
    """Return the refusal of an entry, in the form of its status (403 or 422)."""
    if status == 422:
        return json_answer(422, {"errors": [{"status": "422", "title": "", "detail": SERIES}]})
    return message(status, SERIES)


def no_result(kind: str, identity: str, status: int = 404) -> Answer:
    """Return that there is nothing of a kind by that id."""
    return message(status, f"No Result found for {kind} with id {identity}")


def bare(status: int) -> Answer:
    """Return an answer of a status as the platform (or what stands before it) words it."""
    if status >= 500:
        return Answer(status, b"<html><body>upstream error</body></html>", "text/html")
    if status == 400:
        return json_answer(400, {})
    if status == 404:
        return json_answer(404, {"errors": [{"status": 404, "title": "Not Found"}]})
    if status == 422:
        return error("The request could not be processed", "invalid", "/data")
    words = {
        200: "",
        401: "Unauthorized",
        402: "The account is past due",
        403: "You do not have permission to access this resource",
        429: "Too Many Requests",
    }
    return message(status, words.get(status, "Refused"))
