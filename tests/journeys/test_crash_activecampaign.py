"""Entries carry no mark: dying anywhere, and many at once on one account, makes one of each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.sandbox.activecampaign import seed
from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.activecampaign.account import ACTION, ENTERED, SYNCED, connected

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]

LATER = (
    (
        "UPDATE effects SET last_send_by = now() - interval '5 min'"
        " WHERE state = 'unknown' AND next_step = 'look_up'"
    ),
    (
        "UPDATE actions SET due_at = now() WHERE id IN (SELECT id FROM actions"
        " WHERE status = 'reconciling' AND lease_owner IS NULL FOR UPDATE SKIP LOCKED)"
    ),
)
"""Whatever was sent has arrived by now."""


def test_an_entry_killed_at_every_boundary_is_made_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    connected(world, sandbox)

    def request_for(number: int) -> dict[str, Any]:
        contact = {"email": f"c{number}@crash.test", "first_name": "Kim"}
        return world.request(ACTION, {**contact, "automation": "Newsletter"})

    def check(action_id: UUID, done: int) -> None:
        assert (sandbox.count(ENTERED), sandbox.count(SYNCED)) == (done, done)
        told = world.rows(
            "SELECT type FROM outbox WHERE subject = :id AND type LIKE 'action.%'",
            id=str(action_id),
        )
        assert [event.type for event in told] == ["action.succeeded"]
        result = world.action(action_id).result
        assert (result["automation_id"], result["already"]) == (seed.NEWSLETTER, False)

    def let_time_pass() -> None:
        for statement in LATER:  # one row lock at a time, for the fleet goes on meanwhile
            with world.fleet.database.transaction() as tx:
                tx.execute(text(statement))

    boundaries = killed_at_every_boundary(world, processes, request_for, check, let_time_pass)
    assert boundaries.count("before the call") == 5
    entries = sandbox.effects("contact_automation.created")
    assert len({entry["mark"] for entry in entries}) == len(boundaries) + 2


def submitted(
    world: World, integrations: list[UUID], params: Callable[[int], dict[str, Any]], count: int
) -> list[UUID]:
    """Actions through several integrations of the account, turn and turn about."""
    return [
        world.submit(
            world.request(
                ACTION, params(number), integration_id=integrations[number % len(integrations)]
            )
        )
        for number in range(count)
    ]


def test_two_integrations_of_an_account_share_its_five_calls_a_second(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    base = f"{sandbox.url}/activecampaign"
    credentials = {"api_url": base, "api_key": seed.API_KEY}
    one = world.add("activecampaign", base.partition("://")[2], credentials)
    another = World(world.fleet)
    two = another.add("activecampaign", base.partition("://")[2], credentials)
    processes.start("relay", "beat", "worker-a", "worker-b")
    params = [{"email": f"k{n}@tidewater.test", "automation_id": seed.WELCOME} for n in range(8)]
    mine = submitted(world, [one], lambda number: params[number], 8)
    theirs = submitted(another, [two], lambda number: {**params[number], "automation_id": "2"}, 8)
    assert world.ended(*mine, *theirs, seconds=90) == ["succeeded"] * 16
    report = sandbox.control("GET", "/requests?platform=activecampaign")
    assert report["rate_limited"]["activecampaign"] == 0
    assert sandbox.count(ENTERED) == 16


def test_many_at_once_for_one_contact_each_find_their_own(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    integration = connected(world, sandbox)
    processes.start("relay", "beat", "worker-a", "worker-b")
    sandbox.fault("activecampaign", "status_after_commit", method="POST",
                  path="/contactAutomations$", status=500, times=3)  # fmt: skip
    params = {"contact_id": seed.CONTACT, "automation_id": seed.NEWSLETTER}
    actions = submitted(world, [integration], lambda _number: params, 6)
    assert world.ended(*actions, seconds=150) == ["succeeded"] * 6
    told = {world.action(one).result["contact_automation_id"] for one in actions}
    assert (sandbox.count(ENTERED), len(told)) == (6, 6)
