"""What a subscription is sent, how it is signed, and what its receiver's answers do."""

import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from domain.events import EventType
from infra.database import views
from infra.envelope import Refused
from tests.harness.world import eventually
from workers import fan_out, subscriptions
from workers.execute import execute

CREATED, PARKED = EventType.INVOICE_CREATED, EventType.ACTION_PARKED


def test_an_event_arrives_whole_and_signed(outgoing, receiver, world) -> None:
    one = outgoing.subscribe("invoice.*")
    outgoing.send(CREATED)
    (got,) = receiver.got
    told = Webhook(outgoing.secrets[one]).verify(got.body, got.headers)
    (row,) = world.rows("SELECT * FROM outbox")
    assert told["id"] == got.id == str(row.event_id)
    assert (told["type"], told["data"]) == ("invoice.created", {"said": "héllo"})
    assert got.path == "/hooks"
    assert outgoing.only().status == "succeeded"


def test_only_what_is_wanted_is_sent(outgoing, receiver, world) -> None:
    deal, other = world.deal()[0], world.deal()[0]
    outgoing.subscribe("action.*", "integration.paused")
    outgoing.subscribe("*", deal_id=deal)
    outgoing.subscribe("*", integration_id=world.slack)
    outgoing.emit(CREATED, deal=deal)
    outgoing.emit(CREATED, deal=other)
    outgoing.emit(PARKED, integration_id=str(world.slack))
    outgoing.emit(PARKED, integration_id=str(world.xero), deal=deal)
    outgoing.publish()
    outgoing.deliver()
    kinds = [one.event["type"] for one in receiver.got]
    # By type: both parked ones. By deal: two of them. By integration: one.
    assert sorted(kinds) == ["action.parked"] * 4 + ["invoice.created"]


def test_another_workspace_is_sent_nothing(outgoing, receiver, fleet) -> None:
    outgoing.subscribe("*")
    outgoing.world.workspace_id = type(outgoing.world.workspace_id)(int=7)
    outgoing.send(CREATED)
    assert receiver.got == []


def test_its_own_ends_are_no_events(outgoing, receiver, world) -> None:
    outgoing.subscribe("*")
    receiver.answers(500)
    outgoing.send(CREATED)
    outgoing.deliver(2)
    outgoing.publish()
    assert len(world.rows("SELECT * FROM outbox")) == 1
    assert len(outgoing.all()) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 302, 500, 503, 429])
def test_whatever_is_not_taken_is_sent_again_under_the_same_id(outgoing, receiver, status) -> None:
    one = outgoing.subscribe("*")
    receiver.answers(status, location=receiver.url)
    outgoing.send(CREATED)
    row = outgoing.only()
    assert (row.status, row.error["code"]) == ("waiting", f"http_{status}")
    outgoing.deliver()
    first, second = receiver.got
    assert first.id == second.id
    assert first.body == second.body
    Webhook(outgoing.secrets[one]).verify(second.body, second.headers)
    assert outgoing.only().status == "succeeded"


def test_waits_grow_and_are_over_after_three_days(outgoing, receiver, world, fleet) -> None:
    outgoing.subscribe("*")
    receiver.answers(*[500] * 60)
    outgoing.send(CREATED)
    waits = []
    for _ in range(16):
        (row,) = world.rows("SELECT due_at - now() AS wait FROM actions WHERE platform='webhook'")
        waits.append(row.wait)
        outgoing.deliver()
    assert timedelta(seconds=2) < waits[0] <= timedelta(seconds=5)
    assert all(after > before for before, after in zip(waits[:11:2], waits[2:12:2], strict=False))
    assert timedelta(hours=2.9) < waits[-1] <= timedelta(hours=6)
    _age(world, "3 days 1 minute")
    outgoing.deliver()
    row = outgoing.only()
    assert (row.status, row.error["code"]) == ("rejected", "too_old")


def _age(world, by: str) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(text(f"UPDATE effects SET created_at = created_at - interval '{by}'"))


