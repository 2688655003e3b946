"""A consumer that takes messages in batches and acknowledges them only after its commit."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from kombu import Consumer, Queue
from kombu.message import Message

from infra.broker.topology import connect, declare
from infra.logging import logger
from infra.settings import Settings

LINGER_S = 0.004  # how long a batch waits for company once it has its first message
IDLE_S = 1.0
RETRY_MAX_S = 5.0

Process = Callable[[Sequence[Message]], None]


class BatchConsumer:
    """Consumes queues until stopped.

    `process` gets a batch and returns when everything about it is committed. When it raises, the
    batch is kept and tried again: a database that is down delays messages and loses none.
    """

    def __init__(
        self, settings: Settings, queues: Sequence[Queue], process: Process, stop: Event
    ) -> None:
        self._settings, self._queues, self._process, self._stop = settings, queues, process, stop
        self._batch: list[Message] = []

    def run(self, on_ready: Callable[[], None]) -> None:
        """Consume, reconnecting for ever."""
        delay = 0.2
        while not self._stop.is_set():
            try:
                self._consume(on_ready)
                delay = 0.2
            except Exception as error:  # noqa: BLE001 - a broken connection takes many forms
                logger().warning("broker connection lost", error=type(error).__name__)
                self._batch.clear()  # never acknowledged: the broker delivers them again
                self._stop.wait(delay)
                delay = min(delay * 2, RETRY_MAX_S)

    def _consume(self, on_ready: Callable[[], None]) -> None:
        with connect(self._settings) as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
            declare(connection, self._queues)
            consumer = Consumer(
                connection.channel(),
                self._queues,
                on_message=self._batch.append,
                prefetch_count=self._settings.intake_batch_max,
                auto_declare=False,
            )
            declared_at = time.monotonic()
            with consumer:
                on_ready()
                while not self._stop.is_set():
                    self._fill(connection)
                    if self._batch:
                        self._finish()
                    if time.monotonic() - declared_at > RETRY_MAX_S:
                        declare(connection, self._queues)  # a wiped broker forgot the bindings
                        declared_at = time.monotonic()
                    connection.heartbeat_check()

    def _fill(self, connection: Any) -> None:
        wait = IDLE_S
        while len(self._batch) < self._settings.intake_batch_max and not self._stop.is_set():
            try:
                connection.drain_events(timeout=wait)
            except TimeoutError:
                return
            wait = LINGER_S

    def _finish(self) -> None:
        delay = 0.1
        while not self._stop.is_set():
            try:
                self._process(self._batch)
            except Exception:  # noqa: BLE001 - whatever it was, the batch is still ours
                logger().exception("the batch could not be processed; it is kept and tried again")
                self._stop.wait(delay)
                delay = min(delay * 2, RETRY_MAX_S)
            else:
                for message in self._batch:
                    message.ack()
                self._batch.clear()
                return
