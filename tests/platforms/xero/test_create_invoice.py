"""Raising invoices end to end: request, plan, calls to the sandbox, booking."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import text

from infra.database import outbox
from infra.platforms.xero import invoice_calls
from workers.execute import execute

CREATED = "xero.invoice.created"
ENDS = {"invoice_id", "invoice_number", "status", "total", "amount_due", "currency", "due_date"}


def lines_of(office, deal):
    return office.rows(
        "SELECT l.* FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id"
        " WHERE i.deal_id = :deal ORDER BY i.created_at, l.position",
        deal=deal,
    )


def open_reservations(office):
    return office.rows("SELECT * FROM reservations WHERE released_at IS NULL")


def test_a_full_invoice_is_raised_and_booked(office):
    deal, (one, two) = office.world.deal(
        {},
        {"quantity": Decimal(3), "unit_price": Decimal("19.99"), "discount_percent": Decimal(10)},
    )
    done = office.invoice(deal, reference="PO 7")
    assert done.status == "succeeded", done.error
    assert set(done.result) == ENDS | {"contact_id", "online_url", "email", "lines", "warnings"}
    assert done.result["status"] == "AUTHORISED"
    assert Decimal(done.result["total"]) == Decimal("169.37")  # (100 + 53.97) and 10 % tax
    assert done.result["online_url"].startswith("https://")
    assert office.paths() == [
        "GET /Organisation",
        f"GET /Contacts/{contact_number(office, deal)}",
        "GET /Contacts",
        "GET /Contacts",
        "PUT /Contacts",
        "PUT /Invoices",
        f"GET /Invoices/{done.result['invoice_id']}/OnlineInvoice",
    ]
    (row,) = office.rows("SELECT * FROM invoices")
    assert (row.origin, row.raised_as, row.portion, row.cycle) == ("fleet", "full", "full", 1)
    assert (row.status, row.reference, row.subtotal) == ("AUTHORISED", "PO 7", Decimal("153.97"))
    assert row.online_url == done.result["online_url"]
    covers = [(line.deal_product_id, line.amount) for line in lines_of(office, deal)]
    assert covers == [(one, Decimal("100.00")), (two, Decimal("53.97"))]
    assert open_reservations(office) == []
    promotions = [e.data["rung"] for e in office.world.events("invoice.promotion_due")]
    assert promotions == ["invoiced", "invoiced"]
    (event,) = office.world.events("invoice.created")
    assert event.data["number"] == done.result["invoice_number"]


def contact_number(office, deal):
    (row,) = office.rows("SELECT customer_id FROM crm_deals WHERE id = :id", id=deal)
    return str(row.customer_id)


def test_the_bytes_on_the_wire_are_the_bytes_that_were_frozen(office):
    deal, _ = office.world.deal({"name": "Müsli 🥣", "description": 'a "b" & c'})
    done = office.invoice(deal)
    (call,) = office.rows(
        "SELECT encode(sha256(c.body), 'hex') AS sum, c.key FROM calls c JOIN effects e"
        " ON e.call_id = c.id WHERE e.action_id = :id AND e.name = 'xero.create_invoice'",
        id=done.id,
    )
    (put,) = [r for r in office.requests() if r["method"] == "PUT" and "Invoices" in r["path"]]
    assert put["body_sha256"] == call.sum
    assert put["idempotency_key"] == call.key
    assert put["query"] == "summarizeErrors=false&unitdp=4"


def test_only_the_contacts_id_goes_with_an_invoice_and_dates_are_the_organisations(office):
    office.person("organisation", Timezone="NEWZEALANDSTANDARDTIME")
    deal, _ = office.world.deal({})
    done = office.invoice(deal, due_date="2031-01-31")
    (document,) = office.body(done.id)["Invoices"]
    assert document["Contact"] == {"ContactID": done.result["contact_id"]}
    (row,) = office.rows(
        "SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date::text AS day, date::text, url.url"
        " FROM invoices, (SELECT :u AS url) url",
        u=document["Url"],
    )
    assert document["Date"] == row.day == row.date
    assert document["DueDate"] == "2031-01-31"
    assert document["Url"].endswith(str(office.rows("SELECT effect_id FROM invoices")[0].effect_id))


def test_deposit_and_balance_come_to_the_full_amount(office):
    deal, (line,) = office.world.deal({"unit_price": Decimal("99.99"), "deposit_percent": 33})
    deposit = office.invoice(deal, portion="deposit")
    balance = office.invoice(deal, portion="balance", deal_product_ids=[str(line)])
    assert (deposit.status, balance.status) == ("succeeded", "succeeded"), balance.error
    assert [row.amount for row in lines_of(office, deal)] == [Decimal("33.00"), Decimal("66.99")]
    again = office.invoice(deal, portion="balance", deal_product_ids=[str(line)])
    assert again.status == "rejected"
    assert "nothing of 99.99 AUD is left" in again.error["message"]
    assert again.error["details"]["problems"][0]["field"] == "params.deal_product_ids[0]"


def test_two_balances_at_once_bill_the_rest_once(office):
    deal, (line,) = office.world.deal({})
    world = office.world
    office.invoice(deal, portion="deposit")
    ids = [world.invoice(deal, portion="balance", deal_product_ids=[str(line)]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: execute(world.fleet, one), ids))
    # One may have been looked at, and passed over, by the other: then it is rung again at once.
    assert sorted(office.carry_on(one).status for one in ids) == ["rejected", "succeeded"]
    assert sum(row.amount for row in lines_of(office, deal)) == Decimal("100.00")


def test_amounts_are_frozen_under_the_deals_lock(office):
    world = office.world
    deal, _ = world.deal({})
    action = world.invoice(deal)
    with ThreadPoolExecutor(1) as pool:
        with world.fleet.database.transaction() as tx:
            outbox.lock_deal(tx, deal)
            running = pool.submit(execute, world.fleet, action)
            with pytest.raises(TimeoutError):  # it stands before the lock
                running.result(timeout=1.0)
            assert "PUT /Contacts" in office.paths()
            assert open_reservations(office) == []
        running.result()
    assert world.status(action) == "succeeded"


def test_a_balance_is_not_billed_while_a_deposits_outcome_is_unknown(office):
    deal, (line,) = office.world.deal({})
    office.sandbox.fault("xero", "drop_before_commit", method="PUT", path="/Invoices", times=9)
    first = office.world.invoice(deal, portion="deposit")
    execute(office.world.fleet, first)
    assert office.world.status(first) == "reconciling"
    office.sandbox.control("DELETE", "/faults")
    balance = office.invoice(deal, portion="balance", deal_product_ids=[str(line)])
    assert [row.amount for row in lines_of(office, deal)] == [Decimal("70.00")], balance.error


def test_nothing_to_invoice_is_refused_before_any_contact_is_made(office):
    deal, _ = office.world.deal({"payment_status": "paid"})
    office.act("xero_create_contact", office.world.deal({})[0])  # reads no organisation
    before = len(office.paths())
    office.invoice(office.world.deal({})[0])  # now the organisation is known
    known = len(office.paths())
    done = office.invoice(deal)
    assert done.status == "rejected"
    assert "nothing to invoice" in done.error["message"]
    assert len(office.paths()) == known > before


def test_the_organisation_is_read_once_a_day(office):
    for _ in range(2):
        assert office.invoice(office.world.deal({})[0]).status == "succeeded"
    assert office.paths().count("GET /Organisation") == 1
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE platform_facts SET read_at = read_at - interval '25 hours'"))
    office.invoice(office.world.deal({})[0])
    assert office.paths().count("GET /Organisation") == 2


def test_a_contacts_terms_make_the_due_date(office):
    terms = {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}
    office.person("contacts", Name="Brightside Dental", PaymentTerms=terms)
    deal, _ = office.world.deal({}, customer=office.world.customer(email=""))
    done = office.invoice(deal)
    (row,) = office.rows(
        "SELECT due_date = (date_trunc('month', date) + interval '1 month 19 days')::date"
        " AS is_20th"
        " FROM invoices"
    )
    (reading,) = office.rows(
        "SELECT outcome FROM effects WHERE name = 'xero.read_contact' ORDER BY ordinal DESC LIMIT 1"
    )
    assert row.is_20th, (reading, done.result)


def test_a_line_billed_again_is_named_and_warned_about(office):
    deal, (line,) = office.world.deal({})
    office.invoice(deal)
    again = office.invoice(deal, deal_product_ids=[str(line)])
    assert again.status == "succeeded", again.error
    assert Decimal(again.result["lines"][0]["over_invoiced_by"]) == 100
    assert again.result["warnings"]


def test_a_draft_has_no_online_address_and_needs_no_codes(office):
    office.world.set_integration(office.world.xero, settings={})
    deal, _ = office.world.deal({})
    done = office.invoice(deal, status="DRAFT")
    assert (done.status, done.result["status"], done.result["online_url"]) == (
        "succeeded",
        "DRAFT",
        None,
    )


@pytest.mark.parametrize("fault", ["status", "drop_before_commit", "garbage"])
def test_a_missing_online_address_does_not_fail_the_invoice(office, fault):
    office.sandbox.fault("xero", fault, path="OnlineInvoice", times=None)
    done = office.invoice(office.world.deal({})[0])
    assert done.status == "succeeded", done.error
    assert done.result["online_url"] is None
    assert "no online address" in done.result["warnings"][0]


def test_the_alias_behaves_the_same(office):
    done = office.act("xero_create_contact_and_invoice", office.world.deal({})[0])
    assert done.status == "succeeded"
    assert office.sandbox.count(CREATED) == 1


def test_an_amount_xero_computes_otherwise_is_told_and_its_figure_is_kept(office, monkeypatch):
    real = invoice_calls.snapshot_of

    def cheaper(element):
        line = {**element["LineItems"][0], "LineAmount": Decimal("99.99")}
        return real({**element, "LineItems": [line]})

    monkeypatch.setattr(invoice_calls, "snapshot_of", cheaper)
    deal, (line,) = office.world.deal({})
    office.invoice(deal)
    (event,) = office.world.events("invoice.amount_differs")
    assert (event.data["ours"], event.data["theirs"]) == ("100.00", "99.99")
    assert event.data["deal_product_id"] == str(line)
    assert lines_of(office, deal)[0].amount == Decimal("99.99")
