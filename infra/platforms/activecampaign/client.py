"""One call to an account's API. Its address is the account's own and stands in the credentials.

Source: developers.activecampaign.com, "Base URL" (not to be made up from an account's name),
"Authentication", "Pagination".
"""

import json
from typing import Any
from urllib.parse import urlencode

from domain.actions.outcome import Unknown
from infra.exchange import Exchange
from infra.platform import Call
from infra.platforms.activecampaign.errors import Refusal, read, unreadable
from infra.session import Session

API = "/api/3"
PAGE = 100
"""Rows asked for: the most there are in a page."""

_FULL = frozenset({PAGE, 20})
_PAGES_MAX = 10


def writing(path: str, document: dict[str, Any]) -> Call:
    """Return the call that posts a document."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return Call("POST", path, body=body)


def page(path: str, offset: int = 0) -> Call:
    """Return the call that reads a list from its `offset`-th row on."""
    return Call("GET", path, {"limit": str(PAGE), "offset": str(offset)})


def is_last(rows: int) -> bool:
    """Does a page of so many rows end its list?

    Where a list does not listen to `limit`, a page has 20 rows, or all there are.
    """
    return rows not in _FULL


def send(session: Session, call: Call) -> Exchange:
    """Carry out a call and return it with its answer.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    query = f"?{urlencode(call.query)}" if call.query else ""
    url = f"{session.credentials['api_url']}{API}{call.path}{query}"
    headers = {
        "Api-Token": str(session.credentials["api_key"]),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    return session.send_url(call.method, url, headers=headers, body=call.body)


def rows_of(exchange: Exchange, name: str) -> list[dict[str, Any]] | Refusal:
    """Return the rows of a list's page, or what its answer means instead."""
    answer = read(exchange)
    if not isinstance(answer, dict):
        return answer
    rows = answer.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return unreadable(exchange, f"no list of {name}")
    return rows


def all_rows(
    session: Session, path: str, name: str, start: int = 0
) -> list[dict[str, Any]] | Refusal:
    """Return all rows of a list from its `start`-th on, each once: one page and one call, or two.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    found: list[dict[str, Any]] = []
    for _ in range(_PAGES_MAX):
        exchange = send(session, page(path, start + len(found)))
        rows = rows_of(exchange, name)
        if not isinstance(rows, list):
            return rows
        new = [row for row in rows if row not in found]
        found += new
        if is_last(len(rows)) or not new:
            return found
    return Unknown("too_many_rows", f"ActiveCampaign: more than {len(found)} {name}")


def id_of(thing: Any, name: str = "id") -> str | None:
    """Return an id as text (lists write it as text, some answers as a number), None without."""
    value = thing.get(name) if isinstance(thing, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None
