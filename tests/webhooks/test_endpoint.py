"""What the endpoint answers, and what it has stored when it does."""

import socket
import threading
import time

import pytest

from infra.database import webhooks
from infra.platforms.xero.webhooks import read, sign
from infra.sandbox import seed
from tests.harness.webhooks import body_of, event
from tests.harness.world import World, eventually
from workers.webhook_syncs import IDS_MAX, submit_syncs

pytestmark = pytest.mark.processes


def events(world: World) -> list:
    return world.rows("SELECT * FROM webhook_events ORDER BY id")


def syncs(world: World) -> list:
    return world.rows("SELECT * FROM actions WHERE source = 'webhook' ORDER BY created_at")


def finish_syncs(world: World) -> None:
    with world.fleet.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE actions SET status = 'succeeded', finished_at = now()")


def test_intent_to_receive_is_answered_200_and_401_with_nothing_in_it(teller, world) -> None:
    probe = body_of()
    right, wrong = teller.post(probe), teller.post(probe, signature="BjzNbYUfrzg4g8wxm+dKHaZV=")
    assert (right.status, right.data, wrong.status, wrong.data) == (200, b"", 401, b"")
    assert "set-cookie" not in right.headers
    assert "set-cookie" not in wrong.headers
    assert events(world) == []


def test_a_signature_wrong_by_one_letter_is_refused(teller, world) -> None:
    body = body_of(event())
    right = sign(body, teller.keys[0]).decode()
    wrong = ("/" if right[0] != "/" else "+") + right[1:]
    assert teller.post(body, signature=wrong).status == 401
    assert teller.post(body, signature="").status == 401
    assert teller.post(body, signature="é").status == 401
    assert teller.post(body[:-1] + b" ", signature=right).status == 401
    assert teller.post(body, key="a-key-of-somebody-else").status == 401
    assert events(world) == []


def test_both_keys_are_believed_while_one_replaces_the_other(teller, world) -> None:
    for key in teller.keys:
        assert teller.tell(event(), key=key).status == 200
    assert len(events(world)) == 2


def test_what_is_answered_200_is_stored_and_becomes_one_sync(teller, world) -> None:
    told = [event() for _ in range(3)]
    assert teller.tell(*told).status == 200
    assert len(events(world)) == 3
    (sync,) = eventually(lambda: syncs(world))
    assert sync.params == {"invoice_ids": sorted(one["resourceId"] for one in told)}
    assert (sync.queue, sync.priority, sync.action_type) == ("xero.sync", 1, "xero_sync_invoices")


def test_told_twice_replayed_and_in_another_order_changes_nothing(teller, world) -> None:
    told = [event() for _ in range(4)]
    assert teller.tell(*told).status == 200
    eventually(lambda: syncs(world))
    finish_syncs(world)
    for again in (told, told[::-1], told[1:2] * 3):
        assert teller.tell(*again).status == 200
    assert teller.tell(last := event()).status == 200
    eventually(lambda: len(syncs(world)) == 2)
    assert syncs(world)[1].params == {"invoice_ids": [last["resourceId"]]}
    assert len(events(world)) == 5


def test_what_comes_while_a_sync_waits_goes_into_the_next_one(teller, world) -> None:
    teller.tell(event())
    eventually(lambda: syncs(world))
    more = [event() for _ in range(30)]
    for one in more:
        teller.tell(one)
    assert len(syncs(world)) == 1
    finish_syncs(world)
    eventually(lambda: len(syncs(world)) == 2)
    assert syncs(world)[1].params == {"invoice_ids": sorted(one["resourceId"] for one in more)}


def test_every_workspace_that_connects_the_organisation_gets_its_sync(teller, world, fleet) -> None:
    second, other = World(fleet), World(fleet, seed.TENANT_TWO)
    teller.tell(event())
    eventually(lambda: len(syncs(world)) == 2)
    assert {row.integration_id for row in syncs(world)} == {world.xero, second.xero}
    assert other.xero not in {row.integration_id for row in syncs(world)}


def test_an_unknown_tenant_and_a_contact_are_kept_and_ignored(teller, world) -> None:
    stranger = event(tenantId="0a11ce00-0000-4000-8000-00000000dead")
    assert teller.tell(stranger, event(eventCategory="CONTACT")).status == 200
    words = {row.ignored for row in events(world)}
    assert words == {"no integration of this tenant", "nothing is read for this category"}
    teller.tell(event())
    eventually(lambda: syncs(world))
    assert len(syncs(world)[0].params["invoice_ids"]) == 1


def test_a_paused_integration_reads_what_it_missed_when_it_goes_on(teller, world, fleet) -> None:
    world.set_integration(world.xero, status="error")
    told = [event(), event()]
    for one in told:
        assert teller.tell(one).status == 200
    submit_syncs(fleet, fleet.now())
    assert syncs(world) == []
    world.set_integration(world.xero, status="active")
    submit_syncs(fleet, fleet.now())
    (sync,) = syncs(world)
    assert sync.params == {"invoice_ids": sorted(one["resourceId"] for one in told)}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"events": 5}', b"\xff\xfe", b"[" * 20_000, b'{"events": [5, {"a": 1}]}'],
)
def test_a_signed_body_nobody_can_read_is_kept_and_answered_200(teller, world, body) -> None:
    assert teller.post(body).status == 200
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert (letter.source, bytes(letter.body)) == ("xero.webhook", body)
    assert letter.problems


