"""A bad event sinks nobody else's, whatever becomes of the answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from infra.clock import utc_now
from tests.harness.batching import carry_on, statuses
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import (
    blocked,
    calls,
    each_once,
    event,
    request,
    submitted,
    together,
)
from workers.commands import resume
from workers.execute import execute
from workers.fleet import Fleet

DAY = 86_400


def test_three_bad_ones_of_a_hundred_are_isolated_within_few_calls(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    good, bad = submitted(world, 16), blocked(world, sandbox)
    for more in (40, 41):
        good += submitted(world, more)
        bad += blocked(world, sandbox)
    carry_on(world, [*good, *bad], 60)
    assert statuses(world, good) == {"succeeded": 97}
    assert statuses(world, bad) == {"rejected": 3}
    for action in bad:
        error = world.action(action).error
        assert error["message"] == "Meta: Invalid parameter: $['data'][0]: this event is blocked"
        assert error["details"]["fbtrace_id"]
    each_once(sandbox, 97)
    assert together(world)[0] == 100
    assert calls(sandbox) <= 40, together(world)


@pytest.mark.parametrize(
    "lost", ["drop_before_commit", pytest.param("status", marks=pytest.mark.deep)]
)
def test_a_bad_one_sinks_nobody_even_when_the_first_answer_is_lost(
    fleet: Fleet, world: World, sandbox: Sandbox, lost: str
) -> None:
    good, bad = submitted(world, 11), blocked(world, sandbox)
    sandbox.fault("facebook", lost, path="/events")
    execute(fleet, good[0])
    assert statuses(world, [*good, *bad]) == {"reconciling": 12}
    (first,) = world.rows("SELECT first_sent_at FROM calls")
    carry_on(world, [*good, *bad])
    assert statuses(world, good) == {"succeeded": 11}
    assert statuses(world, bad) == {"parked": 1}
    assert "this event is blocked" in world.action(bad[0]).status_reason
    each_once(sandbox, 11)
    assert together(world) == [12, 12, *[1] * 12]
    alone = world.rows("SELECT * FROM calls WHERE jsonb_array_length(members) = 1")
    assert {row.first_sent_at for row in alone} == {first.first_sent_at}
    assert len({row.key for row in alone}) == 12


def test_one_that_has_become_too_old_sinks_nobody_when_it_is_repeated(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    fresh, old = submitted(world, 2), world.submit(request(world, event(6.9 * DAY)))
    sandbox.fault("facebook", "drop_before_commit", path="/events")
    execute(fleet, fresh[0])
    assert statuses(world, [*fresh, old]) == {"reconciling": 3}
    sandbox.control("POST", "/clock", {"advance_seconds": 0.2 * DAY})
    carry_on(world, [*fresh, old])
    assert statuses(world, fresh) == {"succeeded": 2}
    assert world.status(old) == "parked"
    each_once(sandbox, 2)


def test_a_call_taken_apart_is_not_told_again_after_the_window_of_its_first_send(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = [*submitted(world, 2), *blocked(world, sandbox)]
    sandbox.fault("facebook", "drop_after_commit", path="/events")
    sandbox.control("POST", "/facebook/settings", {"refuse": None})
    execute(fleet, actions[0])
    sandbox.control("POST", "/facebook/settings", {"refuse": {"Blocked": "blocked since"}})
    carry_on(world, actions[:1], 2)  # refused, then told by itself
    assert statuses(world, actions) == {"succeeded": 1, "reconciling": 2}
    later = replace(fleet, now=lambda: utc_now() + timedelta(hours=41))
    for action in actions[1:]:
        execute(later, action)
    assert statuses(world, actions) == {"succeeded": 1, "parked": 2}
    assert together(world) == [3, 3, 1]
    resume(fleet, actions[1], who="test", happened="seen in Events Manager")
    carry_on(world, actions[1:])
    assert statuses(world, actions) == {"succeeded": 2, "parked": 1}
    each_once(sandbox, 3)


def test_one_taken_apart_that_grows_too_old_waits_for_a_persons_word(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    old = world.submit(request(world, event(6.9 * DAY)))
    actions = [old, *submitted(world, 1), *blocked(world, sandbox)]
    sandbox.fault("facebook", "drop_before_commit", path="/events")
    execute(fleet, old)
    carry_on(world, [old], 1)  # refused: each is to be told by itself
    assert statuses(world, actions) == {"reconciling": 3}
    later = replace(fleet, now=lambda: utc_now() + timedelta(days=0.2))
    execute(later, old)
    assert world.status(old) == "parked"
    assert "more than 7 days ago" in world.action(old).status_reason
    assert calls(sandbox) == 2
    resume(later, old, who="test", happened="seen in Events Manager")
    execute(later, old)
    assert world.status(old) == "succeeded"
