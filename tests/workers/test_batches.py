"""Invoices of one organisation that are due together go out in one call; each has its own fate."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.database.actions import purge
from tests.harness.batching import calls, carry_on, die, statuses, submitted
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.attempt import perform
from workers.commands import cancel, give_up
from workers.conclude import conclude
from workers.execute import begin, execute
from workers.fleet import Fleet

CREATED = "xero.invoice.created"


@pytest.fixture(autouse=True)
def _settled(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "/faults")


def test_fifty_due_go_out_in_one_call(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    actions = submitted(world, 50)
    execute(fleet, actions[7])
    assert statuses(world, actions) == {"succeeded": 50}
    assert calls(world) == [50]
    assert sandbox.count(CREATED) == 51
    numbers = {world.action(one).result["invoice_id"] for one in actions}
    assert len(numbers) == 50
    rows = world.rows("SELECT effect_id, deal_id, platform_invoice_id FROM invoices")
    by_deal = {row.deal_id: row.platform_invoice_id for row in rows}
    for one in actions:
        action = world.action(one)
        assert by_deal[action.deal_id] == action.result["invoice_id"]
    assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")


def test_a_lone_invoice_goes_out_as_ever(fleet: Fleet, world: World) -> None:
    (action_id,) = submitted(world, 1)
    execute(fleet, action_id)
    assert world.action(action_id).result["online_url"] is not None
    rows = world.rows(
        "SELECT c.key, c.members, c.context, e.id FROM calls c JOIN effects e ON e.call_id = c.id"
        " WHERE e.action_id = :a",
        a=action_id,
    )
    (call,) = [row for row in rows if row.members]
    assert call.key.endswith(f":{call.id}:1")
    assert call.members == [str(call.id)]
    assert "members" not in call.context


def test_one_bad_invoice_touches_no_other(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    actions = submitted(world, 9)
    bad = world.invoice(world.deal({})[0], due_date="2030-01-31", account_code="NOPE")
    link_to_the_same_contact(world, bad)
    execute(fleet, bad)
    assert calls(world) == [10]
    assert statuses(world, actions) == {"succeeded": 9}
    refused = world.action(bad)
    assert refused.status == "rejected"
    assert "NOPE" in refused.error["message"]
    assert sandbox.count(CREATED) == 10
    assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")


def link_to_the_same_contact(world: World, action_id: UUID) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO contact_links (integration_id, entity_id, entity, platform_contact_id,"
                " linked_by, linked_at) SELECT l.integration_id, a.deal_id, 'deal',"
                " l.platform_contact_id, 'test', now() FROM contact_links l, actions a"
                " WHERE a.id = :a LIMIT 1"
            ),
            {"a": action_id},
        )


def test_each_row_of_the_log_shows_its_own_element_and_place(fleet: Fleet, world: World) -> None:
    actions = submitted(world, 3)
    execute(fleet, actions[0])
    rows = world.rows(
        "SELECT l.*, e.id AS effect, e.external_id AS theirs FROM integration_log l"
        " JOIN effects e ON e.id = l.effect_id WHERE l.action_id = ANY(:ids) AND l.method = 'PUT'",
        ids=actions,
    )
    assert sorted(row.request["place"] for row in rows) == ["1 of 3", "2 of 3", "3 of 3"]
    for row in rows:
        (asked,), (told,) = row.request["body"]["Invoices"], row.response["body"]["Invoices"]
        assert asked["Url"].endswith(str(row.effect))
        assert told["InvoiceID"] == row.theirs == row.external_id


@pytest.mark.parametrize("lost", ["drop_after_commit", "drop_before_commit"])
def test_a_lost_answer_is_asked_for_again_by_the_whole_call_under_the_same_key(
    fleet: Fleet, world: World, sandbox: Sandbox, lost: str
) -> None:
    actions = submitted(world, 6)
    sandbox.fault("xero", lost, method="PUT", path="/Invoices")
    execute(fleet, actions[2])
    assert statuses(world, actions) == {"reconciling": 6}
    carry_on(world, [actions[4]], 1)
    assert statuses(world, actions) == {"succeeded": 6}
    assert calls(world) == [6, 6]
    assert sandbox.count(CREATED) == 7
    (call,) = world.rows("SELECT * FROM calls WHERE jsonb_array_length(members) > 1")
    assert len(call.members) == 6


def test_who_is_settled_already_is_not_touched_by_the_repeat(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 4)
    attempts = begin(fleet, actions[0])
    performed = perform(fleet, attempts)
    for attempt, (outcome, session) in list(zip(attempts, performed, strict=True))[:2]:
        conclude(fleet, attempt, outcome, session, goes_on=False)
    die(fleet)
    carry_on(world, actions)
    assert statuses(world, actions) == {"succeeded": 4}
    assert calls(world) == [2, 2], "the first two rows, then the two that were left"
    assert sandbox.count(CREATED) == 5


def test_after_the_window_one_look_up_settles_them_all(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 6)
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="/Invoices")
    execute(fleet, actions[0])
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE calls SET first_sent_at = now() - interval '10 minutes'"))
    carry_on(world, actions, 1)  # too late to repeat: each is to be looked up
    carry_on(world, [actions[3]], 1)
    assert statuses(world, actions) == {"succeeded": 6}
    assert calls(world, "GET") in ([6], []), "one listing"
    listings = world.rows(
        "SELECT DISTINCT at FROM integration_log WHERE method = 'GET' AND step = 'look_up'"
    )
    assert len(listings) == 1
    assert sandbox.count(CREATED) == 7


def test_what_a_look_up_does_not_find_goes_out_again_under_another_key(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 4)
    sandbox.fault("xero", "status", method="PUT", path="/Invoices", status=503)
    execute(fleet, actions[0])
    assert statuses(world, actions) == {"reconciling": 4}
    carry_on(world, actions, 2)
    assert sandbox.count(CREATED) == 1, "an absence is believed only after the settling time"
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    carry_on(world, actions)
    assert statuses(world, actions) == {"succeeded": 4}
    assert sandbox.count(CREATED) == 5
    keys = [row.key for row in world.rows("SELECT key FROM calls")]
    assert len(keys) == len(set(keys))


def test_a_refusal_of_the_whole_call_is_halved_down_to_one(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 4)
    refusal = {"method": "PUT", "path": "/Invoices", "status": 400, "cached": False}
    sandbox.fault("xero", "status", times=None, **refusal)
    carry_on(world, actions)
    assert statuses(world, actions) == {"rejected": 4}
    assert calls(world) == [4, 2, 2, 1, 1, 1, 1]
    keys = [row.key for row in world.rows("SELECT key FROM calls")]
    assert len(keys) == len(set(keys))
    assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")


def test_halves_that_are_accepted_stay_whole(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    actions = submitted(world, 8)
    sandbox.fault("xero", "status", method="PUT", path="/Invoices", status=400, cached=False)
    carry_on(world, actions)
    assert statuses(world, actions) == {"succeeded": 8}
    assert calls(world) == [8, 4, 4]
    assert sandbox.count(CREATED) == 9


def test_two_of_one_deal_never_bill_the_same_money_twice(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    submitted(world, 0)
    deal, _ = world.deal({}, customer=world.rows("SELECT id FROM crm_customers")[0].id)
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'deposit_invoiced'"))
    both = [world.invoice(deal, portion="balance", due_date="2030-01-31") for _ in range(2)]
    carry_on(world, both)
    assert statuses(world, both) == {"succeeded": 1, "rejected": 1}
    assert sandbox.count(CREATED) == 2


def test_one_asked_to_stop_is_left_out_and_one_in_doubt_is_brought_home_first(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 4)
    cancel(fleet, actions[1], who="ops")
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="/Invoices")
    execute(fleet, actions[0])
    assert "under way" in cancel(fleet, actions[2], who="ops")
    carry_on(world, actions)
    assert [world.status(one) for one in actions] == [
        "succeeded",
        "cancelled",
        "succeeded",
        "succeeded",
    ]
    assert calls(world) == [3, 3]
    assert sandbox.count(CREATED) == 4


def test_one_member_alone_can_be_given_up_with_a_statement(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 3)
    sandbox.fault("xero", "drop_before_commit", method="PUT", path="/Invoices")
    execute(fleet, actions[0])
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET status = 'parked' WHERE id = :a"), {"a": actions[1]})
    give_up(fleet, actions[1], who="ops", did_not_happen=True)
    with fleet.database.transaction() as tx:  # the key would bring it about after all
        tx.execute(text("UPDATE calls SET repeatable = false"))
        tx.execute(text("UPDATE effects SET next_step = 'look_up'"))
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    carry_on(world, actions)
    assert [world.status(one) for one in actions] == ["succeeded", "rejected", "succeeded"]
    assert sandbox.count(CREATED) == 3


def test_two_leaders_at_once_share_out_what_is_due(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 12)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: execute(fleet, one), actions[:4]))
    carry_on(world, actions, 3)
    assert statuses(world, actions) == {"succeeded": 12}
    assert sandbox.count(CREATED) == 13
    assert sum(calls(world)) == 12


def test_out_of_budget_all_of_them_wait_and_none_is_prepared_again_in_vain(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    actions = submitted(world, 5)
    sandbox.fault("xero", "rate_limited", method="PUT", path="/Invoices", retry_after=30)
    execute(fleet, actions[0])
    assert statuses(world, actions) == {"waiting": 5}
    late = world.invoice(world.deal({})[0], due_date="2030-01-31")
    link_to_the_same_contact(world, late)
    carry_on(world, [*actions, late], 1)
    waiting = world.rows("SELECT due_at FROM actions WHERE status = 'waiting'")
    assert all(row.due_at > utc_now() for row in waiting)
    with fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM budgets"))
    carry_on(world, [*actions, late])
    assert statuses(world, [*actions, late]) == {"succeeded": 6}
    assert calls(world)[-1] == 6
    assert sandbox.count(CREATED) == 7


def test_one_call_is_one_in_flight(fleet: Fleet, world: World) -> None:
    actions = submitted(world, 5)
    attempts = begin(fleet, actions[0])
    assert len(attempts) == 5
    assert len(world.rows("SELECT 1 FROM effects WHERE in_flight")) == 1
    rung = world.rows("SELECT id FROM actions WHERE rung_at IS NOT NULL AND finished_at IS NULL")
    assert not {row.id for row in rung} - {actions[0]}
    for attempt, (outcome, session) in zip(attempts, perform(fleet, attempts), strict=True):
        conclude(fleet, attempt, outcome, session, goes_on=False)
    assert not world.rows("SELECT 1 FROM effects WHERE in_flight")


def test_old_actions_are_deleted_while_others_of_their_call_stay(
    fleet: Fleet, world: World
) -> None:
    actions = submitted(world, 3)
    execute(fleet, actions[0])
    for left in (2, 0):
        with fleet.database.transaction() as tx:
            old = actions[:1] if left else actions
            tx.execute(
                text(
                    "UPDATE actions SET finished_at = now() - interval '2 years' WHERE id = ANY(:i)"
                ),
                {"i": old},
            )
            purge(tx, utc_now() - timedelta(days=400))
        shared = world.rows("SELECT 1 FROM calls WHERE jsonb_array_length(members) > 1")
        assert len(shared) == (1 if left else 0)


def test_who_was_looked_at_and_does_not_fit_is_rung_again_at_once(
    world: World, sandbox: Sandbox
) -> None:
    deal, (line,) = world.deal({})
    execute(world.fleet, world.invoice(deal, portion="deposit"))
    ids = [world.invoice(deal, portion="balance", deal_product_ids=[str(line)]) for _ in range(2)]
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET rung_at = now()"))
    execute(world.fleet, ids[0])
    assert world.status(ids[0]) == "succeeded"
    (other,) = world.rows("SELECT status, rung_at FROM actions WHERE id = :id", id=ids[1])
    assert (other.status, other.rung_at) == ("queued", None)
