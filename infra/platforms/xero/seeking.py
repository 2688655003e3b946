"""Seeking through a list that changes while it is read, so that no change is lost.

The list is ordered by the time of change, and a row that changes moves to its end. So pages are
not counted: each page asks for what has changed since the last change of the one before. Where too
many rows share a second for that, pages are counted, each beginning a little before the last one
ended: a row of the last page that is there again proves that nothing slipped through between the
two. When none is, counting starts anew.

Source: developer.xero.com, Accounting API, "Requests and responses": If-Modified-Since has whole
seconds. Whether it is inclusive is not said, so it is set a second early.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.actions.outcome import JsonObject
from infra.platforms.xero.snapshots import moment

PAGE_SIZE = 1000
OVERLAP_ROWS = 20
"""By how many rows counted pages overlap; as many may move between two calls."""

AGAIN_MAX = 0.1
"""The share of a page worth reading twice rather than counting pages."""

Seek = Mapping[str, Any]
"""Where to read: `since` (ISO 8601, None for the beginning), `page` from 1 of `size` rows, and
`tail`, rows of the page before of which one must be there again."""


def beginning() -> Seek:
    """Return where to read everything there is."""
    return {"since": None, "page": 1, "size": PAGE_SIZE, "tail": []}


def seek_from(moment_: datetime) -> Seek:
    """Return where to read what has changed since a moment."""
    whole = moment_.astimezone(UTC).replace(microsecond=0)
    return {**beginning(), "since": whole.isoformat()}


def following(
    seek: Seek, elements: Sequence[JsonObject], not_after: datetime | None = None
) -> Seek | None:
    """Return where to go on after a page; None: it was the last.

    Changes dated later than `not_after` are no guide.
    """
    if seek["tail"] and not set(seek["tail"]) & set(map(_row, elements)):
        return {**beginning(), "since": seek["since"]}
    if len(elements) < seek["size"]:
        return None
    last = last_change(elements, not_after)
    if last is None:
        return _counted(seek, elements)
    ahead = seek_from(last - timedelta(seconds=1))
    moves_on = seek["since"] is None or ahead["since"] > seek["since"]
    if moves_on and _read_again(elements, ahead) <= max(AGAIN_MAX * PAGE_SIZE, 1):
        return ahead
    return _counted(seek, elements)


def next_seek(seek: Seek, last: datetime | None) -> Seek:
    """Return where to go on after a full page, for a reader that proves by itself what it read."""
    if last is not None:
        ahead = seek_from(last - timedelta(seconds=1))
        if seek["since"] is None or ahead["since"] > seek["since"]:
            return ahead
    return {**seek, "page": seek["page"] + 1}


def last_change(
    elements: Sequence[JsonObject], not_after: datetime | None = None
) -> datetime | None:
    """Return the newest readable time of change among the elements, if any."""
    changes = [change for one in elements if (change := _changed(one)) is not None]
    return max((c for c in changes if not_after is None or c <= not_after), default=None)


def _counted(seek: Seek, elements: Sequence[JsonObject]) -> Seek:
    page = seek["page"]
    read_to = seek["size"] * (page - 1) + len(elements)
    size = (read_to - OVERLAP_ROWS) // page  # so that the next page begins before `read_to`
    if size * (page + 1) <= read_to:  # as good as never: dozens of pages of one second
        return {**seek, "page": page + 1, "tail": []}
    tail = [_row(one) for one in elements[-OVERLAP_ROWS:]]
    return {"since": seek["since"], "page": page + 1, "size": size, "tail": tail}


def _row(element: JsonObject) -> str:
    """Name a row as it stands: one that has changed since is another."""
    return f"{element.get('InvoiceID')}@{element.get('UpdatedDateUTC')}"


def _read_again(elements: Sequence[JsonObject], ahead: Seek) -> int:
    since = datetime.fromisoformat(ahead["since"])
    return sum(1 for one in elements if (change := _changed(one)) is not None and change >= since)


def _changed(element: JsonObject) -> datetime | None:
    try:
        return moment(element.get("UpdatedDateUTC"))
    except (ValueError, TypeError, OverflowError):  # told apart where the element is read
        return None
