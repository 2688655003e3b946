"""Lists: If-Modified-Since, `where`, `order`, pages.

Source: Xero API documentation, "Requests and responses", and "Invoices", GET.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from infra.sandbox.wire import Document, Request
from infra.sandbox.xero.dates import read_modified_since
from infra.sandbox.xero.errors import QueryInvalid
from infra.sandbox.xero.where import Properties, parse_where

_DEFAULT_PAGE: Final = 100
_LARGEST_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """The records of a list, and its `pagination` when it was asked for by page."""

    records: list[Document]
    pagination: Document | None

    def wrapped(self, name: str, render: Callable[[Document], Document]) -> Document:
        """Return the body's part: the records under their name, and the pagination."""
        body: Document = {} if self.pagination is None else {"pagination": self.pagination}
        body[name] = [render(record) for record in self.records]
        return body


def listed(
    request: Request, records: list[Document], properties: Properties, *, paged: bool = False
) -> Listed:
    """Select, sort and page records; `paged`: by page even when none is named.

    Raises:
        QueryInvalid: a parameter cannot be read.
    """
    found = records
    since = request.headers.get("if-modified-since")
    if since:
        try:
            limit = read_modified_since(since)
        except ValueError:
            raise QueryInvalid(f"If-Modified-Since cannot be read: {since}") from None
        # Whether the very second counts is not documented; it does not here, the harder case.
        found = [record for record in found if record["UpdatedMs"] // 1000 > limit]
    found = selected(request, found, properties)
    if "page" not in request.query and not paged:
        return Listed(found, None)
    page = _number(request, "page", 1, None)
    size = _number(request, "pageSize", _DEFAULT_PAGE, _LARGEST_PAGE)
    start = (page - 1) * size
    pagination = {
        "page": page,
        "pageSize": size,
        "pageCount": -(-len(found) // size),
        "itemCount": len(found),
    }
    return Listed(found[start : start + size], pagination)


def selected(request: Request, records: list[Document], properties: Properties) -> list[Document]:
    """Apply `where` and `order`.

    Raises:
        QueryInvalid: one of them cannot be read.
    """
    found = records
    if where := request.query.get("where"):
        test = parse_where(where, properties)
        found = [record for record in found if test(record)]
    return _ordered(request.query.get("order", ""), found, properties)


def asked_for(request: Request, name: str) -> list[str] | None:
    """Return a comma-separated parameter, None when it is not there; an empty one asks for none."""
    if name not in request.query:
        return None
    return [part.strip() for part in request.query[name].split(",")]


def is_true(request: Request, name: str) -> bool:
    """Is a boolean parameter true? Clients write `true` and `True`."""
    return request.query.get(name, "").lower() == "true"


def _ordered(order: str, records: list[Document], properties: Properties) -> list[Document]:
    name, _, direction = order.strip().partition(" ")
    known = {known.lower(): read for known, read in properties.items()}
    if name and name.lower() not in known:
        raise QueryInvalid(f"No property or field '{name}' exists")
    read = known[name.lower()] if name else lambda record: record["UpdatedMs"]
    backwards = direction.strip().upper() in {"DESC", "DESCENDING"}
    return sorted(records, key=lambda record: _sortable(read(record)), reverse=backwards)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _number(request: Request, name: str, default: int, largest: int | None) -> int:
    text = request.query.get(name, str(default))
    if not text.isdigit() or int(text) < 1 or (largest is not None and int(text) > largest):
        raise QueryInvalid(f"{name} is out of range: {text}")
    return int(text)
