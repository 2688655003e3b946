"""One conversion action: what goes out, when, and when it goes out no more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.sandbox.facebook.seed import DATASET, TOKEN
from tests.harness.batching import carry_on
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import event, received, request
from workers.commands import resume
from workers.execute import execute
from workers.fleet import Fleet

DAY = 86_400
RECEIVED = "facebook.event.received"


def sent(world: World, *events: dict[str, Any], **more: Any) -> Any:
    action = world.submit(request(world, *events, **more))
    execute(world.fleet, action)
    return world.action(action)


def effect_of(world: World, action: UUID) -> Any:
    (row,) = world.rows("SELECT * FROM effects WHERE action_id = :id", id=action)
    return row


def test_what_is_asked_for_arrives_under_ids_of_ours_or_the_senders(
    world: World, sandbox: Sandbox
) -> None:
    custom = {
        "value": 129.9,
        "currency": "aud",
        "contents": [{"id": "sku-1", "quantity": 2, "item_price": 64.95}],
        "custom_properties": {"deal": "d-7", "value": 5},
    }
    purchase = event(event_name="Purchase", custom_data=custom, event_id="order-7")
    action = sent(world, event(), purchase, event(opt_out=True), test_event_code="TEST1")
    assert action.status == "succeeded"
    assert action.result["events_received"] == 3
    assert action.result["fbtrace_id"]
    first, second, third = received(sandbox)
    effect = effect_of(world, action.id)
    assert [first["event_id"], second["event_id"], third["event_id"]] == [
        f"{effect.id}.0",
        "order-7",
        f"{effect.id}.2",
    ]
    assert second["custom_data"] == {
        "value": 129.9,
        "currency": "AUD",
        "contents": [{"id": "sku-1", "quantity": 2, "item_price": 64.95}],
        "deal": "d-7",
    }
    assert third["opt_out"] is True
    (kept,) = sandbox.control("GET", "/facebook/events")["events"][:1]
    assert kept["test_event_code"] == "TEST1"


def test_the_token_is_in_no_url_and_in_no_row(world: World, sandbox: Sandbox) -> None:
    sent(world)
    (call,) = sandbox.control("GET", "/requests")["requests"]
    assert (call["path"], call["query"]) == (f"/v26.0/{DATASET}/events", "")
    (row,) = world.rows("SELECT * FROM integration_log")
    assert set(row.request["body"]["form"]) == {"data"}
    (shown,) = row.request["body"]["form"]["data"]
    assert shown["user_data"]["client_ip_address"] == "[hidden]"
    (frozen,) = world.rows("SELECT body FROM calls")
    assert TOKEN not in str(row) + bytes(frozen.body).decode()


def test_a_sale_in_a_store_may_be_two_months_old(world: World, sandbox: Sandbox) -> None:
    assert sent(world, event(61 * DAY, action_source="physical_store")).status == "succeeded"
    assert sandbox.count(RECEIVED) == 1


def test_an_event_slightly_ahead_waits_for_its_time(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    ahead = event(-100)
    action = sent(world, event(), ahead)
    assert action.status == "waiting"
    assert action.due_at.timestamp() == ahead["event_time"]
    assert sandbox.count(RECEIVED) == 0
    sandbox.control("POST", "/clock", {"advance_seconds": 120})
    execute(replace(fleet, now=lambda: utc_now() + timedelta(seconds=120)), action.id)
    assert world.status(action.id) == "succeeded"
    assert sandbox.count(RECEIVED) == 2


def test_an_event_that_grew_too_old_while_it_waited_is_not_sent(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action = world.submit(request(world, event(6.9 * DAY)))
    later = replace(fleet, now=lambda: utc_now() + timedelta(days=1))
    execute(later, action)
    assert world.status(action) == "rejected"
    assert "events[0].event_time is more than 7 days ago" in world.action(action).error["message"]
    assert sandbox.control("GET", "/requests")["totals"] == {}


def test_a_stored_call_that_grew_too_old_is_not_sent_either(world: World, sandbox: Sandbox) -> None:
    sandbox.fault("facebook", "rate_limited")
    action = sent(world, event(6.9 * DAY))
    assert action.status == "waiting"
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE calls SET context = context || jsonb_build_object('told_until', now())")
        )
        tx.execute(text("UPDATE budgets SET blocked_until = NULL"))
    carry_on(world, [action.id])
    assert world.status(action.id) == "rejected"
    assert "too old" in world.action(action.id).error["message"]
    assert sandbox.control("GET", "/requests")["totals"] == {"facebook": 1}


def lost(world: World, sandbox: Sandbox, fault: str) -> UUID:
    sandbox.fault("facebook", fault, path="/events")
    action = sent(world)
    assert action.status == "reconciling"
    return UUID(str(action.id))


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit"])
def test_within_forty_hours_it_is_told_again_and_received_once(
    fleet: Fleet, world: World, sandbox: Sandbox, fault: str
) -> None:
    action = lost(world, sandbox, fault)
    hours = timedelta(hours=39)
    sandbox.control("POST", "/clock", {"advance_seconds": hours.total_seconds()})
    execute(replace(fleet, now=lambda: utc_now() + hours), action)
    assert world.status(action) == "succeeded"
    assert sandbox.count(RECEIVED) == 1


@pytest.mark.parametrize("hours", [40, 47, 49, 300])
def test_after_forty_hours_nothing_is_told_again_by_itself(
    fleet: Fleet, world: World, sandbox: Sandbox, hours: int
) -> None:
    action = lost(world, sandbox, "drop_after_commit")
    later = replace(fleet, now=lambda: utc_now() + timedelta(hours=hours))
    for _ in range(3):
        execute(later, action)
    assert world.status(action) == "parked"
    assert sandbox.control("GET", "/requests")["totals"] == {"facebook": 1}
    assert effect_of(world, action).state == "unknown"


def test_a_refused_repeat_is_no_proof_and_asks_for_a_person(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    action = lost(world, sandbox, "drop_after_commit")
    sandbox.control("POST", "/facebook/settings", {"refuse": {"Lead": "blocked since"}})
    carry_on(world, [action], 1)
    assert world.status(action) == "parked"
    assert "it may have happened" in world.action(action).status_reason
    resume(fleet, action, who="test", happened="seen in Events Manager")
    carry_on(world, [action])
    assert world.status(action) == "succeeded"
    assert sandbox.count(RECEIVED) == 1


def test_what_may_pass_by_itself_is_told_again(world: World, sandbox: Sandbox) -> None:
    sandbox.fault("facebook", "status", status=400)  # is_transient
    action = sent(world)
    assert (action.status, action.error["code"]) == ("reconciling", "meta_2")
    carry_on(world, [action.id])
    assert world.status(action.id) == "succeeded"
    assert sandbox.count(RECEIVED) == 1


def test_a_limit_holds_the_dataset_for_as_long_as_meta_says(world: World, sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "facebook", "hour": 1})
    assert sent(world).status == "succeeded"
    waiting = sent(world)
    assert (waiting.status, waiting.error["code"]) == ("waiting", "meta_80004")
    assert timedelta(minutes=58) < waiting.due_at - utc_now() < timedelta(minutes=62)