def test_a_receiver_that_took_nothing_for_days_is_told_nothing_more(
    outgoing, receiver, world, fleet
) -> None:
    one = outgoing.subscribe("*")
    outgoing.send(CREATED)  # long ago it took something
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET finished_at = finished_at - interval '4 days'"))
    receiver.answers(*[500] * 5)
    outgoing.send(CREATED)
    _age(world, "3 days 1 minute")
    outgoing.deliver()
    with fleet.database.reading() as tx:
        shown = subscriptions.show(tx, one)
    assert (shown["status"], shown["failed"]) == ("inactive", 1)
    assert "nothing was taken for 3 days; the last: not done within" in shown["status_reason"]
    (told,) = world.events("subscription.disabled")
    assert told.data["subscription_id"] == str(one)


def test_the_time_it_was_paused_is_not_time_it_was_tried(outgoing, receiver, world, fleet) -> None:
    one = outgoing.subscribe("*")
    receiver.answers(500, 500)
    outgoing.send(CREATED)
    subscriptions.pause(fleet, one, "me")
    _age(world, "4 days")
    subscriptions.resume(fleet, one)
    outgoing.deliver()
    assert outgoing.only().status == "waiting"
    outgoing.deliver()
    assert outgoing.only().status == "succeeded"


def test_one_that_takes_other_events_is_not_disabled(outgoing, receiver, world, fleet) -> None:
    one = outgoing.subscribe("*")
    receiver.answers(500, 200, 500)
    outgoing.send(CREATED)
    outgoing.emit(CREATED)
    outgoing.publish()
    for row in outgoing.open():
        if row.due_at <= fleet.now():
            execute(fleet, row.id)
    _age(world, "3 days 1 minute")
    outgoing.deliver()
    assert sorted(row.status for row in outgoing.all()) == ["rejected", "succeeded"]
    with fleet.database.reading() as tx:
        assert subscriptions.show(tx, one)["status"] == "active"


def test_410_disables_at_once(outgoing, receiver, world, fleet) -> None:
    one = outgoing.subscribe("*")
    receiver.answers(410)
    outgoing.send(CREATED)
    outgoing.emit(CREATED)
    outgoing.publish()
    outgoing.deliver()
    assert len(receiver.got) == 1
    with fleet.database.reading() as tx:
        assert subscriptions.show(tx, one)["status"] == "inactive"
    # The event, the one it was stopped at, and that it was.
    assert len(world.events("subscription.disabled")) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_holds_the_subscription_and_no_other(
    outgoing, receiver, status, as_date
) -> None:
    fleet = outgoing.fleet
    one, other = outgoing.subscribe("*"), outgoing.subscribe("action.*")
    until = fleet.now() + timedelta(seconds=120)
    said = format_datetime(until, usegmt=False) if as_date else "120"
    receiver.answers(status, Retry_After=said)
    outgoing.send(CREATED)
    row = outgoing.only()
    assert abs((row.due_at - until).total_seconds()) < 3
    outgoing.emit(PARKED)
    outgoing.publish()
    for waiting in outgoing.open():
        execute(fleet, waiting.id)
    (taken,) = [row for row in outgoing.all() if row.status == "succeeded"]
    assert taken.integration_id == other
    held = [row for row in outgoing.open() if row.integration_id == one]
    assert len(held) == 2
    assert all(row.due_at > fleet.now() + timedelta(seconds=100) for row in held)


def test_a_receiver_that_hangs_is_left_and_told_again(outgoing, receiver) -> None:
    outgoing.subscribe("*")
    receiver.hang = 6.0
    outgoing.send(CREATED)
    row = outgoing.only()
    assert (row.status, row.error["code"]) == ("waiting", "no_answer")
    receiver.hang = 0.0
    outgoing.deliver()
    assert outgoing.only().status == "succeeded"
    assert list(receiver.times().values()) == [2]


