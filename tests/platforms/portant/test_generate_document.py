"""`portant_generate_document` from its request to its document, in whatever order it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from infra.clock import utc_now
from infra.envelope import Refused
from infra.sandbox.portant.seed import WORKFLOW
from tests.platforms.portant.workflow import (
    FIELDS,
    MADE,
    SECRET,
    call_back,
    calls_counted,
    connect,
    deliver,
    due_now,
    effects,
    event,
    is_due,
    ref_of,
    request,
    sent,
    set_up,
)
from tests.platforms.portant.workflow import told as told_of
from workers.execute import execute

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
    (told,) = told_of(sandbox)
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
    set_up(sandbox)
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
            deliver(self.world, self.sandbox)


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
    deliver(world, sandbox)
    assert is_due(world, action)
    for _ in range(2):
        execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)
    assert len(sent(world, action)) == 1


def test_told_again_and_again_it_is_the_same(world, sandbox, started):
    (told,) = told_of(sandbox)
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
    for told in reversed(told_of(sandbox)):
        assert call_back(world, told["event"])
    for action in actions:
        execute(world.fleet, action)
        assert str(ref_of(world, action)) in world.action(action).result["name"]


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
    deliver(world, sandbox)
    execute(world.fleet, action)
    assert (world.status(action), sandbox.count(MADE)) == ("succeeded", 1)


def test_a_paused_integration_is_heard_all_the_same(world, sandbox, started, portant):
    world.set_integration(portant, status="error")
    deliver(world, sandbox)
    execute(world.fleet, started)
    assert world.status(started) == "waiting"
    world.reconnect(portant)
    execute(world.fleet, started)
    assert world.status(started) == "succeeded"


def test_neither_address_nor_secret_is_kept_in_the_open(world, sandbox, started):
    deliver(world, sandbox)
    execute(world.fleet, started)
    for table in ("calls", "effects", "actions", "integration_log", "callbacks", "outbox"):
        rows = world.rows(f"SELECT t::text AS whole FROM {table} t")
        assert rows, table
        assert not any(secret in row.whole for row in rows for secret in (WORKFLOW, SECRET))
