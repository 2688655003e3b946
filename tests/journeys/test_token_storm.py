"""One token, many processes: renewed once, whoever dies while renewing it."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
RENEWED = "xero.token.refreshed"
PROCESSES = 8


def expire(world: World) -> None:
    fleet = world.fleet
    (row,) = world.rows("SELECT id, credentials FROM connections WHERE platform = 'xero'")
    held = fleet.vault.unlock(bytes(row.credentials))
    held["expires_at"] = (fleet.now() - timedelta(minutes=10)).isoformat()
    with fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE connections SET credentials = :c, version = version + 1 WHERE id = :i"),
            {"c": fleet.vault.lock(held), "i": row.id},
        )


def contacts(world: World, count: int) -> list:
    found = []
    for _ in range(count):
        customer = world.customer(f"Customer {uuid4().hex[:8]}", f"{uuid4().hex[:8]}@storm.test")
        params = {"customer_id": str(customer)}
        found.append(world.submit(world.request("xero_create_contact", params)))
    return found


def more_organisations_of_the_connection(world: World, sandbox: Sandbox, count: int) -> list:
    """Integrations of their own, with budgets of their own, under the one token."""
    made = sandbox.control("POST", "/xero/organisations", {"count": count})["organisations"]
    with world.fleet.database.transaction() as tx:
        return [
            tx.execute(
                text(
                    "INSERT INTO integrations (id, workspace_id, platform, name, tenant_key,"
                    " connection_id, settings) SELECT gen_random_uuid(), workspace_id, platform,"
                    " :name, :tenant, connection_id, settings FROM integrations WHERE id = :id"
                    " RETURNING id"
                ),
                {"name": one["name"], "tenant": one["tenant"], "id": world.xero},
            ).scalar_one()
            for one in made
        ]


@pytest.mark.deep
@pytest.mark.parametrize("count", [3, pytest.param(PROCESSES, id="eight processes")])
def test_a_storm_of_processes_with_one_dead_token_renews_it_once(
    world: World, sandbox: Sandbox, processes: Processes, count: int
) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000, "concurrent": 1000})
    sandbox.fault("xero", "latency", path="/connect/token", seconds=0.5)
    others = more_organisations_of_the_connection(world, sandbox, 7)
    expire(world)
    actions = []
    for integration in [world.xero, *others]:
        customers = [world.customer(f"C {uuid4().hex[:8]}", "") for _ in range(5)]
        for customer in customers:
            params = {"customer_id": str(customer)}
            request = world.request("xero_create_contact", params, None, integration)
            actions.append(world.submit(request))
    names = [f"xero-{number}" for number in range(count)]
    processes.keep_alive(*names)
    for name in names:
        processes.wait_ready(name, 180)
    processes.start("relay", "beat")
    began = time.monotonic()
    assert set(world.ended(*actions, seconds=120)) == {"succeeded"}
    took = time.monotonic() - began
    assert sandbox.count(RENEWED) == 1
    assert world.events("integration.paused") == []
    print(f"{count} processes, {len(actions)} actions, one renewal, {took:.1f} s in all")  # noqa: T201


@pytest.mark.deep
def test_a_process_killed_while_it_renews_is_followed_by_another_within_seconds(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.fault("xero", "hold_before_commit", path="/connect/token", times=1)
    expire(world)
    processes.start("relay", "beat", "xero-a")
    (action_id,) = contacts(world, 1)
    eventually(sandbox.held)
    processes.start("xero-b")
    processes.kill("xero-a")
    began = time.monotonic()
    assert world.ended(action_id, seconds=40) == ["succeeded"]
    assert time.monotonic() - began < 15, "far less than the lease's end"
    sandbox.control("POST", "/held/release", {})
    assert sandbox.count(RENEWED) >= 1
    assert world.events("integration.paused") == []


@pytest.mark.deep
def test_a_process_killed_after_xero_renewed_leaves_a_token_that_still_renews(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.fault("xero", "hold_after_commit", path="/connect/token", times=1)
    expire(world)
    processes.start("relay", "beat", "xero-a")
    (action_id,) = contacts(world, 1)
    eventually(sandbox.held)
    processes.start("xero-b")
    processes.kill("xero-a")
    sandbox.control("POST", "/held/release", {})
    assert world.ended(action_id, seconds=40) == ["succeeded"]
    assert sandbox.count(RENEWED) == 2, "the second with the pair the first had replaced"
    assert world.events("integration.paused") == []
