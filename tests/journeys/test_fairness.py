"""Fifty organisations with a backlog each, two worker processes, and one person."""

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from infra.database.tables import IntegrationRow
from infra.wire import read_envelope
from tests.harness.world import eventually
from workers.submit import Incoming, submit

pytestmark = [pytest.mark.processes, pytest.mark.deep]
ORGANISATIONS = 50
BACKLOG = 6  # scheduled actions of each
AHEAD = 4  # of them done before another organisation's first; all of them would be unfair
RUNG, CARRIED = 20, 20  # scheduled ones in the broker, threads of two workers


@pytest.fixture
def settings(base_settings):
    """A doorbell is not rung anew because the machine is slow: that would be a turn for nothing."""
    return replace(base_settings, ring_again_s=30.0)


def organisations(world, sandbox) -> dict[UUID, str]:
    """Fifty integrations, all of one connection, and the tenant of each."""
    founded = sandbox.control("POST", "/xero/organisations", {"count": ORGANISATIONS})
    (own,) = world.rows("SELECT connection_id FROM integrations WHERE id = :id", id=world.xero)
    rows = [
        {
            "id": uuid4(),
            "workspace_id": world.workspace_id,
            "platform": "xero",
            "name": one["name"],
            "tenant_key": one["tenant"],
            "connection_id": own.connection_id,
            "settings": {},
        }
        for one in founded["organisations"]
    ]
    with world.fleet.database.transaction() as tx:
        tx.execute(insert(IntegrationRow), rows)
    return {row["id"]: row["tenant_key"] for row in rows}


def new_contact(world, integration_id, priority):
    customer = world.customer(f"Customer {uuid4().hex[:8]}", f"{uuid4().hex[:8]}@deal.test")
    params = {"customer_id": str(customer)}
    request = world.request("xero_create_contact", params, integration_id=integration_id)
    item = Incoming(str(request["id"]), read_envelope(request, 24), "test", priority=priority)
    return submit(world.fleet, item).action_id


def created(sandbox) -> list[str]:
    """The tenants of the contacts made, in the order in which Xero was asked for them."""
    seen = sandbox.control("GET", "/requests?platform=xero")["requests"]
    return [
        one["tenant"]
        for one in seen
        if one["method"] in {"PUT", "POST"} and one["path"].endswith("/Contacts")
    ]


@pytest.mark.timeout(300)
def test_fifty_organisations_go_side_by_side_and_a_person_waits_for_none(world, sandbox, processes):
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 60, "concurrent": 5})
    tenants = organisations(world, sandbox)
    for integration_id in tenants:  # one's whole backlog before the next one's
        for _ in range(BACKLOG):
            new_contact(world, integration_id, priority=1)
    processes.start("xero-a", "xero-b")
    processes.start("relay", "beat")

    eventually(lambda: len(created(sandbox)) >= ORGANISATIONS * BACKLOG // 3, 120)
    person = new_contact(world, list(tenants)[17], priority=0)
    assert world.ended(person, seconds=60) == ["succeeded"]
    (ahead,) = world.rows(
        "SELECT count(*) AS n FROM actions a"
        " JOIN action_transitions begun ON begun.action_id = :id AND begun.after = 'running'"
        " JOIN actions its ON its.id = begun.action_id"
        " WHERE a.priority = 1 AND a.finished_at BETWEEN its.created_at AND begun.at",
        id=person,
    )
    eventually(lambda: len(created(sandbox)) > ORGANISATIONS * BACKLOG, 180)

    order = created(sandbox)
    firsts = [order.index(tenant) for tenant in tenants.values()]
    until_last = Counter(order[: max(firsts) + 1])
    assert max(until_last.values()) <= AHEAD, until_last
    assert ahead.n <= RUNG + CARRIED, "more than was rung or under way before it"
    assert sandbox.control("GET", "/requests")["rate_limited"].get("xero", 0) == 0
