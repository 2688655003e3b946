"""When nothing is told: deadlines, doubts, and what a person may say."""

from dataclasses import replace

import pytest

from tests.platforms.portant.workflow import (
    MADE,
    URL,
    call_back,
    connect,
    deliver,
    due_now,
    effects,
    event,
    is_due,
    later,
    ref_of,
    request,
    sent,
    set_up,
)
from workers.commands import cancel, give_up, resume
from workers.execute import execute

# --- when nothing is told -----------------------------------------------------------------------


@pytest.fixture
def unheard(world, started):
    """An action past its deadline."""
    due_now(world, started)
    execute(later(world, hours=1, seconds=5), started)
    assert world.status(started) == "parked"
    return started


def test_past_its_deadline_a_person_is_told_what_to_look_at(world, sandbox, unheard):
    error = world.action(unheard).error
    assert error["code"] == "outcome_unknown"
    assert f"in 1:00:00 no callback named {ref_of(world, unheard)}" in error["message"]
    for words in ("state its url or id", "{{wf_ref}}", "callback address"):
        assert words in error["message"]
    assert len(world.events("action.parked")) == 1
    assert (len(sent(world, unheard)), sandbox.count(MADE)) == (1, 1)


def test_a_callback_that_comes_late_is_heard(world, sandbox, unheard):
    deliver(world, sandbox)
    assert (world.status(unheard), is_due(world, unheard)) == ("reconciling", True)
    execute(world.fleet, unheard)
    assert (world.status(unheard), sandbox.count(MADE)) == ("succeeded", 1)


@pytest.mark.parametrize(
    ("said", "identity", "url", "hours"),
    [(URL, "1aB-c_9", URL, 2), ("1x", "1x", None, 0)],  # 0: its deadline was put off meanwhile
)
def test_a_person_names_the_document(world, unheard, *, said, identity, url, hours):
    resume(world.fleet, unheard, who="kim", happened=said)
    execute(later(world, hours=hours), unheard)
    row = world.action(unheard)
    assert row.status == "succeeded"
    assert (row.result["document_id"], row.result["url"]) == (identity, url)


def test_what_is_told_counts_more_than_what_a_person_says(world, sandbox, unheard):
    resume(world.fleet, unheard, who="kim", happened="1wrong")
    deliver(world, sandbox)
    execute(world.fleet, unheard)
    assert world.action(unheard).result["name"] == f"Agreement {ref_of(world, unheard)}"


def test_resumed_without_a_word_it_asks_again(world, unheard):
    for how in ({}, {"did_not_happen": True}):
        resume(world.fleet, unheard, who="kim", **how)
        execute(later(world, hours=2), unheard)
        assert world.status(unheard) == "parked"
    assert len(sent(world, unheard)) == 1


def test_given_up_it_stays_given_up_whatever_is_told(world, sandbox, unheard):
    give_up(world.fleet, unheard, who="kim", did_not_happen=True)
    deliver(world, sandbox)
    execute(world.fleet, unheard)
    row = world.action(unheard)
    assert (row.status, row.partial) == ("rejected", True)


def test_cancelled_while_it_waits_it_stops(world, sandbox, started):
    cancel(world.fleet, started, who="kim")
    deliver(world, sandbox)
    execute(world.fleet, started)
    row = world.action(started)
    assert (row.status, row.partial) == ("cancelled", True)


def test_waiting_for_days_is_not_growing_old(world, sandbox):
    set_up(sandbox)
    connect(world, sandbox, document_within_s=20 * 86400)
    action = world.submit(request(world))
    execute(world.fleet, action)
    for days in (2, 19):
        due_now(world, action)
        execute(later(world, days=days), action)
        assert world.status(action) == "waiting"
    deliver(world, sandbox)
    execute(later(world, days=19), action)
    assert world.status(action) == "succeeded"


# --- when it is not known whether it began ------------------------------------------------------


@pytest.fixture
def in_doubt(world, sandbox, portant):
    """An action of which nobody knows for an hour whether its workflow was started. It was not."""
    sandbox.fault("portant", "drop_before_commit")
    action = world.submit(request(world))
    execute(world.fleet, action)
    for minutes in (1, 30, 61):
        due_now(world, action)
        execute(later(world, minutes=minutes), action)
    assert world.status(action) == "parked"
    return action


def test_in_doubt_for_an_hour_it_asks_for_a_person_and_is_not_sent_again(world, sandbox, in_doubt):
    error = world.action(in_doubt).error
    assert error["code"] == "outcome_unknown"
    assert f"a callback would name {ref_of(world, in_doubt)}" in error["message"]
    assert (len(sent(world, in_doubt)), sandbox.count(MADE)) == (1, 0)


def test_a_late_callback_settles_it(world, in_doubt):
    assert call_back(world, event(ref_of(world, in_doubt)))
    for _ in range(2):
        execute(world.fleet, in_doubt)
    assert world.action(in_doubt).result["document_id"] == "1abc"
    assert len(sent(world, in_doubt)) == 1


def test_a_person_names_the_document_it_made(world, in_doubt):
    resume(world.fleet, in_doubt, who="kim", happened=URL)
    execute(world.fleet, in_doubt)
    row = world.action(in_doubt)
    assert (row.status, row.result["url"]) == ("succeeded", URL)
    assert "portant.await_document" not in effects(world, in_doubt)


def test_a_person_knows_only_that_it_began(world, in_doubt):
    resume(world.fleet, in_doubt, who="kim", happened=str(ref_of(world, in_doubt)))
    for _ in range(2):
        execute(world.fleet, in_doubt)
    row = world.action(in_doubt)
    assert (row.status, row.error["code"]) == ("waiting", "awaiting_callback")


def test_a_person_knows_that_it_did_not_begin(world, sandbox, in_doubt):
    resume(world.fleet, in_doubt, who="kim", did_not_happen=True)
    execute(world.fleet, in_doubt)
    deliver(world, sandbox)
    execute(world.fleet, in_doubt)
    assert (world.status(in_doubt), sandbox.count(MADE)) == ("succeeded", 1)


def test_too_many_calls_that_name_no_time_are_not_repeated_but_by_a_persons_word(world, sandbox):
    """Whether Portant takes what it answers with 429 is not documented."""
    connect(world, sandbox)
    set_up(sandbox)
    sandbox.fault("portant", "rate_limited", method="POST")
    action = world.submit(request(world))
    execute(world.fleet, action)
    assert (world.status(action), world.action(action).error["code"]) == ("reconciling", "http_429")
    due_now(world, action)
    execute(later(world, hours=1, seconds=5), action)
    assert (world.status(action), len(sent(world, action))) == ("parked", 1)
    resume(world.fleet, action, who="kim", did_not_happen=True)
    execute(world.fleet, action)
    deliver(world, sandbox)
    execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)


def test_too_many_calls_that_are_taken_all_the_same_are_proved_by_the_callback(world, sandbox):
    connect(world, sandbox)
    set_up(sandbox)
    action = world.submit(request(world))
    there = world.fleet
    execute(replace(there, transport=Busy(there.transport)), action)
    assert world.status(action) == "reconciling"
    deliver(world, sandbox)
    for _ in range(2):  # that it began, then its document
        execute(there, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)
    assert len(sent(world, action)) == 1


class Busy:
    """A transport: what was done is answered with 429."""

    def __init__(self, inner):
        self.inner = inner

    def carry(self, exchange):
        self.inner.carry(exchange)
        exchange.status = 429
