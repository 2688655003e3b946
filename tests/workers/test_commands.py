"""What a person may do to an action or a dead letter, and what is refused with a reason."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from infra.wire import read_envelope
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.workers.test_execute import POSTED, carry_on
from workers import letters
from workers.arrived import Arrived
from workers.commands import NotPossible, give_up, resume
from workers.execute import execute
from workers.fleet import Fleet
from workers.intake import take_in
from workers.letters import requeue
from workers.submit import Incoming, Submitted, submit_many

MESSAGE = {"channel": "C0GENERAL", "text": "once"}


@pytest.fixture(autouse=True)
def _settled(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "/faults")


def sql(fleet: Fleet, statement: str, **values: Any) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(text(statement), values)


def limits_over(fleet: Fleet, sandbox: Sandbox) -> None:
    sandbox.control("DELETE", "/faults")
    sql(fleet, "DELETE FROM budgets")


# --- editing --------------------------------------------------------------------------------------


def test_an_edited_customer_is_the_one_looked_for(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    alpha = world.customer("Alpha Ltd", "a@alpha.test")
    beta = world.customer("Beta Ltd", "b@beta.test")
    sandbox.fault("xero", "rate_limited", method="PUT", path="Contacts", retry_after=3600)
    request = world.request("xero_create_contact", {"customer_id": str(alpha)})
    action_id = world.submit(request)
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "waiting"
    limits_over(fleet, sandbox)
    resume(fleet, action_id, who="ops", params={"customer_id": str(beta)})
    carry_on(fleet, action_id, 6)
    assert world.action(action_id).result["name"] == "Beta Ltd"
    assert [row.entity_id for row in world.rows("SELECT entity_id FROM contact_links")] == [beta]
    assert sandbox.count("xero.contact.created") == 1


def test_an_edit_is_checked_as_at_intake(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    deal, _ = world.deal({})
    action_id = world.invoice(deal)
    sql(fleet, "UPDATE actions SET status = 'waiting' WHERE id = :id", id=action_id)
    params = {"email_mode": "trustpager", "deal_product_ids": [str(uuid4())]}
    with pytest.raises(NotPossible) as refused:
        resume(fleet, action_id, who="ops", params=params)
    assert "params.email_mode" in str(refused.value)
    assert "params.deal_product_ids[0]" in str(refused.value)
    assert world.action(action_id).params.get("email_mode") != "trustpager"


def test_an_action_that_has_changed_something_is_not_edited(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("xero", "rate_limited", method="PUT", path="Invoices", retry_after=3600)
    deal, _ = world.deal({})
    action_id = world.invoice(deal)
    carry_on(fleet, action_id, 3)
    assert (world.status(action_id), sandbox.count("xero.contact.created")) == ("waiting", 1)
    with pytest.raises(NotPossible, match="submit a new request"):
        resume(fleet, action_id, who="ops", params={"reference": "PO 7"})


# --- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", [{"happened": "1700000000.000100"}, {"did_not_happen": True}], ids=str
)
def test_a_statement_about_what_is_certain_is_refused(
    fleet: Fleet, world: World, sandbox: Sandbox, statement: dict[str, Any]
) -> None:
    sandbox.fault("slack", "rate_limited", path="chat.postMessage", retry_after=3600)
    action_id = world.message()
    execute(fleet, action_id)
    for command in (give_up, resume):
        with pytest.raises(NotPossible, match="nothing about it is unknown"):
            command(fleet, action_id, who="ops", **statement)
    limits_over(fleet, sandbox)
    carry_on(fleet, action_id, 2)
    assert (world.status(action_id), sandbox.count(POSTED)) == ("succeeded", 1)


def test_a_wrong_statement_is_taken_back_by_resuming_without_one(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="Invoices")
    deal, _ = world.deal({})
    action_id = world.invoice(deal)
    execute(fleet, action_id)
    park = "UPDATE actions SET status = 'parked', error = '{}' WHERE id = :id"
    sql(fleet, park, id=action_id)
    resume(fleet, action_id, who="ops", happened=str(uuid4()))  # a typo
    sql(fleet, park, id=action_id)
    resume(fleet, action_id, who="ops")
    assert not world.rows("SELECT 1 FROM effects WHERE stated_id IS NOT NULL")
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count("xero.invoice.created") == 1


# --- the same request again -----------------------------------------------------------------------


def test_the_same_request_is_the_same_action_though_it_would_be_refused_now(
    fleet: Fleet, world: World
) -> None:
    request = world.request("slack_send_message", MESSAGE)
    action_id = world.submit(request)
    execute(fleet, action_id)
    world.set_integration(world.slack, status="inactive")
    assert world.answer(request) == Submitted(action_id, created=False)
    take_in(fleet, [Arrived(json.dumps(request).encode(), {}, "plain")])
    assert not world.rows("SELECT 1 FROM dead_letters")
    assert len(world.rows("SELECT 1 FROM actions")) == 1


def test_a_batch_answers_each_in_its_place(fleet: Fleet, world: World) -> None:
    requests = [world.request("slack_send_message", MESSAGE) for _ in range(4)]
    known = [world.submit(requests[1]), world.submit(requests[2])]
    items = [Incoming(one["id"], read_envelope(one, 24), "test") for one in requests]
    answers = submit_many(fleet, items)
    assert [isinstance(a, Submitted) and a.created for a in answers] == [True, False, False, True]
    assert [answers[1].action_id, answers[2].action_id] == known


# --- dead letters ---------------------------------------------------------------------------------


def test_a_requeue_that_is_interrupted_leaves_the_letter_open(
    fleet: Fleet, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise RuntimeError("the database restarts")

    take_in(fleet, [Arrived(b'{"id": 1}', {}, "plain")])
    (letter,) = world.rows("SELECT id FROM dead_letters")
    monkeypatch.setattr(letters, "take_in", interrupted)
    with pytest.raises(RuntimeError):
        requeue(fleet, letter.id, who="ops")
    assert world.rows("SELECT 1 FROM dead_letters WHERE settled_at IS NULL")


def test_a_requeued_letter_is_settled_only_when_it_could_be_taken_in(
    fleet: Fleet, world: World
) -> None:
    request = world.request("slack_send_message", MESSAGE)
    del request["id"]
    take_in(fleet, [Arrived(json.dumps(request).encode(), {}, "plain")])
    (letter,) = world.rows("SELECT id FROM dead_letters")
    with pytest.raises(NotPossible, match="still unreadable"):
        requeue(fleet, letter.id, who="ops")
    assert world.rows("SELECT 1 FROM dead_letters WHERE settled_at IS NULL")
    sql(fleet, """UPDATE dead_letters SET headers = '{"message_id": "its identity"}'""")
    requeue(fleet, letter.id, who="ops")
    (settled,) = world.rows("SELECT * FROM dead_letters")
    assert (settled.settled_by, settled.settled_how) == ("ops", "requeued")
    assert len(world.rows("SELECT 1 FROM actions")) == 1
