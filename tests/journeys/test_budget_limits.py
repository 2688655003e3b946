"""Many processes, many organisations: the sandbox counts, and never has to refuse a call."""

from uuid import uuid4

import pytest

from infra.wire import read_envelope
from tests.harness.world import eventually
from workers.submit import Incoming, submit

pytestmark = [pytest.mark.processes, pytest.mark.deep]
MINUTE, IN_FLIGHT = 60, 5


def traffic(sandbox):
    return sandbox.control("GET", "/requests?platform=xero")


def calls(world):
    query = "SELECT integration_id, at FROM integration_log WHERE status IS NOT NULL ORDER BY at"
    return world.rows(query)


def new_contact(world, integration_id, priority=0):
    customer = world.customer(f"Customer {uuid4().hex[:8]}", f"{uuid4().hex[:8]}@deal.test")
    params = {"customer_id": str(customer)}
    request = world.request("xero_create_contact", params, integration_id=integration_id)
    item = Incoming(str(request["id"]), read_envelope(request, 24), "test", priority=priority)
    return submit(world.fleet, item).action_id


@pytest.mark.timeout(400)
def test_eight_processes_never_exceed_the_budget_and_use_it(world, sandbox, processes):
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": MINUTE, "window": "sliding"})
    world.set_integration(world.xero, settings={"limits": {"minute": MINUTE, "day": 5000}})
    for _ in range(120):
        new_contact(world, world.xero)
    names = [f"xero-{n}" for n in range(8)]
    for pair in zip(names[::2], names[1::2], strict=True):
        processes.start(*pair)
    processes.start("relay", "beat")
    began = eventually(lambda: calls(world), 30)[0].at
    lasts = 2 * 60 + 10
    eventually(lambda: (world.fleet.now() - began).total_seconds() > lasts, lasts + 10)
    seen = traffic(sandbox)
    made = [row.at for row in calls(world)]
    assert seen["rate_limited"].get("xero", 0) == 0
    assert max(seen["in_flight_max"].values()) <= IN_FLIGHT
    assert len(made) >= 0.9 * 3 * MINUTE, f"{len(made)} of three minutes' worth"


@pytest.mark.timeout(300)
def test_eight_processes_together_have_five_calls_in_flight_and_never_a_sixth(
    world, sandbox, processes
):
    limits = {"platform": "xero", "minute": 100_000, "concurrent": IN_FLIGHT}
    sandbox.control("POST", "/limits", limits)
    sandbox.fault("xero", "latency", path="/Contacts", seconds=0.4, times=None)
    actions = [new_contact(world, world.xero) for _ in range(60)]
    names = [f"xero-{n}" for n in range(8)]
    for pair in zip(names[::2], names[1::2], strict=True):
        processes.start(*pair)
    processes.start("relay", "beat")
    assert set(world.ended(*actions, seconds=150)) == {"succeeded"}
    seen = traffic(sandbox)
    assert seen["rate_limited"].get("xero", 0) == 0
    assert max(seen["in_flight_max"].values()) == IN_FLIGHT
