"""Carrying a case's action on without waiting for the clock, and what to look at meanwhile."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import text

from infra.exchange import Exchange, Transport
from infra.platforms import CATALOGUE
from tests.conformance.case import Case, Request
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.commands import resume
from workers.execute import execute
from workers.fleet import Fleet

ROUNDS = 12
QUEUES_MAX = 3


@dataclass
class Trial:
    """One action of a case, and the world it happens in."""

    case: Case
    world: World
    sandbox: Sandbox
    request: Request
    before: int
    action: UUID

    @classmethod
    def of(cls, case: Case, world: World, sandbox: Sandbox, request: Request) -> "Trial":
        before = sandbox.count(case.happened)
        return cls(case, world, sandbox, request, before, world.submit(request))

    def fault(self, fault: str, **more: Any) -> None:
        """Order a fault for the call that carries the effect."""
        where = {"method": self.case.method, "path": self.case.path}
        self.sandbox.fault(self.case.platform, fault, **where, **more)

    @property
    def status(self) -> str:
        return self.world.status(self.action)

    @property
    def row(self) -> Any:
        return self.world.action(self.action)

    @property
    def happened(self) -> int:
        return self.sandbox.count(self.case.happened) - self.before

    @property
    def sent(self) -> int:
        """How often the call came to the platform."""
        fleet = self.world.rows(
            "SELECT 1 FROM integration_log WHERE effect_id IN (SELECT id FROM effects WHERE"
            " action_id = :a AND name = :n) AND step <> 'look_up' AND method = :m AND seconds > 0",
            a=self.action,
            n=self.case.effect,
            m=self.case.method,
        )
        return len(fleet)

    @property
    def effect(self) -> Any:
        (*_, row) = self.world.rows(
            "SELECT * FROM effects WHERE action_id = :a AND name = :n ORDER BY ordinal",
            a=self.action,
            n=self.case.effect,
        )
        return row

    def execute(self, fleet: Fleet | None = None) -> None:
        """Carry it on until the effect has been tried: other queues may come first."""
        for _ in range(QUEUES_MAX):
            execute(fleet or self.world.fleet, self.action)
            if self._tried or self.status != "waiting":
                return

    @property
    def _tried(self) -> bool:
        tried = "SELECT 1 FROM effects WHERE action_id = :a AND name = :n AND attempt > 0"
        return bool(self.world.rows(tried, a=self.action, n=self.case.effect))

    def carry_on(self, rounds: int = 1) -> None:
        """Do what the relay and the workers do, as if what it waits for were over."""
        for _ in range(rounds):
            if self.case.deliver is not None:
                self.case.deliver(self.world, self.sandbox)
            if self.row.finished_at is not None or self.status == "parked":
                return
            self.execute_as_due()

    def execute_as_due(self, fleet: Fleet | None = None) -> None:
        """Carry it on as if what it waits for were over."""
        with self.world.fleet.database.transaction() as tx:
            tx.execute(text("DELETE FROM budgets"))
            tx.execute(
                text(
                    "UPDATE actions SET due_at = now() - interval '1 s', rung_at = NULL"
                    " WHERE id = :id"
                ),
                {"id": self.action},
            )
        self.execute(fleet)

    def let_it_settle(self) -> None:
        """Let the time pass after which an absence is believed."""
        with self.world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))

    def age(self) -> None:
        """Let the time pass after which an absence is believed, or a person is asked."""
        self.let_it_settle()
        with self.world.fleet.database.transaction() as tx:
            if self.case.parks:
                too_old = CATALOGUE.effect(self.case.effect)[1].retry.age_max * 1.5
                aged = text("UPDATE effects SET created_at = now() - :age WHERE name = :name")
                tx.execute(aged, {"age": too_old, "name": self.case.effect})

    def ends_once(self) -> None:
        """Whatever was in doubt is settled, and it happened once."""
        self.carry_on(ROUNDS)
        self.age()
        self.carry_on(ROUNDS)
        if self.status == "parked" and self.case.parks:
            self._told_by_a_person()
            self.carry_on(ROUNDS)
        assert (self.status, self.row.error if self.status != "succeeded" else None) == (
            "succeeded",
            None,
        )
        assert self.happened == self.case.times
        assert self._changing_effects <= set(CATALOGUE.actions[self.row.action_type].effects)

    @property
    def _changing_effects(self) -> set[str]:
        rows = self.world.rows("SELECT name FROM effects WHERE action_id = :a", a=self.action)
        return {row.name for row in rows if CATALOGUE.effect(row.name)[1].guarantee.changes}

    def _told_by_a_person(self) -> None:
        """A person looks at the platform and says what they see."""
        if self.happened:
            resume(self.world.fleet, self.action, who="test", happened="seen-by-a-person")
        else:
            resume(self.world.fleet, self.action, who="test", did_not_happen=True)


class Nowhere:
    """A transport that finds nobody where the case's call should go."""

    def __init__(self, inner: Transport, case: Case) -> None:
        self.inner, self.case = inner, case

    def carry(self, exchange: Exchange) -> None:
        wanted = re.search(self.case.path, urlsplit(exchange.url).path)
        if exchange.method == self.case.method and wanted:
            nobody = urlsplit(exchange.url)._replace(netloc="127.0.0.1:9")
            exchange.url = urlunsplit(nobody)
        self.inner.carry(exchange)


class Mumbling:
    """A transport that carries everything out and brings one and the same body back."""

    def __init__(self, inner: Transport, body: bytes) -> None:
        self.inner, self.body = inner, body

    def carry(self, exchange: Exchange) -> None:
        self.inner.carry(exchange)
        exchange.answer = self.body


def with_transport(fleet: Fleet, make: Callable[[Transport], Any]) -> Fleet:
    return replace(fleet, transport=make(fleet.transport))
