"""Events and their deliveries without processes: the relay's part, the worker's, in steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from domain.events import Event, EventType
from infra.database import outbox
from tests.harness.receiver import Receiver
from tests.harness.world import World
from workers import subscriptions
from workers.execute import execute
from workers.relay import Relay
from workers.subscribing import Wanted


class Outgoing:
    """A workspace's subscriptions to one receiver."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        self.world, self.fleet, self.receiver = world, world.fleet, receiver
        self.relay = Relay(world.fleet, Flag())
        self.secrets: dict[UUID, str] = {}

    @classmethod
    @contextmanager
    def of(cls, world: World, receiver: Receiver) -> Iterator["Outgoing"]:
        made = cls(world, receiver)
        yield made
        made.relay._leadership.release()
        made.relay._teller.reset()

    def subscribe(self, *types: str, **more: Any) -> UUID:
        wanted = Wanted(self.receiver.url, types or ("*",), **more)
        made = subscriptions.create(self.fleet, self.world.workspace_id, wanted)
        self.secrets[made.id] = made.secret
        return made.id

    def emit(self, *kinds: EventType, deal: UUID | None = None, **data: Any) -> None:
        scope = self.world.workspace_id, deal
        told = [Event(kind, str(uuid4()), {"said": "héllo", **data}, *scope) for kind in kinds]
        with self.fleet.database.transaction() as tx:
            outbox.emit(tx, told, self.fleet.now())

    def publish(self) -> None:
        while self.relay.publish():
            pass

    def deliver(self, rounds: int = 1) -> None:
        """Try all that waits so often, as if its time had come."""
        for _ in range(rounds):
            with self.fleet.database.transaction() as tx:
                tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
                tx.execute(text("UPDATE budgets SET blocked_until = NULL"))
            for row in self.open():
                execute(self.fleet, row.id)

    def open(self) -> list[Any]:
        return self.world.rows(
            "SELECT * FROM actions WHERE platform = 'webhook' AND finished_at IS NULL ORDER BY id"
        )

    def all(self) -> list[Any]:
        return self.world.rows("SELECT * FROM actions WHERE platform = 'webhook' ORDER BY id")

    def only(self) -> Any:
        (row,) = self.all()
        return row

    def send(self, *kinds: EventType) -> None:
        self.emit(*(kinds or (EventType.INVOICE_CREATED,)))
        self.publish()
        self.deliver()
