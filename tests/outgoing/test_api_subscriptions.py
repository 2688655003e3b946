"""Subscriptions by HTTP: from the wish to deliveries that verify, and back to nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, BoundedSemaphore, Thread
from uuid import uuid4

import pytest
from sqlalchemy.exc import NoResultFound
from standardwebhooks import Webhook

from domain.access import SCOPES_OF, Role, Scope
from domain.events import EventType
from infra.database import integrations
from infra.http.problems import HttpProblem
from tests.api.callers import Client, client_of
from tests.harness.outgoing import Outgoing
from tests.harness.processes import Processes
from tests.harness.receiver import Receiver
from tests.harness.world import World
from workers.api import subscriptions as api
from workers.api.endpoint import Asked, Caller
from workers.api.subscription_shapes import Queued

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def web(base_settings, migrated, tmp_path_factory) -> Iterator[Processes]:
    """The web process, which may post to this machine."""
    chosen = replace(base_settings, deliver_to_private_addresses=True)
    with Processes(chosen, tmp_path_factory.mktemp("web")) as started:
        started.start("web")
        yield started


@pytest.fixture
def admin(web, world: World) -> Client:
    return client_of(world.fleet, world.workspace_id, SCOPES_OF[Role.ADMIN])


def made(admin: Client, receiver: Receiver, **more) -> tuple[str, str]:
    said = admin.post("/subscriptions", {"url": receiver.url, **more})
    assert said.status == 200, said.body
    return f"/subscriptions/{said.json['id']}", said.json["secret"]


def test_created_it_is_told_of_events_signed_with_the_secret_it_was_given(
    admin, outgoing: Outgoing, receiver
) -> None:
    one, secret = made(admin, receiver, types=["invoice.*"], description="books")
    assert secret.startswith("whsec_")
    outgoing.send(EventType.INVOICE_CREATED, EventType.ACTION_PARKED)
    (got,) = receiver.got
    assert Webhook(secret).verify(got.body, got.headers)["type"] == "invoice.created"
    shown = admin.get(one).json
    assert (shown["url"], shown["types"], shown["delivered"]) == (receiver.url, ["invoice.*"], 1)
    assert admin.get("/subscriptions").json["items"] == [shown]
    (log,) = admin.get(f"{one}/deliveries?status=succeeded").json["items"]
    assert (log["type"], log["http_status"], log["attempts"]) == ("invoice.created", 200, 1)
    assert admin.get(f"/actions/{log['id']}").json["status"] == "succeeded"
    assert admin.get(f"{one}/deliveries?status=rejected").json["items"] == []
    for path in (one, f"{one}/deliveries", "/subscriptions"):
        assert secret.removeprefix("whsec_") not in admin.get(path).body.decode()


def test_every_problem_of_a_wish_is_named(admin, receiver) -> None:
    wish = {"url": "ftp://nowhere", "types": ["no.such"], "deal_id": str(uuid4())}
    said = admin.post("/subscriptions", wish)
    assert (said.status, sorted(said.errors)) == (422, ["types[0]", "url"])
    wish = {"url": receiver.url, "deal_id": str(uuid4()), "integration_id": str(uuid4())}
    said = admin.post("/subscriptions", wish)
    assert (said.status, sorted(said.errors)) == (422, ["deal_id", "integration_id"])
    assert list(admin.post("/subscriptions", {"url": receiver.url, "colour": 1}).errors) == [
        "colour"
    ]


def test_asked_again_after_a_lost_answer_there_is_one(admin, receiver, world) -> None:
    """Whoever lost the answer has lost the secret too: it is told how to get another."""
    start, statuses = Barrier(4), []

    def ask() -> None:
        start.wait()
        statuses.append(admin.post("/subscriptions", {"url": receiver.url}).status)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [200, 422, 422, 422]
    (only,) = admin.get("/subscriptions").json["items"]
    said = admin.post("/subscriptions", {"url": receiver.url})
    assert only["id"] in said.errors["url"]
    assert "rotate" in said.errors["url"]
    made(admin, receiver, types=["action.*"])  # it wants something else


def test_events_tell_amounts_so_whoever_may_not_see_them_subscribes_nobody(
    web, world, receiver
) -> None:
    blind = client_of(world.fleet, world.workspace_id, set(Scope) - {Scope.INVOICES_READ})
    said = blind.post("/subscriptions", {"url": receiver.url, "types": ["action.*"]})
    assert (said.status, "invoices:read" in said.json["detail"]) == (403, True)
    assert world.rows("SELECT 1 FROM integrations WHERE platform = 'webhook'") == []


def test_paused_nothing_is_sent_and_resumed_all_of_it(admin, outgoing, receiver) -> None:
    one, _ = made(admin, receiver)
    said = admin.post(f"{one}/pause")
    assert (said.status, said.json["status"]) == (200, "inactive")
    assert "paused by API key" in said.json["status_reason"]
    assert admin.post(f"{one}/pause").status == 409
    outgoing.send()
    assert receiver.got == []
    assert admin.post(f"{one}/resume").json == {"queued": 1}
    outgoing.deliver()
    assert len(receiver.got) == 1


def test_rotated_both_secrets_verify_for_as_long_as_was_said(admin, outgoing, receiver) -> None:
    one, former = made(admin, receiver)
    said = admin.post(f"{one}/rotate", {"former_counts_for_s": 3600})
    outgoing.send()
    (got,) = receiver.got
    for secret in (former, said.json["secret"]):
        assert Webhook(secret).verify(got.body, got.headers)
    newest = admin.post(f"{one}/rotate", {"former_counts_for_s": 0}).json["secret"]
    outgoing.send()
    assert Webhook(newest).verify(receiver.got[-1].body, receiver.got[-1].headers)
    assert len(receiver.got[-1].headers["webhook-signature"].split()) == 1


def test_one_delivery_or_a_time_is_delivered_again(admin, outgoing, receiver, fleet) -> None:
    one, _ = made(admin, receiver)
    since = (fleet.now() - timedelta(minutes=1)).isoformat()
    outgoing.send(EventType.INVOICE_CREATED, EventType.ACTION_PARKED)
    first = admin.get(f"{one}/deliveries").json["items"][0]["id"]
    assert admin.post(f"{one}/replay", {"delivery_id": first}).json == {"queued": 1}
    assert admin.post(f"{one}/replay", {"since": since}).json == {"queued": 2}
    assert admin.post(f"{one}/replay", {"since": since, "failed": True}).json == {"queued": 0}
    outgoing.deliver()
    assert sorted(receiver.times().values()) == [2, 3]
    refused = {"since": {}, "delivery_id": {"delivery_id": first, "since": since}}
    for field, body in refused.items():
        said = admin.post(f"{one}/replay", body)
        assert (said.status, list(said.errors)) == (422, [field])
    assert admin.post(f"{one}/replay", {"delivery_id": str(uuid4())}).status == 404


def test_only_so_many_go_through_all_events_at_once(world, outgoing, fleet, monkeypatch) -> None:
    one = outgoing.subscribe()
    outgoing.send()
    places = BoundedSemaphore(1)
    monkeypatch.setattr(api, "_long", places)
    caller = Caller(world.workspace_id, frozenset(Scope), "me", uuid4())
    said = api.Replay(since=fleet.now() - timedelta(minutes=1))
    asked = Asked(fleet, caller, {"subscription_id": one}, None, said, None, "r")
    with places:
        for call in (api.replay, api.resume):
            with pytest.raises(HttpProblem, match="ask again") as refused:
                call(asked)
            assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "10"})
    assert outgoing.open() == []
    assert [api.replay(asked), api.resume(asked)] == [Queued(1), Queued(0)]


def test_deleted_it_is_gone_with_its_secret(admin, outgoing, receiver, fleet, world) -> None:
    one, _ = made(admin, receiver)
    (connection,) = world.rows("SELECT connection_id FROM integrations WHERE platform = 'webhook'")
    outgoing.send()
    assert admin("DELETE", one).json["delivered"] == 1
    assert (admin.get(one).status, admin("DELETE", one).status) == (404, 404)
    with fleet.database.reading() as tx, pytest.raises(NoResultFound):
        integrations.sealed(tx, connection.connection_id)
    outgoing.send()
    assert len(receiver.got) == 1
