"""A method's arguments from JSON, a form or the query. In forms, structures are JSON text."""

from infra.sandbox.wire import Document, NotJson, Request, decode, parse_query

STRUCTURES = ("blocks", "attachments", "metadata")


class BadArguments(Exception):  # noqa: N818 - its text is Slack's error code
    """The body cannot be read; the text is Slack's error."""


def read_arguments(request: Request) -> Document:
    """Return the arguments; the query counts where the body says nothing.

    Raises:
        BadArguments: invalid_json, json_not_object, invalid_form_data.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    arguments: Document = dict(request.query)
    if not request.body:
        return arguments
    if kind == "application/json":
        try:
            body = decode(request.body)
        except NotJson:
            raise BadArguments("invalid_json") from None
        if not isinstance(body, dict):
            raise BadArguments("json_not_object")
        return {**arguments, **body}
    try:
        return {**arguments, **parse_query(request.body.decode())}
    except ValueError:
        raise BadArguments("invalid_form_data") from None


def structure(arguments: Document, name: str) -> object:
    """Return a structured argument; None when absent or empty, `NotJson` text stays text."""
    value = arguments.get(name)
    if isinstance(value, str):
        try:
            return decode(value) if value else None
        except NotJson:
            return value
    return value


def is_true(value: object) -> bool:
    """Read a boolean argument: JSON true, or what a form writes."""
    return value is True or str(value).lower() in {"true", "1"}


def whole_number(value: object, default: int) -> int:
    """Read a number argument; what is no number counts as not given."""
    try:
        return int(str(value))
    except ValueError:
        return default
