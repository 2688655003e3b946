"""Carrying out one action in this process, against the sandbox over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.database import actions
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.attempt import perform
from workers.commands import NotPossible, cancel, give_up, resume
from workers.conclude import conclude
from workers.execute import begin, conclude_patiently, execute
from workers.fleet import Fleet

POSTED = "slack.message.posted"


@pytest.fixture(autouse=True)
def _settled(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "/faults")


def carry_on(fleet: Fleet, action_id: UUID, times: int = 30) -> None:
    """Do what the relay and a worker do, without waiting for the clock."""
    for _ in range(times):
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
        execute(fleet, action_id)


def test_a_message_is_posted_once_and_its_outcome_told(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = world.message("Deal won")
    execute(fleet, action_id)
    action = world.action(action_id)
    assert action.status == "succeeded"
    assert action.result["channel"] == "C0GENERAL"
    assert sandbox.count(POSTED) == 1
    (event,) = world.events("action.succeeded")
    assert event.data["result"] == action.result
    assert [(r.before, r.after) for r in world.rows("SELECT * FROM action_transitions")] == [
        (None, "queued"),
        ("queued", "running"),
        ("running", "succeeded"),
    ]


def test_a_second_doorbell_finds_nothing_to_do(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = world.message()
    for _ in range(3):
        execute(fleet, action_id)
    assert sandbox.count(POSTED) == 1
    assert len(world.events("action.succeeded")) == 1


def test_the_same_request_is_the_same_action(fleet: Fleet, world: World) -> None:
    request = world.request("slack_send_message", {"channel": "C0GENERAL", "text": "once"})
    first = world.submit(request)
    execute(fleet, first)
    assert world.submit(request) == first
    assert len(world.rows("SELECT id FROM actions")) == 1


def test_a_dropped_answer_is_looked_up_and_not_posted_again(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    action_id = world.message()
    execute(fleet, action_id)
    assert world.status(action_id) == "reconciling"
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 1


def test_a_refused_connection_was_certainly_not_sent(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("slack", "rate_limited", path="chat.postMessage", retry_after=30)
    action_id = world.message()
    execute(fleet, action_id)
    action = world.action(action_id)
    assert action.status == "waiting"
    wait = (action.due_at - utc_now()).total_seconds()
    assert 27 < wait <= 31, "Retry-After is honoured exactly"
    other = world.message("another for the same tenant")
    execute(fleet, other)
    assert world.status(other) == "waiting", "the whole tenant waits"
    assert sandbox.count(POSTED) == 0


def test_a_refusal_ends_it_with_the_platforms_words(fleet: Fleet, world: World) -> None:
    action_id = world.message(channel="C0NOWHERE")
    execute(fleet, action_id)
    action = world.action(action_id)
    assert action.status == "rejected"
    assert "channel_not_found" in action.error["message"]
    assert len(world.events("action.rejected")) == 1


def test_refused_credentials_pause_the_integration_and_its_actions_wait(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("slack", "revoke_token")
    action_id = world.message()
    execute(fleet, action_id)
    (integration,) = world.rows("SELECT * FROM integrations WHERE id = :id", id=world.slack)
    assert (integration.status, world.status(action_id)) == ("error", "waiting")
    assert len(world.events("integration.paused")) == 1
    assert begin(fleet, action_id) == []


def test_a_dead_attempt_is_unknown_and_looked_up(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = world.message()
    assert len(begin(fleet, action_id)) == 1
    _die(fleet)
    carry_on(fleet, action_id, 4)
    # Absence is believed only after the settling time: nothing has been posted yet.
    assert world.status(action_id) == "reconciling"
    assert sandbox.count(POSTED) == 0
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    carry_on(fleet, action_id, 4)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 1


def _die(fleet: Fleet) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET lease_owner = NULL, rung_at = NULL, due_at = now()"))
        tx.execute(text("UPDATE effects SET in_flight = false"))


def test_who_wakes_after_its_lease_leaves_only_its_log(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = world.message()
    (sleeper,) = begin(fleet, action_id)
    ((outcome, session),) = perform(fleet, [sleeper])
    _die(fleet)
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "succeeded"
    assert conclude(fleet, sleeper, outcome, session) is None
    assert sandbox.count(POSTED) == 1
    assert len(world.events("action.succeeded")) == 1


def test_cancelling_a_waiting_action_stops_it(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    action_id = world.message()
    cancel(fleet, action_id, who="ops@example.test")
    execute(fleet, action_id)
    action = world.action(action_id)
    assert (action.status, action.partial) == ("cancelled", False)
    assert sandbox.count(POSTED) == 0
    with pytest.raises(NotPossible, match="cancelled already"):
        cancel(fleet, action_id, who="ops@example.test")


def _park_unknown(fleet: Fleet, world: World, sandbox: Sandbox) -> UUID:
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    action_id = world.message()
    execute(fleet, action_id)
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET created_at = now() - interval '2 days'"))
    sandbox.fault("slack", "drop_before_commit", path="conversations.history", times=None)
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "parked"
    sandbox.control("DELETE", "/faults")
    return action_id


def test_a_parked_unknown_leaves_only_by_a_look_up_or_a_statement(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = _park_unknown(fleet, world, sandbox)
    with pytest.raises(NotPossible, match="may have happened"):
        give_up(fleet, action_id, who="ops")
    with pytest.raises(NotPossible, match="may have happened"):
        cancel(fleet, action_id, who="ops")
    with pytest.raises(NotPossible, match="say first whether it happened"):
        resume(fleet, action_id, who="ops", params={"channel": "C0SALES", "text": "x"})
    resume(fleet, action_id, who="ops")
    carry_on(fleet, action_id, 2)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 1


def test_a_statement_that_it_did_not_happen_sends_it_under_a_new_key(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = _park_unknown(fleet, world, sandbox)
    resume(fleet, action_id, who="ops", did_not_happen=True)
    carry_on(fleet, action_id, 2)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 2, "the person said so; it is on record"
    (said,) = world.rows("SELECT * FROM action_transitions WHERE by = 'ops'")
    assert "did not happen" in said.reason


def test_giving_up_with_a_statement_rejects_it(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = _park_unknown(fleet, world, sandbox)
    give_up(fleet, action_id, who="ops", did_not_happen=True)
    assert world.status(action_id) == "rejected"


def test_nothing_secret_is_in_the_log(fleet: Fleet, world: World) -> None:
    execute(fleet, world.message())
    execute(fleet, world.message(channel="C0NOWHERE"))
    (row, *_) = world.rows("SELECT * FROM integration_log ORDER BY id")
    assert row.status == 200
    everything = str(world.rows("SELECT * FROM integration_log")) + str(
        world.rows("SELECT * FROM outbox")
    )
    assert "xoxb" not in everything
    assert "[hidden]" in everything


def test_an_edited_action_goes_on_with_its_new_params(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("slack", "rate_limited", path="chat.postMessage", retry_after=1)
    action_id = world.message("with a typo")
    execute(fleet, action_id)
    assert world.status(action_id) == "waiting"
    with fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM budgets"))
    resume(fleet, action_id, who="ops", params={"channel": "C0SALES", "text": "mended"})
    carry_on(fleet, action_id, 3)
    assert world.status(action_id) == "succeeded"
    (message,) = sandbox.control("GET", "/slack/messages?channel=C0SALES")["messages"]
    assert message["text"] == "mended"


def test_old_actions_are_deleted_with_their_calls(fleet: Fleet, world: World) -> None:
    kept, old = world.message("kept"), world.message("old")
    for action_id in (kept, old):
        execute(fleet, action_id)
    with fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE actions SET finished_at = now() - interval '2 years' WHERE id = :id"),
            {"id": old},
        )
        assert actions.purge(tx, utc_now() - timedelta(days=400)) == 1
    with fleet.database.transaction() as tx:
        left = [row.id for row in tx.execute(text("SELECT id FROM actions"))]
        calls = tx.execute(text("SELECT count(*) FROM calls")).scalar_one()
    assert (left, calls) == ([kept], 1)


def test_an_access_token_refused_early_is_renewed_and_nothing_is_paused(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    deal, _ = world.deal({})
    sandbox.fault("xero", "revoke_token", only_access=True)
    action_id = world.invoice(deal)
    carry_on(fleet, action_id, 6)
    assert world.status(action_id) == "succeeded"
    (integration,) = world.rows("SELECT status FROM integrations WHERE id = :i", i=world.xero)
    assert integration.status == "active"
    assert sandbox.count("xero.token.refreshed") == 1


def test_what_is_known_is_concluded_although_the_connection_broke(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action_id = world.message()
    (attempt,) = begin(fleet, action_id)
    ((outcome, session),) = perform(fleet, [attempt])
    fleet.database.dispose()  # so that the pool holds nothing but the broken one
    with fleet.database.standing_connection() as other:
        with fleet.database.engine.connect() as pooled:
            pid = pooled.execute(text("SELECT pg_backend_pid()")).scalar_one()
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    conclude_patiently(fleet, attempt, outcome, session)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 1


def test_an_action_that_cannot_be_begun_waits_then_is_parked_and_holds_up_nobody(
    fleet: Fleet, world: World
) -> None:
    deal, _ = world.deal({})
    broken, good = world.invoice(deal), world.message()
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'part paid'"))
    execute(fleet, broken)  # reads the organisation, which is kept
    execute(fleet, broken)
    assert world.action(broken).due_at > utc_now(), "it stands aside"
    carry_on(fleet, broken, 6)
    action = world.action(broken)
    assert (action.status, action.error["code"]) == ("parked", "internal")
    assert "part paid" in action.error["message"]
    execute(fleet, good)
    assert world.status(good) == "succeeded"


@pytest.mark.parametrize("status", [404, 413])
def test_a_refused_repeat_is_no_proof_that_nothing_happened(
    fleet: Fleet, world: World, sandbox: Sandbox, status: int
) -> None:
    deal, _ = world.deal({}, customer=world.customer())
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="/Invoices")
    action_id = world.invoice(deal)
    for _ in range(10):
        carry_on(fleet, action_id, 1)
        if world.status(action_id) == "reconciling":
            break
    sandbox.fault("xero", "status", method="PUT", path="/Invoices", status=status, cached=False)
    carry_on(fleet, action_id, 8)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count("xero.invoice.created") == 1
