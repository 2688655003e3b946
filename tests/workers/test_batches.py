"""Invoices of one organisation that are due together go out in one call; each has its own fate."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute
from workers.fleet import Fleet

CREATED = "xero.invoice.created"


@pytest.fixture(autouse=True)
def _settled(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "/faults")


def submitted(world: World, count: int, **params: str) -> list[UUID]:
    """So many invoices, each of a deal of its own, which need nothing read before they go out."""
    customer = world.customer()
    first, _ = world.deal({}, customer=customer)
    execute(world.fleet, world.invoice(first))  # the organisation and the contact are known now
    wanted = {"due_date": "2030-01-31"} | params
    return [world.invoice(world.deal({}, customer=customer)[0], **wanted) for _ in range(count)]


def calls(world: World, method: str = "PUT") -> list[int]:
    """How many went out in each call since the first invoice, in order."""
    rows = world.rows(
        "SELECT at, count(*) AS n FROM integration_log WHERE method = :m AND url LIKE '%/Invoices%'"
        " AND url NOT LIKE '%/OnlineInvoice' GROUP BY at ORDER BY at",
        m=method,
    )
    return [row.n for row in rows][1:]


def statuses(world: World, actions: list[UUID]) -> Counter[str]:
    rows = world.rows("SELECT status FROM actions WHERE id = ANY(:ids)", ids=actions)
    return Counter(row.status for row in rows)


def carry_on(world: World, actions: list[UUID], times: int = 30) -> None:
    """Do what the relay and the workers do, one after another, without waiting for the clock."""
    for _ in range(times):
        open_ones = world.rows(
            "UPDATE actions SET due_at = now() - interval '1 s', rung_at = NULL"
            " WHERE id = ANY(:ids) AND finished_at IS NULL AND status <> 'parked' RETURNING id",
            ids=actions,
        )
        for row in open_ones:
            execute(world.fleet, row.id)
        if not open_ones:
            return


def test_fifty_due_go_out_in_one_call(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    actions = submitted(world, 50)
    execute(fleet, actions[7])
    assert statuses(world, actions) == {"succeeded": 50}
    assert calls(world) == [50]
    assert sandbox.count(CREATED) == 51
    numbers = {world.action(one).result["invoice_id"] for one in actions}
    assert len(numbers) == 50
    rows = world.rows("SELECT effect_id, deal_id, platform_invoice_id FROM invoices")
    by_deal = {row.deal_id: row.platform_invoice_id for row in rows}
    for one in actions:
        action = world.action(one)
        assert by_deal[action.deal_id] == action.result["invoice_id"]
    assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")
