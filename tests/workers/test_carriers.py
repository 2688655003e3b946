"""An effect that another integration of the workspace carries out, and one that may fail."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.outcome import Rejected
from domain.actions.plan import Done, Effect, Known, Request, Result, Step
from domain.actions.retry import RetryPolicy
from infra.catalogue import Catalogue
from infra.clock import utc_now
from infra.database import integrations
from infra.platform import ActionType
from infra.platforms import slack, xero
from infra.platforms.slack.platform import POST_MESSAGE
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute
from workers.fleet import Fleet

TOLD = replace(
    POST_MESSAGE, name="slack.tell_the_deal", optional=True, retry=RetryPolicy(attempts_max=2)
)


def told_by_slack(_request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """A Xero action whose only effect is a message of the workspace's Slack."""
    if not results:
        return Effect(TOLD.name, {}, known["slack"])
    outcome = results[-1].outcome
    if isinstance(outcome, Rejected):
        return Done({"told": False, "why": outcome.message, "code": outcome.code})
    return Done({"told": True})


@pytest.fixture
def teller(fleet: Fleet, world: World) -> Fleet:
    action = ActionType(
        name="xero_tell",
        params="infra.platforms.slack.params:SendMessage",
        next_effect=told_by_slack,
        known=lambda *_: {"slack": world.slack},
        summary="For this test",
    )
    platforms = (
        replace(slack.PLATFORM, effects=(*slack.PLATFORM.effects, TOLD)),
        replace(xero.PLATFORM, actions=(*xero.PLATFORM.actions, action)),
    )
    world.fleet = replace(fleet, catalogue=Catalogue(platforms))
    return world.fleet


def told(world: World) -> UUID:
    params = {"channel": "C0GENERAL", "text": "for the deal"}
    return world.submit(world.request("xero_tell", params))


def carry_on(fleet: Fleet, action_id: UUID, times: int) -> None:
    for _ in range(times):
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
        execute(fleet, action_id)


def test_the_other_platform_s_workers_carry_it_out_on_its_own_budget(
    teller: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = told(world)
    execute(teller, action_id)
    assert world.action(action_id).queue == "slack"
    assert sandbox.count("slack.message.posted") == 0
    execute(teller, action_id)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count("slack.message.posted") == 1
    (effect,) = world.rows("SELECT platform, budget_key, integration_id FROM effects")
    assert effect.integration_id == world.slack
    assert effect.budget_key.startswith("slack:")
    (row,) = world.rows("SELECT integration_id FROM integration_log")
    assert row.integration_id == world.slack


def test_its_refusal_does_not_end_the_action(teller: Fleet, world: World, sandbox: Sandbox) -> None:
    params = {"channel": "C0ARCHIVED", "text": "nobody reads this"}
    action_id = world.submit(world.request("xero_tell", params))
    carry_on(teller, action_id, 2)
    action = world.action(action_id)
    assert action.status == "succeeded"
    assert action.result["told"] is False
    assert "is_archived" in action.result["why"]


def test_what_would_need_a_person_goes_to_the_plan_instead(
    teller: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    sandbox.fault("slack", "drop_before_commit", path="conversations", times=None)
    action_id = told(world)
    carry_on(teller, action_id, 4)
    with teller.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET created_at = now() - interval '30 hours'"))
    carry_on(teller, action_id, 1)
    sandbox.control("DELETE", "/faults")
    action = world.action(action_id)
    assert (action.status, action.result["told"]) == ("succeeded", False)
    assert action.result["code"] == "outcome_unknown"


def test_it_waits_for_the_other_integration_and_goes_on_when_that_is_back(
    teller: Fleet, world: World, sandbox: Sandbox
) -> None:
    world.set_integration(world.slack, status="error")
    action_id = told(world)
    carry_on(teller, action_id, 2)
    action = world.action(action_id)
    assert action.status == "waiting"
    assert "reconnect" in action.status_reason
    assert action.due_at > utc_now()
    with teller.database.transaction() as tx:
        paused = integrations.find(tx, world.slack)
        assert paused is not None
        integrations.resume(tx, paused, utc_now())
    execute(teller, action_id)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count("slack.message.posted") == 1


def test_an_integration_of_another_workspace_carries_nothing_out(
    teller: Fleet, world: World, sandbox: Sandbox
) -> None:
    world.set_integration(world.slack, workspace_id=world.slack)
    action_id = told(world)
    carry_on(teller, action_id, 6)
    assert world.status(action_id) == "parked"
    assert sandbox.count("slack.message.posted") == 0
