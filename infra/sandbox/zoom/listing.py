"""A host's meetings, page by page: no instant ones, none that expired, agendas cut off.

A meeting expires 30 days after its (last) start; one without a fixed time never does here. A series
is listed once for each time it takes place. Source: Zoom developer documentation, "List meetings".
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from infra.sandbox.wire import Document
from infra.sandbox.zoom.drafting import FIXED_TIME, INSTANT
from infra.sandbox.zoom.meetings import iso_z
from infra.sandbox.zoom.refusals import INVALID, ZoomError

AGENDA_SHOWN: Final = 250
PAGE_MAX: Final = 300
_PAGE: Final = 30
_EXPIRES_S: Final = 30 * 86_400
_TOKEN_S: Final = 900
_SHOWN: Final = ("uuid", "id", "host_id", "topic", "type", "duration", "timezone", "join_url")


def listed(meetings: list[Document], query: Mapping[str, str], now: float) -> Document:
    """Return a page of the meetings of a host, oldest first.

    Raises:
        ZoomError: 300, an argument is wrong, or the token of the page is too old.
    """
    chosen = _KINDS.get(query.get("type", "scheduled"))
    if chosen is None:
        raise ZoomError(INVALID, "Validation Failed.", [("type", "Invalid field.")])
    size = _whole(query, "page_size", _PAGE, PAGE_MAX)
    rows = [row for one in meetings for row in _rows(one) if chosen(row, now)]
    rows = [row for row in rows if _between(row, query)]
    begin = _begin(query, size, now)
    page: Document = {
        "page_count": -(-len(rows) // size),
        "page_number": begin // size + 1,
        "page_size": size,
        "total_records": len(rows),
        "meetings": [_told(row) for row in rows[begin : begin + size]],
    }
    if begin + size < len(rows):
        page["next_page_token"] = f"{begin + size}.{int(now)}"
    return page


def _rows(meeting: Document) -> list[Document]:
    if meeting["type"] == INSTANT:
        return []
    if meeting["type"] == FIXED_TIME:
        return [{**meeting, "starts": moment} for moment in meeting["occurrences"]]
    return [meeting]


def _told(row: Document) -> Document:
    told = {name: row[name] for name in _SHOWN} | {"created_at": iso_z(row["created"])}
    if row["agenda"]:
        told["agenda"] = row["agenda"][:AGENDA_SHOWN]
    if row["starts"] is not None:
        told["start_time"] = iso_z(row["starts"])
    return told


def _ends(row: Document) -> float:
    return float(row["starts"] + row["duration"] * 60)


def _unexpired(row: Document, now: float) -> bool:
    return bool(row["starts"] is None or row["starts"] + _EXPIRES_S > now)


def _upcoming(row: Document, now: float) -> bool:
    return bool(row["starts"] is None or _ends(row) > now)


def _previous(row: Document, now: float) -> bool:
    return _unexpired(row, now) and not _upcoming(row, now)


def _live(_row: Document, _now: float) -> bool:
    return False


_KINDS: Final[Mapping[str, Callable[[Document, float], bool]]] = {
    "scheduled": _unexpired,
    "upcoming": _upcoming,
    "upcoming_meetings": _upcoming,
    "previous_meetings": _previous,
    "live": _live,
}


def _between(row: Document, query: Mapping[str, str]) -> bool:
    """Is the start on a day between `from` and `to`, in UTC?"""
    if row["starts"] is None:
        return True
    day = datetime.fromtimestamp(row["starts"], UTC).date().isoformat()
    return query.get("from", "") <= day <= query.get("to", "9999-12-31")


def _begin(query: Mapping[str, str], size: int, now: float) -> int:
    token = query.get("next_page_token")
    if not token:
        return (_whole(query, "page_number", 1, 10**6) - 1) * size
    place, _, given = token.partition(".")
    if not (place.isdigit() and given.isdigit()) or int(given) + _TOKEN_S < now:
        raise ZoomError(INVALID, "The next page token is invalid or expired.")
    return int(place)


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    value: Any = query.get(name) or default
    if not str(value).isdigit() or not 1 <= int(value) <= most:
        raise ZoomError(INVALID, "Validation Failed.", [(name, "Invalid field.")])
    return int(value)
