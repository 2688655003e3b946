"""Xero's refusals, in Xero's shapes."""

from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

from infra.sandbox.wire import Answer, Document, json_answer

NO_ID = "00000000-0000-0000-0000-000000000000"


class PostDataInvalid(Exception):  # noqa: N818 - Xero's name
    """The body is not what the endpoint takes; the text is Xero's message."""


class QueryInvalid(Exception):  # noqa: N818 - after Xero's QueryParseException
    """A `where`, `order`, `page` or header cannot be read; the text is Xero's message."""


def post_data_invalid(error: PostDataInvalid) -> Answer:
    """400, ErrorNumber 14: no elements."""
    return json_answer(
        400,
        {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": str(error)},
    )


def query_invalid(error: QueryInvalid) -> Answer:
    """400, ErrorNumber 16: no elements."""
    return json_answer(
        400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": str(error)}
    )


def validation_failed(elements: list[Document]) -> Answer:
    """400, ErrorNumber 10, with the elements and their `ValidationErrors`."""
    return json_answer(
        400,
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": elements,
        },
    )


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Xero's problem JSON, as for 401 and 403."""
    return json_answer(
        status,
        {
            "Type": None,
            "Title": HTTPStatus(status).phrase,
            "Status": status,
            "Detail": detail,
            "Instance": str(uuid4()),
            "Extensions": {},
        },
        headers,
    )


def not_found() -> Answer:
    """404: an empty page of HTML."""
    return Answer(404, b"", "text/html")


def messages(found: list[str]) -> list[Document]:
    """Return messages in the shape of `ValidationErrors`."""
    return [{"Message": message} for message in found]
