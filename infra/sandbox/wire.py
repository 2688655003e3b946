"""What crosses the wire: one request, one answer, and JSON whose numbers are decimals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson

Document = dict[str, Any]
"""A JSON object: a stored record, or a body."""


class NotJson(ValueError):  # noqa: N818 - it names what was found
    """The bytes are not the JSON that was expected."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole. `path` follows the platform's prefix; header names are lower case."""

    platform: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    raw_query: str = ""

    @property
    def bearer(self) -> str | None:
        """The bearer token sent, if any."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key` header, if any."""
        return self.headers.get("idempotency-key")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Without a content type none is sent (as Xero's 429)."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, encode(document), "application/json; charset=utf-8", headers or {})


def encode(document: Any) -> bytes:
    """Encode JSON; a Decimal becomes a JSON number (exact to 15 significant digits)."""
    return orjson.dumps(document, default=_number)


def decode(text: bytes | str) -> Any:
    """Decode JSON, fractions as Decimal.

    Raises:
        NotJson: it is not JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise NotJson(str(error)) from None


def decode_object(text: bytes | str) -> Document:
    """Decode a JSON object; nothing at all counts as an empty one.

    Raises:
        NotJson: it is not JSON, or not an object.
    """
    document = decode(text) if text else {}
    if not isinstance(document, dict):
        raise NotJson("a JSON object is expected")
    return document


def parse_query(raw: str) -> dict[str, str]:
    """Parse a query string or a form; of a repeated name the last one counts."""
    return dict(parse_qsl(raw, keep_blank_values=True))


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
