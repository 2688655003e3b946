"""Callbacks by who may not, of what is not ours, and that nobody can read."""

import json
from uuid import uuid4

from infra.platforms.portant.connecting import tenant_of
from tests.platforms.portant.workflow import (
    SECRET,
    call_back,
    due_now,
    event,
    is_due,
    ref_of,
    request,
)
from workers.execute import execute


def nothing_heard(world, action):
    assert world.rows("SELECT 1 FROM callbacks") == []
    assert not is_due(world, action)


def test_who_does_not_know_the_secret_is_not_heard(world, started):
    for secret in ("", SECRET[:-1], SECRET + "x", SECRET.upper(), "é"):
        assert not call_back(world, event(ref_of(world, started)), secret)
    nothing_heard(world, started)
    assert world.rows("SELECT 1 FROM dead_letters") == []


def test_nobody_is_heard_at_an_integration_that_is_not_there_or_does_not_call(world, started):
    told = event(ref_of(world, started))
    assert not call_back(world, told, at=uuid4())
    assert not call_back(world, told, at=world.slack)
    nothing_heard(world, started)


def test_another_integration_cannot_speak_of_it(world, sandbox, started, portant):
    url = f"{sandbox.url}/portant/{'0' * 32}"
    credentials = {"webhook_url": url, "callback_secret": "the other one's"}
    other = world.add("portant", tenant_of(url), credentials)
    assert call_back(world, event(ref_of(world, started)), "the other one's", other)
    assert not is_due(world, started)
    due_now(world, started)
    execute(world.fleet, started)
    assert world.status(started) == "waiting"
    assert call_back(world, event(ref_of(world, started), document={"id": "1own"}), at=portant)
    execute(world.fleet, started)
    assert world.action(started).result["document_id"] == "1own"


def test_another_integration_cannot_prove_that_it_began(world, sandbox, portant):
    sandbox.fault("portant", "drop_before_commit")
    action = world.submit(request(world))
    execute(world.fleet, action)
    other = world.add("portant", "other", {"webhook_url": "", "callback_secret": "other"})
    assert call_back(world, event(ref_of(world, action)), "other", other)
    due_now(world, action)
    execute(world.fleet, action)
    assert world.status(action) == "reconciling"


def test_what_cannot_be_read_is_kept_and_the_action_waits_on(world, started):
    ref = ref_of(world, started)
    bodies = [b"", b"{", json.dumps({"event_id": "1", "data": f"{ref}"}).encode(),
              json.dumps(event(ref, document={"id": None, "url": 5})).encode()]  # fmt: skip
    for body in bodies:
        assert call_back(world, body)
    letters = world.rows("SELECT * FROM dead_letters")
    assert {bytes(letter.body) for letter in letters} == set(bodies)
    assert {letter.source for letter in letters} == {"portant.callback"}
    nothing_heard(world, started)


def test_what_concerns_nobody_changes_nothing(world, started):
    for told in (
        {"event_id": "1", "event_type": "EMAILS_CREATED", "data": {"emails": []}},
        event("no reference of ours"),
        event(uuid4()),
    ):
        assert call_back(world, told)
    assert world.rows("SELECT 1 FROM dead_letters") == []
    assert not is_due(world, started)
