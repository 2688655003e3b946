"""Every endpoint, tried by every role of two workspaces and with every single scope.

The cases come from the table of endpoints itself: a new endpoint is covered the day it is written.
"""

import hashlib
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.access import SCOPES_OF, Role, Scope
from infra.database import api_keys, outbox
from tests.api.callers import Client, client_of
from tests.harness.world import World
from workers import fan_out, subscriptions
from workers.api.application import ALL
from workers.api.endpoint import Endpoint
from workers.execute import execute
from workers.subscribing import Wanted

pytestmark = pytest.mark.processes

EVENTS = "/events?type=nothing.at.all"  # refused after everything that is tried here
BODIES = {
    "PATCH": {"payment_status": "paid"},
    "POST": {},
    "query_integration": {"read": "xero_accounts"},
}


@pytest.fixture
def standing(world: World) -> dict[str, str]:
    """One of everything an address can name, in the first workspace."""
    deal, lines = world.deal({})
    invoice = world.invoice(deal)
    execute(world.fleet, invoice)
    (row,) = world.rows("SELECT id FROM invoices")
    return {
        "integration_id": str(world.xero),
        "action_id": str(world.message()),
        "deal_id": str(deal),
        "product_id": str(lines[0]),
        "invoice_id": str(row.id),
        "subscription_id": str(subscribed(world)),
    }


def subscribed(world: World) -> UUID:
    wanted = Wanted("https://hooks.example.com/fleet")
    return subscriptions.create(world.fleet, world.workspace_id, wanted).id


def path_of(endpoint: Endpoint, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+):uuid\}", lambda found: ids[found[1]], endpoint.path)


def call(client: Client, endpoint: Endpoint, ids: dict[str, str]) -> int:
    body = BODIES.get(endpoint.name, BODIES.get(endpoint.method))
    return client(endpoint.method, path_of(endpoint, ids), body).status


HAVING_ID = [one for one in ALL if "{" in one.path]


def test_only_those_with_the_scope_get_past(web, world, standing) -> None:
    clients = {scope: client_of(world.fleet, world.workspace_id, {scope}) for scope in Scope}
    nobody = Client(world.fleet.settings, None)
    for endpoint in ALL:
        refused = {scope for scope in Scope if call(clients[scope], endpoint, standing) == 403}
        assert refused == set(Scope) - {endpoint.scope}, endpoint
        assert call(nobody, endpoint, standing) == 401, endpoint


def test_what_is_another_workspaces_is_not_there(web, world, fleet, standing) -> None:
    stranger = World(fleet)
    before = world.rows("SELECT count(*) AS n FROM actions")[0].n
    for role in Role:
        client = client_of(fleet, stranger.workspace_id, SCOPES_OF[role])
        for endpoint in HAVING_ID:
            wanted = 404 if endpoint.scope in SCOPES_OF[role] else 403
            assert call(client, endpoint, standing) == wanted, (role, endpoint)
    assert world.rows("SELECT count(*) AS n FROM actions")[0].n == before
    assert world.rows("SELECT 1 FROM payment_status_history WHERE by LIKE 'API key%'") == []
    assert world.rows("SELECT 1 FROM contact_links WHERE linked_by LIKE 'API key%'") == []


def test_a_key_that_has_ended_opens_nothing(web, world, standing) -> None:
    client = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    digest = hashlib.sha256(client.key.encode()).digest()
    (row,) = world.rows("SELECT id FROM api_keys WHERE hash = :h", h=digest)
    now = world.fleet.now()
    with world.fleet.database.transaction() as tx:
        api_keys.end(tx, row.id, now + timedelta(hours=1))
    said = {call(client, endpoint, standing) for endpoint in ALL}
    assert not said & {401, 403, 404, 500, 503}
    with world.fleet.database.transaction() as tx:
        api_keys.end(tx, row.id, now - timedelta(seconds=1))
    assert {call(client, endpoint, standing) for endpoint in ALL} == {401}


def test_lists_hold_nothing_of_another_workspace(web, world, fleet, standing) -> None:
    stranger = World(fleet)
    client = client_of(fleet, stranger.workspace_id, frozenset(Scope))
    assert client.get("/actions").json["items"] == []
    listed = {one["id"] for one in client.get("/integrations").json["items"]}
    assert listed == {str(stranger.xero), str(stranger.slack)}
    for name in ("integration_id", "deal_id"):
        assert client.get(f"/actions?{name}={standing[name]}").json["items"] == []


def test_a_foreign_integration_or_deal_named_in_a_body_is_not_there(
    web, world, fleet, standing
) -> None:
    stranger = World(fleet)
    client = client_of(fleet, stranger.workspace_id, frozenset(Scope))
    mine, _ = stranger.deal({})
    for path in (f"/opportunities/{mine}/invoices", f"/opportunities/{mine}/invoices/sync"):
        said = client.post(path, {"integration_id": standing["integration_id"]})
        assert said.status == 404
    body = {
        "action_type": "xero_create_invoice",
        "params": {},
        "data": {"deal": {"id": standing["deal_id"]}},
    }
    said = client.post(f"/integrations/{stranger.xero}/action", body)
    assert (said.status, list(said.errors)) == (422, ["data.deal.id"])
    message = {"channel": "C0GENERAL", "text": "hi"}
    body |= {"action_type": "slack_send_message", "params": message}
    said = client.post(f"/integrations/{stranger.slack}/action", body)
    assert (said.status, list(said.errors)) == (422, ["data.deal.id"])
    body = {"action_type": "xero_void_invoice", "params": {"invoice_id": standing["invoice_id"]}}
    assert client.post(f"/integrations/{stranger.xero}/action", body).status == 422


