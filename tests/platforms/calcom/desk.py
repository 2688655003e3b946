"""One connected Cal.com: actions carried on without waiting, and what became of them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.exchange import Exchange, Transport
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.calcom.cases import booking, connected
from workers.execute import execute
from workers.fleet import Fleet

BOOKED, ADDED = "calcom.booking.created", "calcom.guest.added"
BOOKING, GUESTS = "/v2/bookings$", "/guests$"


class Desk:
    """What a test does at it."""

    def __init__(self, fleet: Fleet, world: World, sandbox: Sandbox) -> None:
        self.fleet, self.world, self.sandbox = fleet, world, sandbox
        sandbox.control("POST", "/limits", {"platform": "calcom", "booking_guests_add": None})
        self.integration = connected(world)

    def submit(self, request: Any) -> UUID:
        return self.world.submit(request)

    def book(self, **more: Any) -> Any:
        """A booking carried out at once: its action's row."""
        return self.done(self.submit(booking(self.world, **more)))

    def done(self, action: UUID) -> Any:
        execute(self.fleet, action)
        return self.world.action(action)

    def lost(self, fault: str, path: str = BOOKING, **more: Any) -> Callable[[Any], UUID]:
        """Have the answer to the next such POST lost; returns how to submit one that loses it."""

        def send(request: Any) -> UUID:
            self.sandbox.fault("calcom", fault, method="POST", path=path, **more)
            action = self.submit(request)
            execute(self.fleet, action)
            assert self.world.status(action) == "reconciling"
            return action

        return send

    def age(self) -> None:
        """Let the time pass after which an absence is believed."""
        with self.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))

    def park(self, action: UUID) -> None:
        """Let it be so old that a person is asked."""
        with self.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE effects SET created_at = now() - interval '3 days'"))
        assert self.again(action).status == "parked"

    def again(self, action: UUID, fleet: Fleet | None = None, times: int = 1) -> Any:
        """Take it up again, as if what it waits for were over; its action's row."""
        for _ in range(times):
            with self.fleet.database.transaction() as tx:
                tx.execute(text("UPDATE budgets SET blocked_until = NULL"))
                tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
            execute(fleet or self.fleet, action)
        return self.world.action(action)

    def through(self, change: Callable[[Exchange], None]) -> Fleet:
        """A fleet to whom answers arrive changed."""
        return replace(self.fleet, transport=Changed(self.fleet.transport, change))

    def with_transport(self, transport: Any) -> Fleet:
        return replace(self.fleet, transport=transport)

    def bookings(self) -> list[Any]:
        found: list[Any] = self.sandbox.control("GET", "/calcom/bookings")["bookings"]
        return found

    def effect(self, action: UUID) -> Any:
        (*_, row) = self.world.rows(
            "SELECT * FROM effects WHERE action_id = :a ORDER BY ordinal", a=action
        )
        return row


class Changed:
    """A transport that changes answers as they come in."""

    def __init__(self, inner: Transport, change: Callable[[Exchange], None]) -> None:
        self.inner, self.change = inner, change

    def carry(self, exchange: Exchange) -> None:
        self.inner.carry(exchange)
        self.change(exchange)


def answered(exchange: Exchange) -> Any:
    return json.loads(exchange.answer)


def answer_with(exchange: Exchange, document: Any) -> None:
    exchange.answer = json.dumps(document).encode()
