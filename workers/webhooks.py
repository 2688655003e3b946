"""The process platforms call: stores what they tell, answers, and has the fleet read what changed.

The event loop never waits for the database: requests that come while one commit is under way are
stored together by the next one, in a thread of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette

from infra.database import dead_letters, webhooks
from infra.database.engine import Transaction
from infra.http.webhooks import Endpoint, NotKept
from infra.logging import logger
from infra.platforms.xero import webhooks as xero
from infra.settings import comma_separated, settings
from workers import process
from workers.callbacks import take_callback
from workers.fleet import Fleet
from workers.listening import listen, serve
from workers.webhook_syncs import submit_syncs

T = TypeVar("T")

WAITING_MAX = 2000
"""Requests waiting to be stored; more are refused and told again."""
TOGETHER_MAX = 200
"""Requests stored by one commit."""
CONNECTIONS_MAX = 1000
LOOK_AGAIN_MAX_S = 2.0
"""While a sync is under way and more is stale: look at least so often whether it is over."""
POOL = 3


@dataclass(slots=True)
class _Waiting:
    body: bytes
    kept: "asyncio.Future[None]"


@dataclass(slots=True)
class Receiver:
    """Stores bodies and submits syncs; both in threads, in turn."""

    fleet: Fleet
    waiting: list[_Waiting] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    stale: asyncio.Event = field(default_factory=asyncio.Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(POOL, "store"))

    async def keep(self, body: bytes) -> None:
        """Return once the body is stored.

        Raises:
            NotKept: it could not be, and is not.
        """
        if len(self.waiting) >= WAITING_MAX:
            raise NotKept
        one = _Waiting(body, asyncio.get_running_loop().create_future())
        self.waiting.append(one)
        self.told.set()
        await one.kept

    async def called_back(
        self, integration_id: UUID, secret: str, headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Return once it is stored; False: it is not genuine.

        Raises:
            NotKept: it could not be stored, and is not.
        """
        given = (integration_id, secret, headers, body)
        try:
            return await self._in_thread(take_callback, self.fleet, *given)
        except SQLAlchemyError as error:
            raise NotKept from error

    async def check(self) -> None:
        """Ask the database for a sign of life."""
        try:
            await self._in_thread(self._ping)
        except SQLAlchemyError as error:
            raise NotKept from error

    async def store_what_comes(self) -> None:
        """Store for ever, as much as waits with each commit."""
        while True:
            await self.told.wait()
            batch, self.waiting = self.waiting[:TOGETHER_MAX], self.waiting[TOGETHER_MAX:]
            if not self.waiting:
                self.told.clear()
            try:
                stale = await self._in_thread(self._store, [one.body for one in batch])
            except Exception as error:  # noqa: BLE001 - they are told again
                logger().warning("not stored", count=len(batch), error=type(error).__name__)
                outcome: Exception | None = NotKept()
            else:
                outcome = None
                if stale:
                    self.stale.set()
            for one in batch:
                if not one.kept.done():  # its caller may have given up
                    one.kept.set_exception(outcome) if outcome else one.kept.set_result(None)

    async def submit_what_is_stale(self) -> None:
        """Submit syncs for ever: soon after something was stored, and while more is stale."""
        gather = self.fleet.settings.webhook_gather_s
        pause: float | None = None
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stale.wait(), pause)
            if self.stale.is_set():
                pause = None
                await asyncio.sleep(gather)
                self.stale.clear()
            try:
                submitted, left = await self._in_thread(self._submit)
            except Exception as error:  # noqa: BLE001 - beat submits what is left
                logger().warning("syncs not submitted", error=type(error).__name__)
                submitted, left = 0, True
            last = pause or gather / 2
            pause = min(gather if submitted else last * 2, LOOK_AGAIN_MAX_S) if left else None

    async def _in_thread(self, work: Callable[..., T], *words: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *words)

    def _store(self, bodies: Sequence[bytes]) -> bool:
        """Store all in one commit; is anything new to be read?"""
        read = [(body, *xero.read(body)) for body in bodies]
        told = [one for _, some, _ in read for one in some]
        wrong = [(body, problem) for body, _, problem in read if problem is not None]
        if not told and not wrong:  # a probe asks nothing of the database
            return False
        now = self.fleet.now()
        with self.fleet.database.transaction() as tx:
            counts = webhooks.store(tx, told, now)
            for body, problem in wrong:
                self._keep_letter(tx, body, problem)
        if counts.new:
            logger().info("told", requests=len(bodies), **asdict(counts))
        return counts.new > counts.ignored

    def _keep_letter(self, tx: Transaction, body: bytes, problem: xero.Unreadable) -> None:
        problems = [{"field": path, "problem": what} for path, what in problem.problems[:100]]
        dead_letters.keep(
            tx,
            source="xero.webhook",
            reason="signed, but not as documented",
            problems=problems,
            headers={},
            body=body,
            now=self.fleet.now(),
        )

    def _submit(self) -> tuple[int, bool]:
        now = self.fleet.now()
        submitted = submit_syncs(self.fleet, now)
        with self.fleet.database.reading() as tx:
            return submitted, webhooks.any_left(tx)

    def _ping(self) -> None:
        with self.fleet.database.reading() as tx:
            tx.execute(text("SELECT 1"))


def application(fleet: Fleet) -> Starlette:
    """Return the endpoint, with what works behind it while it runs."""
    chosen = fleet.settings
    keys = comma_separated(chosen.xero_webhook_key)
    if not keys:
        logger().warning("FLEET_XERO_WEBHOOK_KEY is not set: nothing Xero tells is believed")
    receiver = Receiver(fleet)
    made = Endpoint(
        keys,
        chosen.webhook_body_bytes_max,
        chosen.webhook_answer_within_s,
        receiver.keep,
        receiver.called_back,
        receiver.check,
    ).application()

    @asynccontextmanager
    async def working(_app: Starlette) -> AsyncIterator[None]:
        receiver.stale.set()  # what an earlier process left
        tasks = [
            asyncio.create_task(receiver.store_what_comes()),
            asyncio.create_task(receiver.submit_what_is_stale()),
        ]
        yield
        for task in tasks:
            task.cancel()
        receiver.threads.shutdown()

    made.router.lifespan_context = working
    return made


def main() -> None:
    """Run the webhooks process."""
    fleet, _ = process.start("webhooks", replace(settings(), database_pool_max=POOL))
    listener = listen(fleet.settings.webhooks_host, fleet.settings.webhooks_port)
    fleet.incarnation.start()
    serve(
        "webhooks",
        application(fleet),
        listener,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=int(fleet.settings.webhook_answer_within_s) + 1,
    )
    fleet.incarnation.stop()


if __name__ == "__main__":
    main()
