"""Who is rung: nobody whose tenant has no budget, people before schedules, tenants side by side."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.actions.outcome import Blocks
from infra.database import budgets, dispatch
from infra.wire import read_envelope
from workers.execute import execute
from workers.submit import Incoming, submit

IN_FLIGHT = {"slack": 5, "xero": 5}
BACKLOG = 40


def rung(fleet, later=0.0, backlog=BACKLOG):
    with fleet.database.transaction() as tx:
        now = fleet.now() + timedelta(seconds=later)
        return [bell.action_id for bell in dispatch.take_doorbells(tx, IN_FLIGHT, backlog, now)]


def scheduled(world, **integration):
    params = {"channel": "C0GENERAL", "text": "scheduled"}
    request = world.request("slack_send_message", params, **integration)
    item = Incoming(str(request["id"]), read_envelope(request, 24), "test", priority=1)
    return submit(world.fleet, item).action_id


def limited(world, **limits):
    world.set_integration(world.slack, settings={"limits": limits})


def test_a_tenant_without_budget_is_not_rung_and_is_when_it_has_one(fleet, world, sandbox):
    limited(world, minute=3)
    ids = [world.message(f"message {n}") for n in range(30)]
    for action_id in ids[:3]:
        execute(fleet, action_id)
    assert rung(fleet) == []
    claims = "SELECT sum(lease_token) AS n FROM actions"
    (before,) = world.rows(claims)
    assert rung(fleet, later=50) == []
    assert world.rows(claims) == [before]
    assert len(rung(fleet, later=65)) == 3, "as many as it has calls left, not the whole backlog"


def test_a_limit_raised_in_the_settings_is_seen_at_once(fleet, world, sandbox):
    limited(world, minute=1)
    execute(fleet, world.message())
    waiting = world.message("waits")
    assert rung(fleet) == []
    limited(world, minute=100)
    assert rung(fleet) == [waiting]


@pytest.mark.parametrize("limit", [10**12, 1e300, -(10**12), 2**31 - 1, 0.4])
def test_a_limit_nobody_can_mean_holds_up_nobody_else(fleet, world, sandbox, limit):
    other = world.add_slack("T0OTHER")
    params = {"channel": "C0GENERAL", "text": "hello"}
    execute(fleet, world.message())  # both have a window
    theirs = world.request("slack_send_message", params, integration_id=other)
    execute(fleet, world.submit(theirs))
    world.set_integration(other, settings={"limits": {"minute": limit, "in_flight": limit}})
    again = world.submit(world.request("slack_send_message", params, integration_id=other))
    waiting = world.message("waits")
    assert waiting in rung(fleet)
    execute(fleet, again)
    assert world.status(again) == ("succeeded" if limit > 1 else "waiting")


def test_a_blocked_tenant_holds_up_nobody_else(fleet, world, sandbox):
    other = world.add_slack("T0OTHER")
    params = {"channel": "C0GENERAL", "text": "hello"}
    world.message("waits")
    free = world.submit(world.request("slack_send_message", params, integration_id=other))
    limits = fleet.catalogue.platforms["slack"].limits
    (row,) = world.rows("SELECT tenant_key FROM integrations WHERE id = :id", id=world.slack)
    until = fleet.now() + timedelta(hours=1)
    with fleet.database.transaction() as tx:
        budgets.block(tx, f"slack:{row.tenant_key}", limits, Blocks.TENANT, until, fleet.now())
    assert rung(fleet) == [free]


def test_schedules_leave_a_place_to_people(fleet, world, sandbox):
    for _ in range(9):
        scheduled(world)
    assert len(rung(fleet)) == 4
    person = world.message("a person's")
    assert rung(fleet) == [person]


def test_schedules_of_many_leave_room_in_the_broker_and_none_is_passed_over(fleet, world, sandbox):
    tenants = [world.add_slack(f"T0{uuid4().hex[:6]}") for _ in range(8)]
    for tenant in tenants:
        for _ in range(3):
            scheduled(world, integration_id=tenant)
    first = rung(fleet, backlog=16)
    of = {
        row.integration_id for row in world.rows("SELECT * FROM actions WHERE rung_at IS NOT NULL")
    }
    assert len(first) == 8
    assert of == set(tenants), "one of each"
    person = world.message("a person's")
    assert rung(fleet, backlog=16) == [person]


def test_with_room_for_few_tenants_are_rung_in_turn_over_time(fleet, world, sandbox):
    tenants = [world.add_slack(f"T0{uuid4().hex[:6]}") for _ in range(6)]
    of = {scheduled(world, integration_id=tenant): tenant for tenant in tenants for _ in range(3)}
    order = []
    for _ in range(9):
        bells = rung(fleet, backlog=4)
        for action_id in bells:
            execute(fleet, action_id)
        order += [of[action_id] for action_id in bells]
    rounds = [set(order[n : n + 6]) for n in (0, 6, 12)]
    assert rounds == [set(tenants)] * 3, "every one's first before anyone's second, and so on"


def test_the_turns_of_people_are_not_those_of_schedules(fleet, world, sandbox):
    tenants = [world.add_slack(f"T0{uuid4().hex[:6]}") for _ in range(3)]
    of = {scheduled(world, integration_id=tenant): tenant for tenant in tenants for _ in range(4)}
    busy, seen = tenants[0], []
    params = {"channel": "C0GENERAL", "text": "a person's"}
    for _ in range(6):
        person = world.submit(world.request("slack_send_message", params, integration_id=busy))
        bells = rung(fleet, backlog=4)
        assert person in bells
        for action_id in bells:
            execute(fleet, action_id)
        seen += [of[one] for one in bells if one in of]
    assert seen.count(busy) == 2, seen
