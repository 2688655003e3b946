"""`GET /events`: a workspace's events as they happen, as server-sent events (WHATWG HTML, 9.2).

Each has its CloudEvents id; a stream that broke goes on behind it with `Last-Event-ID`. The stream
is drawn from the outbox page by page, as fast as its reader takes it, so nothing piles up here.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from domain.access import Scope
from domain.events import EventType
from infra.database import api_keys, feed
from infra.database.engine import Transaction
from infra.database.feed import Page, Place
from infra.database.outbox import Waiting, cloud_event
from infra.envelope import Problem
from infra.http.problems import HttpProblem, invalid
from workers.api.checking import checked_query
from workers.api.endpoint import Caller
from workers.api.serving import Service
from workers.api.stripping import tells_of_money, without_money

PAGE = 100
RETRY_MS = 2000
TYPES = tuple(kind.value for kind in EventType)
ANY = "*"


@dataclass(frozen=True)
class EventFilter:
    """Which events: types (`action.succeeded`, or `invoice.*`), and those of one deal."""

    type: list[str] | None = None
    deal_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads along, and what of."""

    caller: Caller
    types: frozenset[str]
    deal_id: UUID | None
    opens: Callable[[Transaction, UUID], bool]


class _Counted(StreamingResponse):
    """A stream that is counted from the moment it is granted, not only once it is read."""

    def __init__(self, stream: AsyncIterator[str], counts: Counter[UUID], key_id: UUID) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(stream, headers=headers, media_type="text/event-stream")
        self._counts, self._key_id = counts, key_id
        counts[key_id] += 1

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._counts[self._key_id] -= 1
            if not self._counts[self._key_id]:
                del self._counts[self._key_id]


@dataclass(slots=True)
class Streams:
    """The open streams of this process."""

    service: Service
    _of_key: Counter[UUID] = field(default_factory=Counter)

    async def open(self, request: Request) -> Response:
        """Answer with a stream of what the query asks for.

        Raises:
            HttpProblem: as `opened`.
        """
        caller = await self.service.admit(request)
        chosen: EventFilter = checked_query(EventFilter, request.query_params.multi_items())
        return await self.opened(request, caller, chosen)

    async def opened(
        self,
        request: Request,
        caller: Caller,
        chosen: EventFilter,
        opens: Callable[[Transaction, UUID], bool] = api_keys.opens,
    ) -> Response:
        """Answer a caller with a stream, which ends once `opens` says no to its key (or session).

        Raises:
            HttpProblem: the caller may not, asks for what is not there, or has too many open.
        """
        caller.needs(Scope.INTEGRATIONS_READ)
        types = _types(chosen.type, caller)
        start = await self.service.in_thread(self._start, request.headers, caller)
        limits = self.service.fleet.settings
        full = self._of_key.total() >= limits.web_streams_max
        if full or self._of_key[caller.key_id] >= limits.web_streams_per_key_max:
            words = "too many event streams are open; close one, or try again later"
            raise HttpProblem("too_many", words, headers={"Retry-After": "10"})
        stream = self._stream(_Reader(caller, types, chosen.deal_id, opens), start)
        return _Counted(stream, self._of_key, caller.key_id)

    def _start(self, headers: Any, caller: Caller) -> Place:
        given = headers.get("last-event-id")
        with self.service.fleet.database.reading() as tx:
            if not given:
                return feed.end(tx)
            try:
                found = feed.place_of(tx, caller.workspace_id, UUID(given))
            except ValueError:
                words = "must be the id of an event of this API"
                raise invalid([Problem("Last-Event-ID", words)]) from None
        if found is None:
            words = (
                f"the event {given[:40]} is no longer kept: read the state anew, and open the"
                " stream without Last-Event-ID"
            )
            raise HttpProblem("gone", words)
        return found

    async def _stream(self, reader: _Reader, place: Place) -> AsyncIterator[str]:
        caller = reader.caller
        watch, heartbeat_s = self.service.watch, self.service.fleet.settings.web_heartbeat_s
        async with watch.listening(caller.workspace_id) as bell:
            yield f"retry: {RETRY_MS}\n: open\n\n"
            while not watch.stopping.is_set():
                bell.clear()
                page = await self.service.in_thread(self._page, reader, place)
                if page is None:
                    return
                place = page.place
                for event in page.events:
                    yield written(event, caller)
                if page.more or watch.stopping.is_set():
                    continue
                try:
                    await asyncio.wait_for(bell.wait(), heartbeat_s)
                except TimeoutError:
                    yield ": still here\n\n"

    def _page(self, reader: _Reader, place: Place) -> Page | None:
        """Return the next events, or None once the key has been revoked."""
        workspace_id, deal_id = reader.caller.workspace_id, reader.deal_id
        with self.service.fleet.database.reading() as tx:
            if not reader.opens(tx, reader.caller.key_id):
                return None
            return feed.page(tx, workspace_id, place, PAGE, types=reader.types, deal_id=deal_id)


def _types(given: list[str] | None, caller: Caller) -> frozenset[str]:
    """Return the types of events that are asked for and may be seen.

    Raises:
        HttpProblem: one is unknown.
    """
    problems, wanted = [], set()
    for one in given or [ANY]:
        beginning = one.removesuffix(ANY)
        fits = {t for t in TYPES if t == one or (one.endswith(ANY) and t.startswith(beginning))}
        if not fits:
            problems.append(Problem("type", f"unknown: {one[:60]!r}; known: {', '.join(TYPES)}"))
        wanted |= fits
    if problems:
        raise invalid(problems)
    return frozenset(t for t in wanted if caller.sees_money or not tells_of_money(t))


def written(event: Waiting, caller: Caller) -> str:
    """Return an event as it stands in the stream; JSON has no line breaks of its own."""
    told = cloud_event(event)
    if not caller.sees_money:
        told["data"] = without_money(told["data"])
    return f"id: {event.event_id}\nevent: {event.type}\ndata: {json.dumps(told)}\n\n"
