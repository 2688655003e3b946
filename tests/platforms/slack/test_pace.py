"""Messages to one channel are paced, and hold nobody else; look-ups have a limit of their own."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from infra.sandbox import seed
from tests.harness.world import World
from workers.execute import execute

POSTED = "slack.message.posted"


@pytest.fixture
def paced(world: World) -> World:
    """A workspace with the platform's own limits."""
    world.slack = world.add("slack", seed.SLACK_TEAM, {"token": seed.SLACK_TOKEN})
    return world


def test_a_burst_to_one_channel_waits_and_another_channel_does_not(paced, sandbox):
    sandbox.control("POST", "/limits", {"platform": "slack", "channel_per_second": None})
    burst = [paced.message(f"message {n}") for n in range(12)]
    for action in burst:
        execute(paced.fleet, action)
    assert [paced.status(one) for one in burst] == ["succeeded"] * 10 + ["waiting"] * 2
    other = paced.message("hello", channel="C0SALES")
    execute(paced.fleet, other)
    assert paced.status(other) == "succeeded"
    waiting = paced.action(burst[-1])
    assert waiting.status_reason == "waits for its budget"
    assert waiting.due_at - paced.fleet.now() < timedelta(seconds=13)
    assert sandbox.count(POSTED) == 11


def test_too_many_for_one_channel_hold_that_channel_only(world, sandbox):
    sandbox.fault("slack", "rate_limited", path="chat.postMessage", retry_after=40)
    first, second = world.message("one"), world.message("two")
    execute(world.fleet, first)
    execute(world.fleet, second)
    assert [world.status(first), world.status(second)] == ["waiting", "waiting"]
    assert len(requests(sandbox, "chat.postMessage")) == 1, "the second knew"
    other = world.message("three", channel="C0SALES")
    execute(world.fleet, other)
    assert world.status(other) == "succeeded"


def test_an_app_with_one_look_up_a_minute_still_posts(world, sandbox):
    world.set_integration(world.slack, settings={"limits": {"history": 1}})
    lost = [world.message(f"lost {n}") for n in range(3)]
    for action in lost:
        sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
        execute(world.fleet, action)
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
    for action in lost:
        execute(world.fleet, action)
    assert sorted(world.status(one) for one in lost) == ["reconciling"] * 2 + ["succeeded"]
    assert len(requests(sandbox, "conversations.history")) == 1
    posted = world.message("and more")
    execute(world.fleet, posted)
    assert world.status(posted) == "succeeded"


def test_a_look_up_too_many_holds_no_message(world, sandbox):
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    lost = world.message("lost")
    execute(world.fleet, lost)
    sandbox.fault("slack", "rate_limited", path="conversations.history", retry_after=60)
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
    execute(world.fleet, lost)
    assert world.status(lost) == "reconciling"
    posted = world.message("another")
    execute(world.fleet, posted)
    assert world.status(posted) == "succeeded"


def requests(sandbox, path):
    report = sandbox.control("GET", "/requests?platform=slack")
    return [one for one in report["requests"] if path in one["path"]]
