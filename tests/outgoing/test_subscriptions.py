"""Subscribing, pausing without losing, rotating, replaying, deleting."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from domain.event_filter import EventFilter
from domain.events import EventType
from infra.database import dispatch
from infra.database import subscriptions as stored
from infra.database.subscriptions import Span
from infra.envelope import Refused
from tests.harness.receiver import receiving
from workers import replaying, subscriptions
from workers.beat import Beat, purge
from workers.subscribing import PER_WORKSPACE_MAX, Wanted

CREATED, PARKED = EventType.INVOICE_CREATED, EventType.ACTION_PARKED
URL = "https://hooks.example.com/x"


def test_every_problem_is_named(fleet, world) -> None:
    wrong = Wanted("http://example.com", ("actoin.*", "action.*"), description="x" * 300)
    with pytest.raises(Refused) as refused:
        subscriptions.create(fleet, world.workspace_id, wrong)
    fields = [one.field for one in refused.value.problems]
    assert fields == ["url", "types[0]", "description"]
    foreign = Wanted(URL, integration_id=uuid4(), deal_id=uuid4())
    with pytest.raises(Refused) as refused:
        subscriptions.create(fleet, world.workspace_id, foreign)
    assert [one.field for one in refused.value.problems] == ["integration_id", "deal_id"]
    with pytest.raises(Refused):
        subscriptions.create(fleet, uuid4(), Wanted(URL, integration_id=world.slack))
    assert not world.rows("SELECT * FROM integrations WHERE platform = 'webhook'")


def test_a_workspace_has_only_so_many(fleet, world, monkeypatch) -> None:
    monkeypatch.setattr("workers.subscribing.PER_WORKSPACE_MAX", 2)
    for number in range(2):
        subscriptions.create(fleet, world.workspace_id, Wanted(f"{URL}/{number}"))
    with pytest.raises(Refused, match="2 subscriptions at most"):
        subscriptions.create(fleet, world.workspace_id, Wanted(f"{URL}/2"))
    assert PER_WORKSPACE_MAX == 50


@pytest.mark.parametrize("call", ["show", "pause", "resume", "rotate", "delete", "deliveries"])
def test_another_workspaces_is_not_found(outgoing, fleet, call) -> None:
    one, foreign = outgoing.subscribe(), uuid4()
    more = {"who": "me"} if call == "pause" else {}
    with fleet.database.reading() as tx:
        first = tx if call in {"show", "deliveries"} else fleet
        with pytest.raises(subscriptions.NotFound):
            getattr(subscriptions, call)(first, one, workspace_id=foreign, **more)
    with pytest.raises(subscriptions.NotFound):
        subscriptions.pause(fleet, outgoing.world.slack, "me")
    with fleet.database.reading() as tx:
        assert subscriptions.listed(tx, foreign) == []
        assert subscriptions.show(tx, one)["status"] == "active"


def test_what_came_while_it_was_paused_is_delivered_once_it_goes_on(
    outgoing, receiver, fleet
) -> None:
    one = outgoing.subscribe()
    outgoing.emit(CREATED)
    outgoing.publish()  # queued before the pause
    assert subscriptions.pause(fleet, one, "me") is True
    assert subscriptions.pause(fleet, one, "me") is False
    outgoing.send(PARKED)
    assert receiver.got == []
    assert len(outgoing.open()) == 1
    assert subscriptions.resume(fleet, one) == 1
    assert subscriptions.resume(fleet, one) == 0
    outgoing.deliver()
    assert sorted(receiver.times().values()) == [1, 1]


def test_resumed_while_a_relay_still_believed_it_paused_nothing_is_lost(
    outgoing, receiver, fleet, monkeypatch
) -> None:
    """The relay reads the subscriptions, and commits only after the resume has begun."""
    one = outgoing.subscribe()
    subscriptions.pause(fleet, one, "me")
    outgoing.emit(CREATED)
    read, go_on = threading.Event(), threading.Event()
    real = stored.active

    def slow(tx, workspaces):
        found = real(tx, workspaces)
        read.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(stored, "active", slow)
    relay = threading.Thread(target=outgoing.publish)
    relay.start()
    assert read.wait(10)
    counts: list[int] = []
    resuming = threading.Thread(target=lambda: counts.append(subscriptions.resume(fleet, one)))
    resuming.start()
    resuming.join(0.5)
    assert resuming.is_alive()  # it waits for the relay's commit
    go_on.set()
    relay.join(10)
    resuming.join(10)
    outgoing.deliver()
    assert counts == [1]
    assert list(receiver.times().values()) == [1]


def test_rotated_both_secrets_verify_until_the_former_ones_time_is_over(
    outgoing, receiver, fleet
) -> None:
    one = outgoing.subscribe()
    new = subscriptions.rotate(fleet, one)
    outgoing.send(CREATED)
    (got,) = receiver.got
    Webhook(new).verify(got.body, got.headers)
    Webhook(outgoing.secrets[one]).verify(got.body, got.headers)
    newest = subscriptions.rotate(fleet, one, former_counts_for=timedelta(0))
    outgoing.send(CREATED)
    got = receiver.got[-1]
    Webhook(newest).verify(got.body, got.headers)
    for former in (new, outgoing.secrets[one]):
        with pytest.raises(WebhookVerificationError):
            Webhook(former).verify(got.body, got.headers)


def test_rotated_by_two_at_once_one_secret_counts_and_none_is_lost(outgoing, fleet) -> None:
    one = outgoing.subscribe()
    first, second = subscriptions.rotate(fleet, one), subscriptions.rotate(fleet, one)
    (row,) = outgoing.world.rows("SELECT credentials FROM connections WHERE platform = 'webhook'")
    kept = fleet.vault.unlock(bytes(row.credentials))
    assert (kept["secret"], kept["former"]) == (second, first)


def test_secrets_are_sealed(outgoing) -> None:
    one = outgoing.subscribe(description="Ours")
    kept = str(outgoing.world.rows("SELECT i::text, c::text FROM integrations i, connections c"))
    assert "Ours" in kept
    assert outgoing.secrets[one].removeprefix("whsec_") not in kept


def test_a_time_is_replayed_under_the_same_ids_and_behind_what_is_new(
    outgoing, receiver, fleet
) -> None:
    one = outgoing.subscribe("invoice.*")
    outgoing.send(CREATED, PARKED, CREATED)
    before = fleet.now()
    outgoing.send(CREATED)
    with fleet.database.reading() as tx:
        it = subscriptions.the(tx, one)
    since = before - timedelta(minutes=5)
    assert replaying.replay(fleet, it, Span(since, before), "me") == 2
    assert {row.priority for row in outgoing.open()} == {1}
    outgoing.deliver()
    assert sorted(receiver.times().values()) == [1, 2, 2]
    assert replaying.replay(fleet, it, Span(fleet.now()), "me") == 0


def test_a_long_time_is_replayed_in_parts(outgoing, fleet, monkeypatch) -> None:
    monkeypatch.setattr(replaying, "AT_A_TIME", 2)
    one = outgoing.subscribe()
    outgoing.emit(*[CREATED] * 5)
    outgoing.publish()
    with fleet.database.transaction() as tx:
        it = subscriptions.the(tx, one)
        tx.execute(text("UPDATE actions SET status = 'rejected', finished_at = now()"))
    span = Span(fleet.now() - timedelta(minutes=1))
    assert replaying.replay(fleet, it, span, "me") == 5
    assert replaying.replay_failed(fleet, it, span, "me") == 5


def test_one_delivery_is_sent_again_and_one_that_waits_at_once(outgoing, receiver, fleet) -> None:
    one = outgoing.subscribe()
    receiver.answers(500)
    outgoing.send(CREATED)
    with fleet.database.reading() as tx:
        it = subscriptions.the(tx, one)
    waiting = outgoing.only()
    assert replaying.replay_one(fleet, it, waiting.id, "me") == waiting.id
    assert outgoing.only().due_at < waiting.due_at
    outgoing.deliver()
    again = replaying.replay_one(fleet, it, waiting.id, "me")
    assert again not in {None, waiting.id}
    outgoing.deliver()
    assert list(receiver.times().values()) == [3]
    assert replaying.replay_one(fleet, it, uuid4(), "me") is None


def test_deleted_it_is_forgotten_with_its_secret(outgoing, receiver, world, fleet) -> None:
    one = outgoing.subscribe()
    outgoing.send(CREATED)
    outgoing.emit(CREATED)
    outgoing.publish()
    subscriptions.delete(fleet, one)
    outgoing.deliver()
    assert len(receiver.got) == 1
    for table in ("integrations", "connections"):
        assert not world.rows(f"SELECT 1 FROM {table} WHERE platform = 'webhook'")
    assert not world.rows("SELECT 1 FROM budgets WHERE tenant LIKE 'webhook%'")
    assert outgoing.all() == []


def test_deliveries_are_kept_for_their_time(outgoing, fleet) -> None:
    outgoing.subscribe()
    outgoing.send(CREATED)
    beat = Beat(fleet, None)
    purge(beat, fleet.now() + timedelta(days=29))
    assert len(outgoing.all()) == 1
    purge(beat, fleet.now() + timedelta(days=31))
    assert outgoing.all() == []


@pytest.mark.parametrize(
    ("pattern", "kind", "fits"),
    [
        ("*", "a.b", True),
        ("action.*", "action.parked", True),
        ("action.*", "actions.parked", False),
        ("action", "action.parked", False),
        ("action.parked", "action.parked", True),
        ("*.parked", "action.parked", False),
    ],
)
def test_patterns(pattern, kind, fits) -> None:
    assert EventFilter([pattern]).wants(kind, "", {}) is fits


def test_a_slow_receiver_takes_no_more_than_its_places(outgoing, receiver, fleet) -> None:
    """Four of one subscription are rung at a time, and another subscription's are rung beside."""
    outgoing.subscribe("invoice.*")
    with receiving() as other:
        outgoing.receiver = other
        outgoing.subscribe("action.*")
    outgoing.emit(*[CREATED] * 10, PARKED)
    outgoing.publish()
    with fleet.database.transaction() as tx:
        bells = dispatch.take_doorbells(tx, fleet.catalogue.in_flight(), 40, fleet.now())
    rung = {bell.action_id for bell in bells}
    kinds = [row.params["event"]["type"] for row in outgoing.open() if row.id in rung]
    assert sorted(kinds) == ["action.parked"] + ["invoice.created"] * 4
