"""Plain JSON requests on Redis: `LPUSH fleet.actions.plain <json>`, moved reliably.

A message goes to this process's own processing list and is removed from it after the commit. The
list of a process that is gone is put back by whoever notices.
"""

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any
from uuid import uuid4

from redis import Redis

from infra.broker.topology import PLAIN_REQUESTS
from infra.logging import logger
from workers.arrived import Arrived
from workers.fleet import Fleet

ALIVE_S = 30  # a processing list whose owner has not been heard of for so long is put back
CHECK_EVERY_S = 10.0


def run(fleet: Fleet, stop: Event, take_in: Callable[[Fleet, Sequence[Arrived]], None]) -> None:
    """Move messages in until stopped; reconnect for ever."""
    owner = uuid4().hex
    while not stop.is_set():
        try:
            client = Redis.from_url(fleet.settings.broker_url, socket_timeout=15)
            _Mover(client, owner, fleet, take_in).run(stop)
        except Exception as error:  # noqa: BLE001 - broker or database: both come back
            logger().warning("plain intake interrupted", error=type(error).__name__)
            stop.wait(1.0)


class _Mover:
    def __init__(
        self,
        client: Redis,
        owner: str,
        fleet: Fleet,
        take_in: Callable[[Fleet, Sequence[Arrived]], None],
    ) -> None:
        self.client: Any = client
        self.fleet, self.take_in = fleet, take_in
        self.mine = f"{PLAIN_REQUESTS}.processing:{owner}"
        self.alive = f"{PLAIN_REQUESTS}.alive:"
        self.owner = owner

    def run(self, stop: Event) -> None:
        self._put_back(self.owner)  # what an interrupted round of our own left
        since_check = CHECK_EVERY_S
        while not stop.is_set():
            self.client.set(self.alive + self.owner, 1, ex=ALIVE_S)
            if since_check >= CHECK_EVERY_S:
                self._adopt()
                since_check = 0.0
            if self._take() == 0:
                since_check += 1.0

    def _take(self) -> int:
        first = self.client.blmove(PLAIN_REQUESTS, self.mine, 1.0, src="RIGHT", dest="LEFT")
        if first is None:
            return 0
        bodies = [first]
        while len(bodies) < self.fleet.settings.intake_batch_max:
            body = self.client.lmove(PLAIN_REQUESTS, self.mine, src="RIGHT", dest="LEFT")
            if body is None:
                break
            bodies.append(body)
        self.take_in(self.fleet, [Arrived(bytes(body), {}, "plain") for body in bodies])
        self.client.delete(self.mine)
        return len(bodies)

    def _adopt(self) -> None:
        for key in self.client.scan_iter(match=f"{PLAIN_REQUESTS}.processing:*", count=100):
            owner = key.decode().rpartition(":")[2]
            if owner != self.owner and not self.client.exists(self.alive + owner):
                self._put_back(owner)

    def _put_back(self, owner: str) -> None:
        source = f"{PLAIN_REQUESTS}.processing:{owner}"
        while self.client.lmove(source, PLAIN_REQUESTS, src="LEFT", dest="RIGHT") is not None:
            pass
