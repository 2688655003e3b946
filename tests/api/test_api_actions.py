"""Submitting, looking at and steering actions over HTTP."""

import threading
import time
from uuid import uuid4

import pytest

from domain.access import SCOPES_OF, Role, Scope
from infra.database import views
from infra.http.problems import HttpProblem
from tests.api.callers import client_of
from tests.harness.world import World, eventually
from workers.api import actions
from workers.execute import execute

pytestmark = pytest.mark.processes

INVOICES_WRITE = Scope.INVOICES_WRITE
MESSAGE = {"action_type": "slack_send_message", "params": {"channel": "C0GENERAL", "text": "hi"}}


def test_an_action_is_stored_before_it_is_answered(admin, world) -> None:
    said = admin.post(f"/integrations/{world.slack}/action", MESSAGE, X_Request_Id="req-1")
    assert said.status == 202, said.body
    row = world.action(said.json["id"])
    assert (row.status, row.source, row.request_id) == ("queued", "http", "req-1")
    assert said.headers["Location"] == said.json["url"]
    assert said.headers["X-Request-Id"] == "req-1"
    assert row.requested_by.startswith("API key test ")
    execute(world.fleet, row.id)
    shown = admin.get(f"/actions/{row.id}").json
    assert (shown["status"], shown["is_final"]) == ("succeeded", True)
    assert shown["result"]["channel"] == "C0GENERAL"


def test_the_same_key_is_the_same_action_and_another_request_a_conflict(admin, world) -> None:
    path, key = f"/integrations/{world.slack}/action", uuid4().hex
    first = admin.post(path, MESSAGE, Idempotency_Key=key)
    again = admin.post(path, MESSAGE, Idempotency_Key=f'"{key}"')
    assert (first.status, again.status) == (202, 202)
    assert first.json["id"] == again.json["id"]
    other = admin.post(
        path, MESSAGE | {"params": {"channel": "C1", "text": "x"}}, Idempotency_Key=key
    )
    assert (other.status, list(other.errors)) == (409, ["Idempotency-Key"])
    assert first.json["id"] in other.json["detail"]
    world.set_integration(world.slack, status="inactive")  # nothing is checked anew
    assert admin.post(path, MESSAGE, Idempotency_Key=key).json["id"] == first.json["id"]
    assert len(world.rows("SELECT 1 FROM actions")) == 1


def test_an_id_in_the_body_outranks_the_key_and_neither_is_new_each_time(admin, world) -> None:
    path, identity = f"/integrations/{world.slack}/action", str(uuid4())
    body = MESSAGE | {"id": identity}
    ids = {admin.post(path, body, Idempotency_Key=uuid4().hex).json["id"] for _ in range(2)}
    assert len(ids) == 1
    assert len({admin.post(path, MESSAGE).json["id"] for _ in range(2)}) == 2


def test_one_key_from_many_at_once_is_one_action(admin, world) -> None:
    path, key, ids = f"/integrations/{world.slack}/action", uuid4().hex, []

    def press() -> None:
        ids.append(admin.post(path, MESSAGE, Idempotency_Key=key).json["id"])

    threads = [threading.Thread(target=press) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(ids), len(set(ids))) == (12, 1)


def test_who_prefers_to_wait_is_answered_with_the_outcome(admin, world) -> None:
    def carry_out() -> None:
        (row,) = eventually(lambda: world.rows("SELECT id FROM actions"))
        execute(world.fleet, row.id)

    worker = threading.Thread(target=carry_out)
    worker.start()
    said = admin.post(f"/integrations/{world.slack}/action", MESSAGE, Prefer="wait=20")
    worker.join(30)
    assert (said.status, said.json["status"]) == (200, "succeeded")
    assert said.headers["Preference-Applied"] == "wait=20"


def test_who_waits_in_vain_is_answered_202(admin, world) -> None:
    began = time.monotonic()
    said = admin.post(f"/integrations/{world.slack}/action", MESSAGE, Prefer="wait=1")
    assert (said.status, said.json["status"]) == (202, "queued")
    assert 1 <= time.monotonic() - began < 5


def test_a_repeat_of_what_has_ended_is_answered_at_once(admin, world) -> None:
    path, key = f"/integrations/{world.slack}/action", uuid4().hex
    execute(world.fleet, admin.post(path, MESSAGE, Idempotency_Key=key).json["id"])
    began = time.monotonic()
    said = admin.post(path, MESSAGE, Idempotency_Key=key, Prefer="respond-async, wait=30")
    assert (said.status, said.json["status"]) == (200, "succeeded")
    assert time.monotonic() - began < 5


