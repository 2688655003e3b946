"""A deal's invoices over HTTP, from an empty Xero to a product that is paid."""

from decimal import Decimal
from uuid import uuid4

import pytest

from infra.sandbox import seed
from tests.harness.world import World
from workers.execute import execute

pytestmark = pytest.mark.processes


def carried_out(client, world: World, method: str, path: str, body=None) -> dict:
    said = client(method, path, body or {})
    assert said.status == 202, said.body
    execute(world.fleet, said.json["id"])
    return client.get(f"/actions/{said.json['id']}").json


def test_from_an_invoice_to_its_payment(admin, world) -> None:
    deal, (first, second) = world.deal({}, {"unit_price": Decimal(50)})
    looked = admin.get(f"/opportunities/{deal}/invoices/preview?portion=deposit").json
    assert [line["state"] for line in looked["lines"]] == ["chosen", "chosen"]
    assert looked["subtotal"] == "45.00"
    one = admin.get(f"/opportunities/{deal}/invoices/preview?deal_product_ids={second}").json
    assert one["subtotal"] == "50.00"

    raised = carried_out(admin, world, "POST", f"/opportunities/{deal}/invoices")
    assert raised["status"] == "succeeded", raised
    listed = admin.get(f"/deals/{deal}/invoices").json
    (invoice,) = listed["items"]
    assert (invoice["portion"], invoice["status"], invoice["origin"]) == (
        "full",
        "AUTHORISED",
        "fleet",
    )
    assert listed["outstanding"] == {"AUD": "165.00"}

    path = f"/invoices/{invoice['id']}"
    assert admin.get(f"/invoices/{invoice['platform_invoice_id']}").json["id"] == invoice["id"]
    changed = carried_out(admin, world, "PATCH", path, {"reference": "PO 7"})
    assert changed["status"] == "succeeded"
    assert admin.get(path).json["reference"] == "PO 7"
    sent = carried_out(admin, world, "POST", f"{path}/send")
    assert sent["status"] == "succeeded"

    accounts = admin.get(f"{path}/bank-accounts").json
    assert accounts["last_used"] is None
    bank = accounts["items"][0]["account_id"]
    paid = carried_out(admin, world, "POST", f"{path}/payments", {"bank_account_id": bank})
    assert paid["status"] == "succeeded"
    assert admin.get(path).json["status"] == "PAID"
    assert admin.get(f"{path}/bank-accounts").json["last_used"] == bank
    refused = admin.post(f"{path}/void")
    assert (refused.status, "invoice_id" in refused.errors) == (422, True)

    synced = carried_out(admin, world, "POST", f"/opportunities/{deal}/invoices/sync")
    assert synced["status"] == "succeeded"
    products = admin.get(f"/opportunities/{deal}/products").json["items"]
    assert [(p["id"], p["paid_amount"], p["remaining_to_invoice"]) for p in products] == [
        (str(first), "100.00", "0.00"),
        (str(second), "50.00", "0.00"),
    ]


def test_an_ongoing_invoice_is_a_repeating_one(admin, world) -> None:
    deal, lines = world.deal({})
    contact = carried_out(admin, world, "POST", f"/opportunities/{deal}/xero-contact")
    body = {
        "portion": "ongoing",
        "contact_id": contact["result"]["contact_id"],
        "schedule_period": 1,
        "schedule_unit": "MONTHLY",
        "account_code": "200",
        "tax_type": "OUTPUT",
        "deal_product_ids": [str(lines[0])],
    }
    made = carried_out(admin, world, "POST", f"/opportunities/{deal}/invoices", body)
    assert (made["action_type"], made["status"]) == ("xero_create_repeating_invoice", "succeeded")
    wrong = admin.post(f"/opportunities/{deal}/invoices", {"portion": "ongoing", "due_date": "x"})
    assert wrong.status == 422
    assert {"contact_id", "due_date", "schedule_unit"} <= set(wrong.errors)


