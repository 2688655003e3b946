"""Editing invoices end to end: what is sent, what stays, what is told."""

import json
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from infra.envelope import Refused
from tests.platforms.xero.test_sync import consume, raised, tell_later
from workers.execute import execute

UPDATE = "xero_update_invoice"
UPDATED = "xero.invoice.updated"


def in_xero(office, invoice):
    (found,) = [
        one
        for one in office.sandbox.control("GET", "/xero/invoices")["invoices"]
        if one["InvoiceID"] == invoice
    ]
    return found


def stored(office):
    (row,) = office.rows("SELECT * FROM invoices")
    return row


def sent_to(office, invoice):
    """Bodies of every POST to the invoice."""
    rows = office.rows("SELECT method, path, body FROM calls WHERE method = 'POST'")
    return [json.loads(r.body) for r in rows if r.path.endswith(f"/Invoices/{invoice}")]


def test_the_fields_asked_for_go_in_one_call_and_nothing_else_is_touched(office):
    _, _, invoice = raised(office)
    before = in_xero(office, invoice)
    tell_later(office)
    calls = len(office.requests())
    done = office.act(UPDATE, invoice_id=invoice, due_date="2031-02-28", reference="PO 9")
    assert done.status == "succeeded", done.error
    assert len(office.requests()) == calls + 1
    assert sent_to(office, invoice) == [
        {"Invoices": [{"DueDate": "2031-02-28", "Reference": "PO 9"}]}
    ]
    after = in_xero(office, invoice)
    assert after["LineItems"] == before["LineItems"]
    assert [line["LineItemID"] for line in after["LineItems"]]
    assert after["Contact"] == before["Contact"]
    assert after["Url"] == before["Url"]
    row = stored(office)
    assert (row.due_date, row.reference) == (date(2031, 2, 28), "PO 9")
    assert (row.subtotal, row.total) == (Decimal("100.00"), Decimal("110.00"))
    assert (done.result["due_date"], done.result["reference"]) == ("2031-02-28", "PO 9")
    assert done.result["total"] == "110.00"
    assert office.world.events("invoice.amount_differs") == []


def test_our_own_id_of_the_invoice_names_it_too(office):
    raised(office)
    done = office.act(UPDATE, invoice_id=str(stored(office).id), reference="by ours")
    assert (done.status, done.result["reference"]) == ("succeeded", "by ours")


def test_an_empty_reference_clears_it(office):
    _, _, invoice = raised(office, reference="PO 1")
    done = office.act(UPDATE, invoice_id=invoice, reference="")
    assert done.result["reference"] is None
    assert stored(office).reference is None


def test_approving_promotes_at_once_and_is_told(office):
    deal, line, invoice = raised(office, status="DRAFT")
    consume(office)
    tell_later(office)
    done = office.act(UPDATE, invoice_id=invoice, status="AUTHORISED", deal=deal)
    assert done.result["status"] == "AUTHORISED"
    (event,) = office.world.events("invoice.status_changed")
    assert (event.data["before"], event.data["after"]) == ("DRAFT", "AUTHORISED")
    assert event.deal_id == deal
    assert office.world.payment_statuses(line) == ["invoiced"]  # as a draft it was promoted already


def test_what_xero_returns_promotes_even_when_only_a_reference_was_asked_for(office):
    _, line, invoice = raised(office)
    consume(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")  # not synced: here it is still AUTHORISED
    done = office.act(UPDATE, invoice_id=invoice, reference="late")
    assert (done.status, done.result["status"]) == ("succeeded", "PAID")
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]


def test_a_label_alone_changes_here_and_makes_no_call(office):
    _, _, invoice = raised(office)
    calls = len(office.requests())
    done = office.act(UPDATE, invoice_id=invoice, portion="balance")
    assert (done.status, done.result["portion"]) == ("succeeded", "balance"), done.error
    assert len(office.requests()) == calls
    row = stored(office)
    assert (row.portion, row.raised_as) == ("balance", "full")
    assert len(office.world.events("action.succeeded")) == 2


def test_a_label_goes_with_the_fields_in_one_commit_and_is_not_sent(office):
    _, _, invoice = raised(office)
    done = office.act(UPDATE, invoice_id=invoice, portion="deposit", reference="both")
    assert (done.result["portion"], done.result["reference"]) == ("deposit", "both")
    assert sent_to(office, invoice) == [{"Invoices": [{"Reference": "both"}]}]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"params"}),
        ({"status": "DRAFT"}, {"params.status"}),
        ({"status": "DELETED", "due_date": "2031-01-01"}, {"params.status", "params.due_date"}),
        ({"status": "VOIDED", "reference": "x"}, {"params.reference"}),
        ({"status": "PAID"}, {"params.status"}),
        ({"line_items": []}, {"params.line_items"}),
    ],
)
def test_what_cannot_be_is_refused_before_any_call_by_field(office, given, fields):
    _, _, invoice = raised(office)
    calls = len(office.requests())
    with pytest.raises(Refused) as refused:
        office.act(UPDATE, invoice_id=invoice, **given)
    assert {one.field for one in refused.value.problems} == fields
    assert len(office.requests()) == calls


