"""`portant_generate_document` from its request to its document, whenever and however it is told."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.envelope import Refused
from infra.platforms.portant.connecting import tenant_of
from infra.sandbox.portant.seed import WORKFLOW
from tests.platforms.portant.workflow import FIELDS, MADE, SECRET, call_back, connect, request
from tests.platforms.portant.workflow import deliver as deliver_to
from tests.platforms.portant.workflow import set_up as set_up_in
from tests.platforms.portant.workflow import told as told_by
from workers.commands import cancel, give_up, resume
from workers.execute import execute

URL = "https://docs.google.com/document/d/1aB-c_9/edit"


@pytest.fixture
def portant(world, sandbox):
    set_up_in(sandbox)
    return connect(world, sandbox)


@pytest.fixture
def started(world, portant):
    """An action whose workflow has been started, and nothing told of it."""
    action = world.submit(request(world))
    execute(world.fleet, action)
    return action


def effects(world, action):
    return {
        row.name: row for row in world.rows("SELECT * FROM effects WHERE action_id = :a", a=action)
    }


def ref_of(world, action):
    return effects(world, action)["portant.trigger"].id


def event(ref, **more):
    name = f"Agreement {ref}"
    document = {"id": "1abc", "url": URL, "name": name, "mimetype": "application/vnd.x"}
    told = {"event_id": uuid4().hex, "event_type": "DOCUMENTS_CREATED"}
    return told | {"data": {"documents": [document | more.pop("document", {})]}} | more


def later(world, **ahead):
    return replace(world.fleet, now=lambda: utc_now() + timedelta(**ahead))


def due_now(world, action):
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET due_at = now() WHERE id = :a"), {"a": action})


def is_due(world, action):
    return world.action(action).due_at <= utc_now()


def sent(world, action):
    return world.rows(
        "SELECT * FROM integration_log WHERE action_id = :a AND method IS NOT NULL ORDER BY id",
        a=action,
    )


def calls_counted(world):
    rows = world.rows("SELECT slots FROM budgets WHERE tenant LIKE 'portant:%' AND shared")
    return sum(sum(row.slots) for row in rows)


# --- as it goes when nothing is in the way ------------------------------------------------------


def test_started_it_waits_and_holds_nothing(world, sandbox, started):
    row = world.action(started)
    assert (row.status, row.lease_owner, row.rung_at) == ("waiting", None, None)
    assert "waits for the callback of the workflow started at" in row.status_reason
    accepted_at = utc_now()
    assert abs(row.due_at - accepted_at - timedelta(hours=1)) < timedelta(seconds=10)
    (log,) = sent(world, started)
    assert (log.method, log.url) == ("POST", f"{sandbox.url}/portant/[hidden]")
    assert log.request["body"] == {**FIELDS, "wf_ref": str(ref_of(world, started))}
    assert effects(world, started)["portant.await_document"].in_flight is False
    assert calls_counted(world) == 1


def test_looking_again_while_it_waits_costs_no_call(world, started):
    for _ in range(3):
        due_now(world, started)
        execute(world.fleet, started)
    assert world.status(started) == "waiting"
    assert len(sent(world, started)) == 1
    assert calls_counted(world) == 1


def test_its_callback_brings_the_document(world, sandbox, started):
    ref = ref_of(world, started)
    (told,) = told_by(sandbox)
    assert told["ref"] == str(ref)
    assert call_back(world, told["event"])
    assert is_due(world, started)
    execute(world.fleet, started)
    pdf, document = told["event"]["data"]["documents"]
    row = world.action(started)
    assert row.status == "succeeded"
    assert row.result == {
        "document_id": document["id"],
        "url": document["url"],
        "name": f"Agreement {ref}",
        "mimetype": "application/vnd.google-apps.document",
        "documents": [
            {**{k: v for k, v in one.items() if k != "id"}, "document_id": one["id"]}
            for one in (document, pdf)
        ],
    }
    assert effects(world, started)["portant.await_document"].external_id == document["id"]
    assert len(sent(world, started)) == 1
    assert (calls_counted(world), sandbox.count(MADE)) == (1, 1)


def test_the_settings_say_how_long_it_may_take(world, sandbox):
    set_up_in(sandbox)
    connect(world, sandbox, document_within_s=90)
    action = world.submit(request(world))
    execute(world.fleet, action)
    assert abs(world.action(action).due_at - utc_now() - timedelta(seconds=90)) < timedelta(
        seconds=10
    )


# --- callbacks in every order -------------------------------------------------------------------


class TellingMeanwhile:
    """A transport: the workflow has called back before its answer is dealt with."""

    def __init__(self, world, sandbox):
        self.inner, self.world, self.sandbox = world.fleet.transport, world, sandbox

    def carry(self, exchange):
        try:
            self.inner.carry(exchange)
        finally:
            deliver_to(self.world, self.sandbox)


def test_told_before_the_answer_is_dealt_with_it_is_done_at_once(world, sandbox, portant):
    action = world.submit(request(world))
    execute(replace(world.fleet, transport=TellingMeanwhile(world, sandbox)), action)
    assert world.status(action) == "succeeded"
    assert sandbox.count(MADE) == 1


@pytest.mark.parametrize("fault", ["drop_after_commit", "truncated"])
def test_told_before_the_answer_is_lost_nothing_is_asked(world, sandbox, portant, fault):
    sandbox.fault("portant", fault)
    action = world.submit(request(world))
    execute(replace(world.fleet, transport=TellingMeanwhile(world, sandbox)), action)
    assert world.status(action) == "reconciling"
    for _ in range(2):
        due_now(world, action)
        execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)
    assert len(sent(world, action)) == 1


def test_a_garbled_body_is_an_answer_all_the_same(world, sandbox, portant):
    sandbox.fault("portant", "garbage")
    action = world.submit(request(world))
    execute(world.fleet, action)
    assert world.action(action).error["code"] == "awaiting_callback"


def test_a_lost_answer_is_settled_by_the_callback_and_never_sent_again(world, sandbox, portant):
    sandbox.fault("portant", "drop_after_commit")
    action = world.submit(request(world))
    execute(world.fleet, action)
    row = world.action(action)
    assert (row.status, row.error["code"]) == ("reconciling", "no_whole_answer")
    due_now(world, action)
    execute(world.fleet, action)
    row = world.action(action)
    assert (row.status, row.error["code"]) == ("reconciling", "no_callback")
    deliver_to(world, sandbox)
    assert is_due(world, action)
    for _ in range(2):
        execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)
    assert len(sent(world, action)) == 1


def test_told_again_and_again_it_is_the_same(world, sandbox, started):
    (told,) = told_by(sandbox)
    for _ in range(3):
        assert call_back(world, told["event"])
    execute(world.fleet, started)
    before = world.action(started)
    for again in (told["event"], event(ref_of(world, started))):
        assert call_back(world, again)
        execute(world.fleet, started)
    after = world.action(started)
    assert (before.status, before.result, before.finished_at) == (
        after.status,
        after.result,
        after.finished_at,
    )
    assert len(world.events("action.succeeded")) == 1
    assert len(world.rows("SELECT 1 FROM callbacks")) == 2


def test_of_several_things_told_the_newest_counts(world, started):
    ref = ref_of(world, started)
    for name in ("1old", "1new"):
        assert call_back(world, event(ref, document={"id": name}))
    execute(world.fleet, started)
    assert world.action(started).result["document_id"] == "1new"


def test_two_actions_are_told_apart(world, sandbox, portant):
    actions = [world.submit(request(world)) for _ in range(3)]
    for action in actions:
        execute(world.fleet, action)
    for told in reversed(told_by(sandbox)):
        assert call_back(world, told["event"])
    for action in actions:
        execute(world.fleet, action)
        assert str(ref_of(world, action)) in world.action(action).result["name"]


# --- callbacks that are none --------------------------------------------------------------------


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
    deliver_to(world, sandbox)
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
    deliver_to(world, sandbox)
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
    deliver_to(world, sandbox)
    execute(world.fleet, unheard)
    row = world.action(unheard)
    assert (row.status, row.partial) == ("rejected", True)


def test_cancelled_while_it_waits_it_stops(world, sandbox, started):
    cancel(world.fleet, started, who="kim")
    deliver_to(world, sandbox)
    execute(world.fleet, started)
    row = world.action(started)
    assert (row.status, row.partial) == ("cancelled", True)


def test_waiting_for_days_is_not_growing_old(world, sandbox):
    set_up_in(sandbox)
    connect(world, sandbox, document_within_s=20 * 86400)
    action = world.submit(request(world))
    execute(world.fleet, action)
    for days in (2, 19):
        due_now(world, action)
        execute(later(world, days=days), action)
        assert world.status(action) == "waiting"
    deliver_to(world, sandbox)
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
    deliver_to(world, sandbox)
    execute(world.fleet, in_doubt)
    assert (world.status(in_doubt), sandbox.count(MADE)) == ("succeeded", 1)


# --- what is refused ----------------------------------------------------------------------------


def refused(world, **more):
    with pytest.raises(Refused) as refused:
        world.answer(request(world) | more)
    return {problem.field: problem.problem for problem in refused.value.problems}


def test_a_workflow_may_say_which_fields_it_has(world, sandbox):
    connect(world, sandbox, fields=["Client.Name", "Fee", "Items.Price"])
    found = refused(world)
    assert found == {
        "params.fields.Weeks": "is no field of this workflow, which has: "
        "Client.Name, Fee, Items.Price"
    }
    fields = {"Client": {"Name": "x"}, "Items": [{"Price": 1}, {"Cost": 2}]}
    assert set(refused(world, params={"fields": fields})) == {"params.fields.Items.Cost"}
    fields["Items"].pop()
    world.submit(request(world) | {"params": {"fields": fields}})


def test_settings_that_mean_nothing_are_named(world, portant):
    a_list, seconds = "fields must be a list", "document_within_s must be 1 to 2592000 seconds"
    for chosen, words in (
        ({"fields": "Fee"}, a_list),
        ({"fields": [5]}, a_list),
        ({"document_within_s": "90"}, seconds),
        ({"document_within_s": 0}, seconds),
        ({"document_within_s": True}, seconds),
        ({"document_within_s": 31 * 86400}, seconds),
    ):
        world.set_integration(portant, settings=chosen)
        assert words in refused(world)["integration_id"]


def test_a_workflow_that_is_gone_pauses_the_integration(world, sandbox, portant):
    sandbox.fault("portant", "status", status=410)
    action = world.submit(request(world))
    execute(world.fleet, action)
    (row,) = world.rows("SELECT * FROM integrations WHERE id = :id", id=portant)
    assert (row.status, world.status(action)) == ("error", "waiting")
    assert "nothing listens at the workflow's address" in row.status_reason
    world.reconnect(portant)
    due_now(world, action)
    execute(world.fleet, action)
    deliver_to(world, sandbox)
    execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)


def test_a_paused_integration_is_heard_all_the_same(world, sandbox, started, portant):
    world.set_integration(portant, status="error")
    deliver_to(world, sandbox)
    execute(world.fleet, started)
    assert world.status(started) == "waiting"
    world.reconnect(portant)
    execute(world.fleet, started)
    assert world.status(started) == "succeeded"


def test_neither_address_nor_secret_is_kept_in_the_open(world, sandbox, started):
    deliver_to(world, sandbox)
    execute(world.fleet, started)
    for table in ("calls", "effects", "actions", "integration_log", "callbacks", "outbox"):
        rows = world.rows(f"SELECT t::text AS whole FROM {table} t")
        assert rows, table
        assert not any(secret in row.whole for row in rows for secret in (WORKFLOW, SECRET))
