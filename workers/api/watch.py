"""Waiting without a thread: one listener wakes whoever waits for an action or for events.

The database says that something has changed (NOTIFY `fleet`), one query finds out for whom. What a
lost word would hide is seen by looking again every second.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from infra.database import feed, views
from infra.logging import logger
from infra.settings import plain_database_url
from workers.fleet import Fleet

IDLE_S = 1.0
TOGETHER_S = 0.03
"""What is told within so short a time is looked into once."""
COMING_S = 0.1
RETRY_MAX_S = 5.0

InThread = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(slots=True)
class Watch:
    """What is waited for in this process; everything runs in its event loop."""

    fleet: Fleet
    in_thread: InThread
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[UUID, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))
    _listening: dict[UUID, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))
    _since: int = 0

    @property
    def waiting(self) -> int:
        """How many callers wait for an action."""
        return sum(map(len, self._waiting.values()))

    async def ended(self, action_id: UUID, seconds: float) -> None:
        """Return when the action has come to rest, after so long at the latest."""
        with _registered(self._waiting, action_id) as rung, contextlib.suppress(TimeoutError):
            self._told.set()  # it may have ended before it was waited for
            await asyncio.wait_for(rung.wait(), seconds)

    @asynccontextmanager
    async def listening(self, workspace_id: UUID) -> AsyncIterator[asyncio.Event]:
        """Give a bell that rings when the workspace may have new events."""
        with _registered(self._listening, workspace_id) as rung:
            yield rung

    def stop(self) -> None:
        """Let everybody who waits go."""
        self.stopping.set()
        for bells in (*self._waiting.values(), *self._listening.values()):
            for bell in bells:
                bell.set()

    async def run(self) -> None:
        """Hear and look for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear())
            tasks.create_task(self._look())

    async def _hear(self) -> None:
        delay = 0.2
        url = plain_database_url(self.fleet.settings.database_url)
        while True:
            try:
                opened = await psycopg.AsyncConnection.connect(
                    url, autocommit=True, connect_timeout=5, keepalives_idle=10
                )
                async with opened:
                    await opened.execute("LISTEN fleet")
                    delay = 0.2
                    async for _ in opened.notifies():
                        self._told.set()
            except (psycopg.Error, OSError) as error:  # `_look` looks all the same
                logger().warning("not listening", error=type(error).__name__)
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_MAX_S)

    async def _look(self) -> None:
        pause = IDLE_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), pause)
                await asyncio.sleep(TOGETHER_S)
            self._told.clear()
            pause = IDLE_S
            if not self._waiting and not self._listening:
                continue
            try:
                at_rest, news = await self.in_thread(
                    self._ask, [*self._waiting], [*self._listening]
                )
            except Exception as error:  # noqa: BLE001 - the database is away: it looks again
                logger().warning("could not look", error=type(error).__name__)
                continue
            self._since = news.since
            pause = COMING_S if news.coming else IDLE_S
            _ring(self._waiting, at_rest)
            _ring(self._listening, news.workspaces)

    def _ask(self, action_ids: list[UUID], workspaces: list[UUID]) -> tuple[set[UUID], feed.News]:
        with self.fleet.database.reading() as tx:
            news = feed.news(tx, workspaces, self._since)
            return views.at_rest(tx, action_ids), news


@contextmanager
def _registered(bells: dict[UUID, set[asyncio.Event]], key: UUID) -> Iterator[asyncio.Event]:
    bell = asyncio.Event()
    bells[key].add(bell)
    try:
        yield bell
    finally:
        bells[key].discard(bell)
        if not bells[key]:
            del bells[key]


def _ring(bells: dict[UUID, set[asyncio.Event]], keys: Any) -> None:
    for key in keys:
        for bell in bells.get(key, ()):
            bell.set()