def test_one_unreadable_event_does_not_lose_the_others(teller, world) -> None:
    bad = [
        event(resourceId="not-an-id"),
        event(eventDateUtc="yesterday"),
        event(eventType=None),
        event(eventDateUtc="0001-01-01T00:00:00+14:00"),
    ]
    good = event()
    assert teller.tell(*bad, good).status == 200
    assert [row.resource for row in events(world)] == [good["resourceId"]]
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert [one["field"] for one in letter.problems] == [
        "events[0].resourceId",
        "events[1].eventDateUtc",
        "events[2].eventType",
        "events[3].eventDateUtc",
    ]


def test_the_content_type_does_not_matter_and_the_signature_does(teller, world) -> None:
    assert teller.tell(event(), **{"Content-Type": "text/plain; charset=latin-1"}).status == 200
    assert len(events(world)) == 1


def test_a_huge_body_is_refused_whether_it_says_its_size_or_not(teller, settings, world) -> None:
    huge = b"x" * (settings.webhook_body_bytes_max + 1)
    assert teller.post(huge).status == 413

    def chunks():
        yield from (huge[start : start + 8192] for start in range(0, len(huge), 8192))

    answer = teller.http.request("POST", f"{teller.url}/webhooks/xero", body=chunks(), chunked=True)
    assert answer.status == 413
    assert teller.tell(event()).status == 200


def test_a_truncated_body_is_not_stored(teller, settings, world) -> None:
    with socket.create_connection(("127.0.0.1", settings.webhooks_port)) as raw:
        raw.sendall(b"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    assert teller.tell(event()).status == 200
    assert len(events(world)) == 1


def test_a_body_that_never_comes_does_not_hold_the_others_up(teller, settings, world) -> None:
    raws = [socket.create_connection(("127.0.0.1", settings.webhooks_port)) for _ in range(50)]
    for raw in raws:
        raw.sendall(b"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    began = time.monotonic()
    assert teller.tell(event()).status == 200
    assert time.monotonic() - began < 2
    for raw in raws:
        raw.close()


def test_other_methods_and_paths_are_not_there(teller, world) -> None:
    assert teller.http.request("GET", f"{teller.url}/webhooks/xero").status == 405
    assert teller.http.request("POST", f"{teller.url}/webhooks/other").status == 404
    assert teller.http.request("GET", f"{teller.url}/healthz").status == 200


def test_what_our_own_writes_raise_is_not_read_again(teller, world, fleet) -> None:
    deal, _ = world.deal({})
    own, paid, stale = (event() for _ in range(3))
    with fleet.database.transaction() as tx:
        for one, status, later in ((own, "AUTHORISED", 0), (paid, "PAID", 0), (stale, "DRAFT", -1)):
            tx.exec_driver_sql(
                "INSERT INTO invoices (id, workspace_id, integration_id, deal_id, origin,"
                " platform_invoice_id, status, currency, total, amount_due, amount_paid,"
                " updated_utc) VALUES (gen_random_uuid(), %s, %s, %s, 'fleet', %s, %s, 'AUD',"
                " 1, 1, 0, %s::timestamptz + make_interval(secs => %s))",
                (
                    world.workspace_id,
                    world.xero,
                    deal,
                    one["resourceId"],
                    status,
                    one["eventDateUtc"] + "+00",
                    later,
                ),
            )
    teller.tell(own, paid, stale)
    (sync,) = eventually(lambda: syncs(world))
    assert sync.params["invoice_ids"] == sorted([paid["resourceId"], stale["resourceId"]])


def test_more_than_is_worth_asking_for_by_id_becomes_one_plain_sync(world, fleet) -> None:
    told, problem = read(body_of(*(event() for _ in range(IDS_MAX + 1))))
    assert problem is None
    with fleet.database.transaction() as tx:
        assert webhooks.store(tx, told, fleet.now()) == webhooks.Counts(IDS_MAX + 1, 0)
    submit_syncs(fleet, fleet.now())
    (sync,) = syncs(world)
    assert sync.params == {}


def test_two_who_submit_at_once_submit_one_sync(world, fleet) -> None:
    for _ in range(5):
        told, _problem = read(body_of(event()))
        with fleet.database.transaction() as tx:
            webhooks.store(tx, told, fleet.now())
        start = threading.Barrier(4)

        def race(start: threading.Barrier = start) -> None:
            start.wait()
            submit_syncs(fleet, fleet.now())

        threads = [threading.Thread(target=race) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len([row for row in syncs(world) if row.finished_at is None]) == 1
        finish_syncs(world)
    assert len(syncs(world)) == 5