def test_what_follows_the_status_is_of_no_interest(outgoing, receiver, world) -> None:
    outgoing.subscribe("*")
    receiver.answer = lambda _n: (200, {}, b"x" * 100_000)
    outgoing.send(CREATED)
    assert outgoing.only().status == "succeeded"
    (log,) = world.rows("SELECT response FROM integration_log")
    assert len(str(log.response)) < 1000


def test_the_log_keeps_each_attempt_and_nothing_secret(outgoing, receiver, world, fleet) -> None:
    one = outgoing.subscribe("*")
    receiver.answer = lambda _n: (500, {"Set-Cookie": "s=hush"}, b'{"token": "hush", "why": "x"}')
    outgoing.send(CREATED)
    with fleet.database.reading() as tx:
        (log,) = subscriptions.deliveries(tx, one)
    assert (log["status"], log["attempts"], log["http_status"]) == ("waiting", 1, 500)
    assert log["type"] == "invoice.created"
    assert log["response"]["body"] == {"token": "[hidden]", "why": "x"}
    kept = str(world.rows("SELECT l::text FROM integration_log l"))
    assert "hush" not in kept
    assert outgoing.secrets[one][6:] not in kept


def test_nobody_is_there_at_all(outgoing, receiver, world) -> None:
    one = outgoing.subscribe("*")
    world.set_integration(one, settings={"url": "http://127.0.0.1:9/x", "types": ["*"]})
    outgoing.send(CREATED)
    assert outgoing.only().error["code"] == "not_sent"


def test_nobody_can_ask_for_a_delivery_by_a_request(outgoing, world) -> None:
    one = outgoing.subscribe("*")
    forged = {"event": {"id": "1", "type": "invoice.created"}}
    request = world.request("webhook_deliver", forged, integration_id=one)
    with pytest.raises(Refused) as refused:
        world.answer(request)
    assert refused.value.problems[0].field == "action_type"
    assert "webhook_deliver" not in refused.value.problems[0].problem.split("; known:")[1]


def test_a_subscription_nobody_can_read_stops_no_other(outgoing, receiver, world) -> None:
    broken = outgoing.subscribe("*")
    world.set_integration(broken, settings={"types": [1], "url": None})
    outgoing.subscribe("*")
    outgoing.send(CREATED)
    assert len(receiver.got) == 1


def test_published_again_it_is_delivered_once(outgoing, receiver, fleet) -> None:
    outgoing.subscribe("*")
    outgoing.send(EventType.PROMOTION_DUE)
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE outbox SET published_at = NULL"))
    outgoing.publish()
    outgoing.deliver()
    assert list(receiver.times().values()) == [1]


def test_deliveries_are_not_among_the_actions_shown(outgoing, world, fleet) -> None:
    one = outgoing.subscribe("*")
    outgoing.send(CREATED)
    with fleet.database.reading() as tx:
        assert views.actions(tx, views.Wanted()) == []
        assert len(views.actions(tx, views.Wanted(integration=one))) == 1
        assert len(views.actions(tx, views.Wanted(platform="webhook"))) == 1


def test_the_sent_time_is_of_each_attempt(outgoing, receiver) -> None:
    outgoing.subscribe("*")
    receiver.answers(500)
    outgoing.send(CREATED)
    eventually(lambda: receiver.got[0].at + 1.1 < time.time(), 5)
    outgoing.deliver()
    first, second = receiver.got
    assert int(first.headers["webhook-timestamp"]) < int(second.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_a_large_batch_is_queued_in_parts_and_whoever_waits_is_rung_between(
    outgoing, world, monkeypatch
) -> None:
    monkeypatch.setattr(fan_out, "AT_A_TIME", 4)
    for name in ("one", "another"):
        outgoing.subscribe(description=name)
    outgoing.emit(*[CREATED] * 5)
    rung: list[int] = []
    monkeypatch.setattr(outgoing.relay, "ring", lambda: rung.append(len(outgoing.all())) or 0)
    outgoing.publish()
    assert rung == [4, 8]
    assert len(outgoing.all()) == 10
    assert not world.rows("SELECT 1 FROM outbox WHERE published_at IS NULL")
