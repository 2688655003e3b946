"""Several invoices that are due together, and what became of them."""

from collections import Counter
from uuid import UUID, uuid4

from sqlalchemy import text

from infra.database.actions import void_dead_leases
from tests.harness.world import World
from workers.execute import execute
from workers.fleet import Fleet


def submitted(world: World, count: int, **params: str) -> list[UUID]:
    """So many invoices, each of a deal of its own, which need nothing read before they go out."""
    name = uuid4().hex[:8]
    customer = world.customer(f"Customer {name}", f"{name}@batch.test")
    first, _ = world.deal({}, customer=customer)
    execute(world.fleet, world.invoice(first))  # the organisation and the contact are known now
    wanted = {"due_date": "2030-01-31"} | params
    return [world.invoice(world.deal({}, customer=customer)[0], **wanted) for _ in range(count)]


def calls(world: World, method: str = "PUT") -> list[int]:
    """How many went out in each call since the first invoice, in order."""
    rows = world.rows(
        "SELECT at, count(*) AS n FROM integration_log WHERE method = :m AND url LIKE '%/Invoices%'"
        " AND seconds > 0 AND url NOT LIKE '%/OnlineInvoice' GROUP BY at ORDER BY at",
        m=method,
    )
    return [row.n for row in rows][1:]


def statuses(world: World, actions: list[UUID]) -> Counter[str]:
    rows = world.rows("SELECT status FROM actions WHERE id = ANY(:ids)", ids=actions)
    return Counter(row.status for row in rows)


def carry_on(world: World, actions: list[UUID], times: int = 30) -> None:
    """Do what the relay and the workers do, one after another, without waiting for the clock."""
    for _ in range(times):
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s', rung_at = NULL"))
        rows = world.rows("SELECT id FROM actions WHERE finished_at IS NULL AND status <> 'parked'")
        open_ones = [one for one in actions if one in {row.id for row in rows}]
        for one in open_ones:
            execute(world.fleet, one)
        if not open_ones:
            return


def die(fleet: Fleet) -> None:
    """As if the process that holds the leases had died."""
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET lease_until = now() - interval '1 s'"))
        void_dead_leases(tx, fleet.now())
