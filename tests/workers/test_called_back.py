"""A callback and the worker it concerns, at the same moment: neither misses the other."""

import threading
from datetime import timedelta

import pytest

from infra.clock import utc_now
from infra.database import actions
from tests.harness.world import eventually
from tests.platforms.portant.workflow import call_back, connect, request, set_up, told
from workers.attempt import perform
from workers.beginning import Beginning
from workers.execute import begin, conclude_patiently

BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def started(world, sandbox):
    """An action whose workflow was started by this process, which is about to go on; its lease."""
    set_up(sandbox)
    connect(world, sandbox)
    action = world.submit(request(world))
    (attempt,) = begin(world.fleet, action)
    ((outcome, session),) = perform(world.fleet, [attempt])
    token = conclude_patiently(world.fleet, attempt, outcome, session)
    assert (world.status(action), token) == ("running", attempt.token)
    return action, token


def in_a_thread(call, *arguments):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call(*arguments)))
    thread.start()
    return thread, answers


def test_who_has_just_looked_in_vain_is_woken(world, sandbox, started):
    action, token = started
    (one,) = told(sandbox)
    now = world.fleet.now()
    with world.fleet.database.transaction() as tx:
        claimed = actions.claim(tx, action, now, token)
        assert Beginning(world.fleet, tx, claimed, world.fleet.incarnation.id, now).go() == []
        # It has looked, and not committed to wait. Now it is called back.
        calling, heard = in_a_thread(call_back, world, one["event"])
        eventually(lambda: heard or world.rows(BLOCKED), 5, "stored, or waiting its turn")
    calling.join(10)
    assert heard == [True]
    row = world.action(action)
    assert row.status == "waiting"
    assert row.due_at <= utc_now(), "it would wait for its deadline"


def test_who_goes_on_waits_for_a_callback_that_is_being_stored(world, started):
    action, token = started
    with world.fleet.database.transaction() as tx:
        actions.lock(tx, action)
        going_on, begun = in_a_thread(begin, world.fleet, action, token)
        eventually(lambda: begun or world.rows(BLOCKED), 5, "over, or waiting its turn")
        assert begun == []
    going_on.join(10)
    row = world.action(action)
    assert (row.status, row.lease_owner) == ("waiting", None), "it would wait for its lease to end"
    assert row.due_at > utc_now() + timedelta(minutes=50)
