"""Repeating invoices carry no mark: dying anywhere, and many at once, makes one template each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]

CREATED = "xero.repeating.created"
LATER = (
    (
        "UPDATE calls SET first_sent_at = first_sent_at - interval '5 min'"
        " WHERE first_sent_at > now() - interval '4 min'"
        " AND id IN (SELECT call_id FROM effects WHERE state = 'unknown')"
    ),
    (
        "UPDATE effects SET last_send_by = now() - interval '5 min'"
        " WHERE state = 'unknown' AND next_step = 'look_up'"
    ),
    (
        "UPDATE actions SET due_at = now() WHERE id IN (SELECT id FROM actions"
        " WHERE status = 'reconciling' AND lease_owner IS NULL FOR UPDATE SKIP LOCKED)"
    ),
)
"""The key is forgotten by now, and whatever was sent has arrived."""


@pytest.fixture
def request_for(world: World, sandbox: Sandbox) -> Callable[[int], dict[str, Any]]:
    """Requests that all say the same: one deal, one contact, one content."""
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})
    contact = sandbox.control("POST", "/xero/contacts", {"Name": "Harbour Freight"})
    deal, (line,) = world.deal({})

    def asked(_number: int) -> dict[str, Any]:
        params = {
            "contact_id": contact["ContactID"],
            "schedule_period": 1,
            "schedule_unit": "MONTHLY",
            "account_code": "200",
            "tax_type": "OUTPUT",
            "deal_product_ids": [str(line)],
        }
        return world.request("xero_create_repeating_invoice", params, deal)

    return asked


def ours(world: World) -> list[str]:
    rows = world.rows("SELECT platform_template_id FROM repeating_invoices")
    return [row.platform_template_id for row in rows]


@pytest.mark.parametrize("window_over", [True, False])
def test_a_template_killed_at_every_boundary_is_set_up_once(
    world: World,
    sandbox: Sandbox,
    processes: Processes,
    request_for: Callable[[int], dict[str, Any]],
    *,
    window_over: bool,
) -> None:
    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count(CREATED) == done
        assert len(set(ours(world))) == len(ours(world)) == done
        told = world.rows(
            "SELECT * FROM outbox WHERE subject = :id AND type LIKE 'action.%'", id=str(action_id)
        )
        assert [event.type for event in told] == ["action.succeeded"]

    def let_time_pass() -> None:
        if not window_over:
            return
        for statement in LATER:  # one row lock at a time, for the fleet goes on meanwhile
            with world.fleet.database.transaction() as tx:
                tx.execute(text(statement))

    boundaries = killed_at_every_boundary(world, processes, request_for, check, let_time_pass)
    assert boundaries.count("before the call") == 2
    assert len(world.events("repeating_invoice.created")) == len(boundaries) + 2
    looked_up = world.rows("SELECT id FROM integration_log WHERE step = 'look_up'")
    assert bool(looked_up) is window_over


def test_many_at_once_for_one_contact_each_find_their_own(
    world: World,
    sandbox: Sandbox,
    processes: Processes,
    request_for: Callable[[int], dict[str, Any]],
) -> None:
    processes.start("relay", "beat", "worker-a", "worker-b")
    sandbox.fault("xero", "status_after_commit", method="PUT", path="/RepeatingInvoices",
                  status=500, times=3)  # fmt: skip
    actions = [world.submit(request_for(number)) for number in range(6)]
    assert world.ended(*actions, seconds=150) == ["succeeded"] * 6
    assert sandbox.count(CREATED) == 6
    told = {world.action(one).result["repeating_invoice_id"] for one in actions}
    assert told == set(ours(world))
    assert len(told) == 6