def test_every_wrong_field_is_named(admin, world) -> None:
    path = f"/integrations/{world.xero}/action"
    wrong = {"email_mod": "xero", "portion": "half", "due_date": "soon"}
    said = admin.post(path, {"action_type": "xero_create_invoice", "params": wrong})
    assert said.status == 422
    assert said.headers["Content-Type"] == "application/problem+json"
    named = {"params.email_mod", "params.portion", "params.due_date", "data.deal.id"}
    assert set(said.errors) == named
    assert said.json["type"] == "/docs#problem-invalid"
    assert said.json["request_id"] == said.headers["X-Request-Id"]
    assert world.rows("SELECT 1 FROM actions") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"params": {}}, "action_type"),
        ({"action_type": "slack_send_message"}, "params"),
        ({**MESSAGE, "integration": "x"}, "integration"),
        ({**MESSAGE, "data": {"deal": {"id": "x"}}}, "data.deal.id"),
        ({**MESSAGE, "id": "x"}, "id"),
        ({"action_type": "no_such", "params": {}}, "action_type"),
        ({"action_type": "xero_sync_invoices", "params": {}}, "integration_id"),
    ],
)
def test_a_wrong_envelope_is_refused_by_its_field(admin, world, body, field) -> None:
    said = admin.post(f"/integrations/{world.slack}/action", body)
    assert (said.status, field in said.errors) == (422, True), said.body


def test_actions_are_listed_by_page_and_filter(admin, world) -> None:
    sent = [admin.post(f"/integrations/{world.slack}/action", MESSAGE).json["id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = admin.get(f"/actions?limit=2{cursor}").json
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sent[::-1]
    execute(world.fleet, sent[0])
    listed = admin.get("/actions?status=succeeded,rejected&platform=slack").json["items"]
    assert [one["id"] for one in listed] == [sent[0]]
    assert admin.get(f"/actions?integration_id={world.xero}").json["items"] == []
    for query in ("limit=0", "cursor=xx", "status=lost", "limit=1&limit=2", "colour=red",
                  "action_type=%00", "platform=a%00b"):  # fmt: skip
        said = admin.get(f"/actions?{query}")
        named = [field.partition("[")[0] for field in said.errors]
        assert (said.status, named) == (422, [query.partition("=")[0]])


def test_actions_created_in_one_moment_are_not_lost_between_pages(admin, world) -> None:
    for _ in range(5):
        admin.post(f"/integrations/{world.slack}/action", MESSAGE)
    with world.fleet.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE actions SET created_at = '2026-01-01T00:00:00Z'")
    seen, cursor = [], ""
    for _ in range(3):
        page = admin.get(f"/actions?limit=2{cursor}").json
        seen += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert len(set(seen)) == 5


def test_an_action_is_cancelled_once(admin, world) -> None:
    action = admin.post(f"/integrations/{world.slack}/action", MESSAGE).json["id"]
    done = admin.post(f"/actions/{action}/cancel")
    assert (done.status, done.json["action"]["status"]) == (200, "cancelled")
    assert world.action(action).status_by.startswith("API key test ")
    again = admin.post(f"/actions/{action}/cancel")
    assert (again.status, again.json["type"]) == (409, "/docs#problem-not_possible")


def test_a_parked_action_is_edited_and_given_up(admin, world) -> None:
    action = world.message("hello", channel="C0NOWHERE")
    with world.fleet.database.transaction() as tx:
        tx.exec_driver_sql(
            "UPDATE actions SET status = 'parked', error = '{}'::jsonb WHERE id = %s", (action,)
        )
    wrong = admin.post(f"/actions/{action}/resume", {"params": {"chanel": "C0GENERAL"}})
    assert wrong.status == 409
    edited = admin.post(
        f"/actions/{action}/resume", {"params": {"channel": "C0GENERAL", "text": "hello"}}
    )
    assert (edited.status, edited.json["action"]["status"]) == (200, "waiting")
    ended = admin.post(f"/actions/{action}/give-up", {})
    assert ended.json["action"]["status"] == "rejected"
    told = admin.get(f"/actions/{action}/timeline").json
    assert [one["after"] for one in told["transitions"]] == [
        "queued",
        "parked",
        "waiting",
        "rejected",
    ]


def test_a_payment_needs_the_right_to_record_payments_by_every_way(web, world) -> None:
    client = client_of(world.fleet, world.workspace_id, {Scope.INTEGRATIONS_WRITE})
    for name, more in (
        ("xero_record_payment", {}),
        ("xero_void_invoice", {}),
        ("xero_update_invoice", {"status": "VOIDED"}),
    ):
        body = {"action_type": name, "params": {"invoice_id": str(uuid4()), **more}}
        said = client.post(f"/integrations/{world.xero}/action", body)
        assert (said.status, "invoices:write" in said.json["detail"]) == (403, True), name
    body = {"action_type": "xero_update_invoice", "params": {"invoice_id": str(uuid4())}}
    assert client.post(f"/integrations/{world.xero}/action", body).status == 422
    assert client.post(f"/integrations/{world.slack}/action", MESSAGE).status == 202


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("xero_record_payment", {}),
        ("xero_void_invoice", {}),
        ("xero_update_invoice", {"status": "VOIDED"}),
    ],
)
def test_who_may_not_ask_for_an_action_does_not_steer_it(admin, world, name, params) -> None:
    deal, _ = world.deal({})
    execute(world.fleet, world.invoice(deal))
    (invoice,) = world.rows("SELECT id FROM invoices")
    given = {"invoice_id": str(invoice.id), **params}
    if name == "xero_record_payment":
        given |= {"bank_account_id": str(uuid4()), "date": "2026-11-02", "amount": "1.00"}
    sent = admin.post(
        f"/integrations/{world.xero}/action", {"action_type": name, "params": given}
    ).json
    world.rows_changed("UPDATE actions SET status = 'parked' WHERE id = :id", id=sent["id"])
    clerk = client_of(world.fleet, world.workspace_id, SCOPES_OF[Role.ADMIN] - {INVOICES_WRITE})
    for way, body in (
        ("resume", {}),
        ("resume", {"params": given}),
        ("give-up", {}),
        ("cancel", {}),
    ):
        said = clerk.post(f"/actions/{sent['id']}/{way}", body)
        assert (said.status, "invoices:write" in said.json["detail"]) == (403, True), way
    assert world.status(sent["id"]) == "parked"