def test_events_need_a_key_and_a_scope(web, world) -> None:
    assert Client(world.fleet.settings, None).get(EVENTS).status == 401
    for scope in Scope:
        client = client_of(world.fleet, world.workspace_id, {scope})
        wanted = 422 if scope is Scope.INTEGRATIONS_READ else 403
        assert client.get(EVENTS).status == wanted


def test_credentials_are_shown_to_nobody(admin, world) -> None:
    world.set_integration(world.xero, settings={"due_days": 3, "api_token": "t0psecret"})
    for path in ("/integrations", f"/integrations/{world.xero}"):
        told = admin.get(path).body.decode()
        assert "t0psecret" not in told
        for name in ("client_secret", "access_token", "refresh_token", "credentials"):
            assert name not in told


def test_without_invoices_read_no_amount_and_no_payment_status_is_shown(
    web, world, standing
) -> None:
    scopes = {Scope.INTEGRATIONS_READ, Scope.INTEGRATIONS_WRITE, Scope.INVOICES_WRITE}
    blind = client_of(world.fleet, world.workspace_id, scopes)
    seeing = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    paths = [
        "/actions",
        *(f"/actions/{row.id}" for row in world.rows("SELECT id FROM actions")),
        *(f"/actions/{row.id}/timeline" for row in world.rows("SELECT id FROM actions")),
        f"/opportunities/{standing['deal_id']}/products",
    ]
    tells = re.compile(r"payment_status|amount|total|\b110(\.0+)?\b|\b100(\.0+)?\b|AUTHORISED|paid")
    told = [seeing.get(path).body.decode() for path in paths]
    assert sum(bool(tells.search(one)) for one in told) >= 3  # so there is something to hide
    for path in paths:
        said = blind.get(path)
        assert said.status == 200
        assert not tells.search(said.body.decode()), (path, said.body)
    products = blind.get(paths[-1]).json["items"]
    assert [set(one) for one in products] == [{"id", "name", "quantity", "category"}]
    said = blind.patch(
        f"/opportunities/{standing['deal_id']}/products/{standing['product_id']}",
        {"payment_status": "paid"},
    )
    assert (said.status, "payment_status" in said.json) == (200, False)
    asked = {"read": "xero_invoices", "params": {}}
    items = blind.post(f"/integrations/{world.xero}/query", asked).json["items"]
    assert items
    assert not {"total", "amount_due", "status"} & set(items[0])


def test_without_invoices_read_deliveries_of_events_tell_no_amount(web, world, standing) -> None:
    wanted = Wanted("https://hooks.example.com/all")
    subscription = subscriptions.create(world.fleet, world.workspace_id, wanted).id
    with world.fleet.database.transaction() as tx:
        outbox.publish_again(tx, world.fleet.now(), timedelta(0))
        events = outbox.unpublished(tx, 100)
        receiver = subscriptions.the(tx, subscription)
        assert fan_out.queue(world.fleet, tx, [receiver], events) >= 2
    blind = client_of(world.fleet, world.workspace_id, {Scope.INTEGRATIONS_READ})
    listed = blind.get("/actions?platform=webhook").json["items"]
    assert len(listed) >= 2
    for one in listed:
        assert "params" not in one
        alone = blind.get(f"/actions/{one['id']}")
        assert "params" not in alone.json
        assert not re.search(r"\b110(\.0+)?\b", alone.body.decode())


def test_without_invoices_read_no_refusal_tells_how_an_invoice_stands(web, world, standing) -> None:
    scopes = frozenset(Scope) - {Scope.INVOICES_READ}
    blind = client_of(world.fleet, world.workspace_id, scopes)
    seeing = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    invoice, account = standing["invoice_id"], str(uuid4())
    asked = (
        ("POST", f"/invoices/{invoice}/payments", {"amount": "999.00", "bank_account_id": account}),
        ("PATCH", f"/invoices/{invoice}", {"status": "DRAFT"}),
    )
    for method, path, body in asked:
        told, untold = seeing(method, path, body), blind(method, path, body)
        assert (told.status, untold.status) == (422, 422)
        assert re.search(r"110|AUTHORISED", told.json["detail"])
        said = {name: untold.json[name] for name in ("detail", "errors")}
        assert not re.search(r"110|AUTHORISED", str(said))
        assert list(untold.errors) == list(told.errors)
    sent = blind("PATCH", f"/invoices/{invoice}", {"reference": "PO 7"}).json["id"]
    world.rows_changed("UPDATE actions SET status = 'parked' WHERE id = :id", id=sent)
    edited = {"params": {"invoice_id": invoice, "status": "DRAFT"}}
    said = blind.post(f"/actions/{sent}/resume", edited)
    assert (said.status, "AUTHORISED" in said.body.decode()) == (409, False)


def test_what_a_caller_sent_along_does_not_break_what_is_left_out(web, world, standing) -> None:
    seeing = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    blind = client_of(world.fleet, world.workspace_id, {Scope.INTEGRATIONS_READ})
    body = {
        "action_type": "xero_sync_invoices",
        "params": {},
        "data": {"platform": ["x"], "more": {"platform": {"total": 1}}},
    }
    assert seeing.post(f"/integrations/{world.xero}/action", body).status == 202
    assert blind.get("/actions").status == 200


def test_an_unknown_key_is_told_nothing(web, world) -> None:
    stranger = Client(world.fleet.settings, f"tp_live_{uuid4().hex}")
    said = stranger.get("/integrations")
    assert (said.status, said.headers["WWW-Authenticate"]) == (401, 'Bearer realm="actionfleet"')
    for header in ("", "Basic abc", "Bearer", "bearer \x00", f"Token {uuid4()}", "Bearer é"):
        raw = header.encode("latin-1")
        assert stranger("GET", "/integrations", Authorization=raw).status in {400, 401}
