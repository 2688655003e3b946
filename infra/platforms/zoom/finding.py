"""Finding a meeting again among its host's, by our mark.

"Absent" is said only of a whole list: every page read, and as many rows as Zoom counts. What `from`
and `to` leave out is not documented beyond "start date", so they are only a short way to a meeting
that is there. Source: Zoom, "List meetings", "Get a meeting".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from domain.actions.outcome import Absent, Blocks, Deferred, LookedUp, Rejected, Succeeded, Unknown
from infra.platform import Sent
from infra.platforms.zoom.drafting import mark_of
from infra.platforms.zoom.errors import BAD_TOKEN, NO_HOST, read
from infra.platforms.zoom.meetings import created
from infra.session import Session

PAGE: Final = 300
PAGES_MAX: Final = 10
_AROUND: Final = timedelta(days=1)
Row = dict[str, Any]


def find(session: Session, sent: Sent) -> LookedUp:
    """Look for our meeting around its start, then among all that have not expired."""
    if sent.stated_id is not None:
        return _details(session, sent, {"id": sent.stated_id})
    for query in _queries(sent):
        found = _listed(session, sent, query)
        if isinstance(found, dict):
            return _details(session, sent, found)
        if not isinstance(found, Absent):
            return found
    return Absent()


def headers(session: Session) -> dict[str, str]:
    """Return the headers of every call; the token is in no stored call."""
    return {
        "Authorization": f"Bearer {session.credentials.get('access_token', '')}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


def _queries(sent: Sent) -> Iterator[Mapping[str, str]]:
    starts = [datetime.fromisoformat(one) for one in sent.call.context.get("starts", ())]
    if starts:
        first, last = min(starts) - _AROUND, max(starts) + _AROUND
        yield {"from": first.date().isoformat(), "to": last.date().isoformat()}
    yield {}


def _listed(
    session: Session, sent: Sent, narrower: Mapping[str, str]
) -> Row | Absent | Deferred | Unknown:
    """Return the row with our mark."""
    mark, rows_seen = mark_of(sent.effect_id), 0
    query = {"type": "scheduled", "page_size": str(PAGE), **narrower}
    for _ in range(PAGES_MAX):
        exchange = session.send("GET", sent.call.path, query=query, headers=headers(session))
        page = read(exchange)
        if not isinstance(page, dict):
            return _not_listed(page)
        rows = page.get("meetings")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return Unknown("unreadable_answer", "Zoom: a list of meetings that is none")
        for row in rows:
            if mark in str(row.get("agenda")):
                return dict(row)
        rows_seen += len(rows)
        if not page.get("next_page_token"):
            # A meeting deleted between two pages moves the next one to a page already read.
            whole = page.get("total_records") == rows_seen
            return (
                Absent() if whole else Unknown("list_changed", "Zoom: the list changed meanwhile")
            )
        query["next_page_token"] = str(page["next_page_token"])
    return Unknown("too_many_meetings", "Zoom: the host has too many meetings to look through")


def _not_listed(refused: Rejected | Deferred | Unknown) -> Absent | Deferred | Unknown:
    """Sort what came in place of a list: nothing of the meeting, but for a host that is none."""
    if isinstance(refused, Rejected):
        if refused.code == NO_HOST:
            return Absent()
    elif isinstance(refused, Unknown) or _passes(refused):
        return refused
    return Unknown("look_up_refused", f"the look-up was refused: {refused.message}")


def _details(session: Session, sent: Sent, row: Row) -> Succeeded | Deferred | Unknown:
    """Read the whole of a meeting that is there; what the list says must do where that is refused.

    A person's word counts even where there is nothing to read any more.
    """
    path = f"/meetings/{quote(str(row.get('id')), safe='', errors='replace')}"
    answer = read(session.send("GET", path, headers=headers(session)))
    if isinstance(answer, dict):
        return created(answer, sent.call.context)
    if isinstance(answer, Unknown) or (isinstance(answer, Deferred) and _passes(answer)):
        return answer
    return created(row, sent.call.context)


def _passes(deferred: Deferred) -> bool:
    """Is it over by itself, or with another token (but not with another scope)?"""
    return deferred.blocks is not Blocks.CONNECTION or deferred.code == BAD_TOKEN