@pytest.mark.parametrize("how", ["pay", "void"])
def test_a_locked_invoice_is_refused_before_any_call(office, how):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/{how}")
    office.act("xero_sync_invoices")
    calls = len(office.requests())
    with pytest.raises(Refused, match=r"locks it: change it in Xero"):
        office.act(UPDATE, invoice_id=invoice, reference="x")
    assert office.act(UPDATE, invoice_id=invoice, portion="deposit").status == "succeeded"
    assert len(office.requests()) == calls


def test_an_invoice_of_nobody_or_of_another_deal_is_refused(office):
    _, _, invoice = raised(office)
    another, _ = office.world.deal({})
    with pytest.raises(Refused, match=r"params\.invoice_id: no invoice"):
        office.act(UPDATE, invoice_id=str(uuid4()), reference="x")
    with pytest.raises(Refused, match=r"data\.deal\.id: the invoice is of another deal"):
        office.act(UPDATE, another, invoice_id=invoice, reference="x")


def test_another_integrations_invoice_does_not_exist(office):
    _, _, invoice = raised(office)
    world = office.world
    other = world.add("xero", "another-org", {"access_token": "x"}, {})
    request = world.request(UPDATE, {"invoice_id": invoice, "reference": "x"}, integration_id=other)
    with pytest.raises(Refused, match=r"params\.invoice_id: no invoice"):
        world.submit(request)


def test_what_changed_since_intake_is_refused_before_the_call(office):
    _, _, invoice = raised(office)
    world = office.world
    late = world.submit(world.request(UPDATE, {"invoice_id": invoice, "reference": "late"}))
    tell_later(office)
    office.person(f"invoices/{invoice}/void")
    office.act("xero_sync_invoices")
    calls = len(office.requests())
    done = office.carry_on(late)
    assert (done.status, done.error["code"]) == ("rejected", "not_possible")
    assert done.error["details"]["problems"][0]["field"] == "params.invoice_id"
    assert len(office.requests()) == calls


def test_xeros_own_refusal_is_passed_on(office):
    _, _, invoice = raised(office)
    office.person("organisation", PeriodLockDate="2099-01-01")
    done = office.act(UPDATE, invoice_id=invoice, due_date="2031-01-01")
    assert done.status == "rejected"
    assert "lock date" in done.error["message"]
    assert done.error["code"] == "period_locked"


def test_an_invoice_raised_in_xero_is_edited_and_promotes_nothing(office):
    _, _, first = raised(office)
    contact = in_xero(office, first)["Contact"]["ContactID"]
    tell_later(office)
    office.person(
        "invoices",
        Contact={"ContactID": contact},
        LineItems=[
            {"Description": "theirs", "Quantity": 1, "UnitAmount": 40, "AccountCode": "200"}
        ],
    )
    office.act("xero_sync_invoices")
    consume(office)
    (theirs,) = office.rows("SELECT * FROM invoices WHERE origin = 'xero'")
    with pytest.raises(Refused, match=r"data\.deal\.id: no deal"):  # it has none of its own
        office.act(UPDATE, uuid4(), invoice_id=str(theirs.id), reference="adopted")
    done = office.act(UPDATE, invoice_id=str(theirs.id), reference="adopted")
    assert (done.status, done.result["reference"]) == ("succeeded", "adopted"), done.error
    assert [e for e in office.world.events("invoice.promotion_due") if not e.consumed_at] == []


def settled_long_ago(office):
    """The settling time is over: an absence is believed."""
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = last_send_by - interval '5 min'"))


# --- unknown outcomes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop_after_commit"},
        {"fault": "status_after_commit", "status": 500},
        {"fault": "status", "status": 503},
        {"fault": "drop_before_commit"},
    ],
)
def test_an_update_of_unknown_outcome_is_made_once(office, fault):
    _, _, invoice = raised(office)
    office.sandbox.fault("xero", path=f"/Invoices/{invoice}", method="POST", **fault)
    world = office.world
    action = world.submit(world.request(UPDATE, {"invoice_id": invoice, "reference": "once"}))
    execute(world.fleet, action)
    settled_long_ago(office)
    done = office.carry_on(action)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(UPDATED) == 1
    assert in_xero(office, invoice)["Reference"] == "once"
    assert stored(office).reference == "once"


def test_an_update_found_made_is_not_sent_again(office):
    """Xero's own error after the commit: its key is spent, and the invoice tells."""
    _, _, invoice = raised(office)
    office.sandbox.fault(
        "xero", "status_after_commit", path=f"/Invoices/{invoice}", method="POST", status=500
    )
    done = office.act(UPDATE, invoice_id=invoice, status="VOIDED")
    assert (done.status, done.result["status"]) == ("succeeded", "VOIDED")
    posts = [p for p in office.paths() if p == f"POST /Invoices/{invoice}"]
    assert len(posts) == 1