def test_a_contact_linked_to_the_deal_outranks_all(admin, world) -> None:
    deal, _ = world.deal({})
    path = f"/opportunities/{deal}/xero-contact"
    assert admin.get(path).json["contact_id"] is None
    said = admin.get(f"{path}?integration_id={world.slack}")
    assert (said.status, list(said.errors)) == (422, ["integration_id"])
    another, _ = world.deal({})
    carried_out(admin, world, "POST", f"/opportunities/{another}/xero-contact")
    found = admin.post(f"/integrations/{world.xero}/query", {"read": "xero_contacts"}).json
    wanted = found["items"][0]
    linked = admin.post(path, {"contact_id": wanted["contact_id"]})
    assert linked.status == 200, linked.body
    assert (linked.json["linked_on"], linked.json["name"]) == ("deal", wanted["name"])
    assert admin.get(path).json["linked_by"].startswith("API key test ")
    raised = carried_out(admin, world, "POST", f"/opportunities/{deal}/invoices")
    assert raised["result"]["contact_id"] == wanted["contact_id"]
    nobody = admin.post(path, {"contact_id": str(uuid4())})
    assert (nobody.status, list(nobody.errors)) == (422, ["contact_id"])
    for wrong in ({"contact_id": "x"}, {"contact_id": wanted["contact_id"], "name": "x"}):
        assert admin.post(path, wrong).status == 422
    assert admin.get(path).json["contact_id"] == wanted["contact_id"]


def test_a_persons_correction_is_kept_with_who_made_it(admin, world) -> None:
    deal, (line,) = world.deal({})
    other, _ = world.deal({})
    path = f"/opportunities/{deal}/products/{line}"
    said = admin.patch(path, {"payment_status": "paid"})
    assert (said.status, said.json["payment_status"]) == (200, "paid")
    (row,) = world.rows("SELECT * FROM payment_status_history")
    assert (row.before, row.after) == ("unpaid", "paid")
    assert row.by.startswith("API key test ")
    for wrong in ({"payment_status": "done"}, {}, {"payment_status": "paid", "name": "x"}):
        assert admin.patch(path, wrong).status == 422
    wrong_deal = f"/opportunities/{other}/products/{line}"
    assert admin.patch(wrong_deal, {"payment_status": "unpaid"}).status == 404
    assert world.payment_statuses(line) == ["paid"]


def test_with_several_integrations_one_must_be_named(admin, world) -> None:
    deal, _ = world.deal({})
    path, key = f"/opportunities/{deal}/invoices", uuid4().hex
    first = admin.post(path, Idempotency_Key=key)
    again = world.add("xero", seed.TENANT_TWO, {"access_token": "x"})
    said = admin.post(path)
    assert (said.status, list(said.errors)) == (422, ["integration_id"])
    assert str(again) in said.errors["integration_id"]
    assert admin.post(path, {"integration_id": str(world.xero)}).status == 202
    # What was asked before is recognised, although it would have to name one now.
    assert admin.post(path, Idempotency_Key=key).json["id"] == first.json["id"]


def test_what_is_wrong_is_named_as_the_caller_wrote_it(admin, world) -> None:
    deal, _ = world.deal({})
    said = admin.post(f"/opportunities/{deal}/invoices", {"portion": "half", "email_mod": "xero"})
    assert set(said.errors) == {"portion", "email_mod"}
    said = admin.get(f"/opportunities/{deal}/invoices/preview?portion=half&colour=red")
    assert set(said.errors) == {"portion", "colour"}
    said = admin.post(
        f"/integrations/{world.xero}/query", {"read": "xero_contacts", "params": {"q": 1}}
    )
    assert set(said.errors) == {"params.q"}
    said = admin.post(f"/integrations/{world.xero}/query", {"read": "no_such"})
    assert set(said.errors) == {"read"}


def test_xero_being_away_is_503_with_when_to_ask_again(admin, world, sandbox) -> None:
    sandbox.fault("xero", "status", status=503, times=5)
    said = admin.post(f"/integrations/{world.xero}/query", {"read": "xero_accounts"})
    assert said.status == 503, said.body
    assert int(said.headers["Retry-After"]) >= 1
