"""Tells the broker what the database says: rings doorbells, publishes events.

Woken by PostgreSQL's NOTIFY after each commit that matters, and by itself every second. Several
relays are as good as one: a doorbell is taken by an update, events are published by the leader
alone, so that a deal's events go out in order. Who subscribed gets its deliveries queued in the
transaction that marks an event as published: none is lost, and none is there twice.
"""

import time
from collections.abc import Iterator, Sequence
from threading import Event

import psycopg

from infra.boundary import boundary, carrying
from infra.broker.doorbell import Teller
from infra.database import dispatch, outbox
from infra.database.leadership import Leadership
from infra.database.outbox import Waiting
from infra.logging import logger
from infra.settings import plain_database_url
from workers import process, traced
from workers.fan_out import fan_out
from workers.fleet import Fleet

EVENTS_PER_ROUND = 200
IDLE_S = 1.0
PAUSE_S = 0.03  # between rounds under load: what commits meanwhile goes out together
DECLARE_EVERY_S = 5.0
RETRY_MAX_S = 5.0


class Relay:
    """One round after another."""

    def __init__(self, fleet: Fleet, stop: Event) -> None:
        self._fleet, self._stop = fleet, stop
        self._teller = Teller(fleet.settings, fleet.catalogue.queues, fleet.catalogue.task_name)
        self._leadership = Leadership(fleet.database, "relay")

    def run(self) -> None:
        """Work until stopped, reconnecting for ever."""
        delay, said = 0.2, False
        while not self._stop.is_set():
            try:
                with self._listen() as listening:
                    self._teller.declare()
                    if not said:
                        process.ready("relay")
                        said = True
                    delay = 0.2
                    self._rounds(listening)
            except Exception as error:  # noqa: BLE001 - database or broker: both come back
                logger().warning("relay interrupted", error=type(error).__name__)
                self._teller.reset()
                self._leadership.release()
                self._stop.wait(delay)
                delay = min(delay * 2, RETRY_MAX_S)
        self._leadership.release()

    def _listen(self) -> psycopg.Connection[tuple[object, ...]]:
        url = plain_database_url(self._fleet.settings.database_url)
        connection = psycopg.connect(
            url, autocommit=True, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
        )
        connection.execute("LISTEN fleet")
        return connection

    def _rounds(self, listening: psycopg.Connection[tuple[object, ...]]) -> None:
        declared_at = time.monotonic()
        while not self._stop.is_set():
            if self._round() == 0:
                for _ in listening.notifies(timeout=IDLE_S, stop_after=1):
                    pass
            else:
                self._stop.wait(PAUSE_S)
            if time.monotonic() - declared_at > DECLARE_EVERY_S:
                self._teller.declare()
                declared_at = time.monotonic()

    def _round(self) -> int:
        return self.ring() + self.publish()

    def ring(self) -> int:
        """Ring what is due and may be rung; return how many."""
        fleet = self._fleet
        with fleet.database.transaction() as tx:
            doorbells = dispatch.take_doorbells(
                tx, fleet.catalogue.in_flight(), fleet.settings.backlog_per_queue_max, fleet.now()
            )
        if doorbells:
            try:
                self._teller.ring(doorbells)
            except Exception:
                with fleet.database.transaction() as tx:
                    dispatch.not_rung(tx, [bell.action_id for bell in doorbells])
                raise
        return len(doorbells)

    def publish(self) -> int:
        """Publish the oldest unpublished events if we lead; return how many."""
        if not self._leadership.held():
            return 0
        with self._fleet.database.transaction() as tx:
            waiting = outbox.unpublished(tx, EVENTS_PER_ROUND)
        if waiting:
            carrying(waiting[0].event_id)
            boundary("before publishing")
            self._teller.publish(waiting)
            traced.published(waiting)
            for told in self._queueing(waiting):
                if told < len(waiting):
                    self.ring()  # nobody waits until all deliveries of a large batch are queued
            carrying(None)
        return len(waiting)

    def _queueing(self, published: Sequence[Waiting]) -> Iterator[int]:
        """Queue deliveries and mark as published, part by part; yield how many events are done."""
        place = 0
        while place < len(published):
            with self._fleet.database.transaction() as tx:
                count = fan_out(self._fleet, tx, published[place:])
                done = published[place : place + count]
                outbox.mark_published(tx, [event.id for event in done], self._fleet.now())
            place += count
            yield place


def main() -> None:
    """Run the relay process."""
    fleet, stop = process.start("relay")
    Relay(fleet, stop).run()


if __name__ == "__main__":
    main()