def test_an_edit_that_becomes_a_void_needs_the_right_to_void(web, world) -> None:
    deal, _ = world.deal({})
    execute(world.fleet, world.invoice(deal))
    (invoice,) = world.rows("SELECT id FROM invoices")
    clerk = client_of(world.fleet, world.workspace_id, SCOPES_OF[Role.ADMIN] - {INVOICES_WRITE})
    given = {"invoice_id": str(invoice.id), "reference": "PO 7"}
    sent = clerk.post(
        f"/integrations/{world.xero}/action",
        {"action_type": "xero_update_invoice", "params": given},
    ).json
    world.rows_changed("UPDATE actions SET status = 'parked' WHERE id = :id", id=sent["id"])
    voiding = {"params": {"invoice_id": str(invoice.id), "status": "VOIDED"}}
    assert clerk.post(f"/actions/{sent['id']}/resume", voiding).status == 403
    assert clerk.post(f"/actions/{sent['id']}/resume", {}).status == 200


@pytest.mark.parametrize("number", [2**70, -(2**64), 1e300])
def test_a_number_of_any_size_is_shown_as_it_was_sent(admin, world, number) -> None:
    sent = admin.post(f"/integrations/{world.slack}/action", MESSAGE | {"data": {"n": number}})
    assert sent.status == 202
    (listed,) = admin.get("/actions").json["items"]
    assert float(listed["data"]["n"]) == float(number)
    assert listed["created_at"] == sent.json["created_at"]


def test_a_look_that_takes_too_long_is_stopped(admin, world, monkeypatch) -> None:
    wanted = views.Wanted(workspace=world.workspace_id)

    def slow(tx, _wanted):
        tx.exec_driver_sql("SELECT pg_sleep(5)")

    monkeypatch.setattr(actions, "LIST_S_MAX", 1)
    monkeypatch.setattr(views, "actions", slow)
    with pytest.raises(HttpProblem, match="narrow it down") as refused:
        actions._looked_for(world.fleet, wanted)
    assert refused.value.status == 503


def test_another_workspaces_integration_is_not_there(admin, fleet, world) -> None:
    stranger = World(fleet)
    said = admin.post(f"/integrations/{stranger.slack}/action", MESSAGE)
    assert said.status == 404
    assert stranger.rows("SELECT 1 FROM actions") == []
