"""Voiding invoices: what is still unpaid is withdrawn, and can be billed again."""

from decimal import Decimal

import pytest

from infra.database import billing
from infra.envelope import Refused
from tests.platforms.xero.test_sync import consume, raised, tell_later
from tests.platforms.xero.test_update_invoice import in_xero, sent_to, stored

VOID = "xero_void_invoice"


@pytest.mark.parametrize(
    ("status", "after", "effect"),
    [
        ("AUTHORISED", "VOIDED", "xero.invoice.voided"),
        ("SUBMITTED", "DELETED", "xero.invoice.deleted"),
        ("DRAFT", "DELETED", "xero.invoice.deleted"),
    ],
)
def test_an_unpaid_invoice_is_withdrawn(office, status, after, effect):
    deal, line, invoice = raised(office, status=status)
    consume(office)
    tell_later(office)
    done = office.act(VOID, deal, invoice_id=invoice)
    assert (done.status, done.result["status"]) == ("succeeded", after), done.error
    assert sent_to(office, invoice) == [{"Invoices": [{"Status": after}]}]
    assert office.sandbox.count(effect) == 1
    assert in_xero(office, invoice)["Status"] == stored(office).status == after
    (event,) = office.world.events("invoice.status_changed")
    assert (event.data["before"], event.data["after"]) == (status, after)
    consume(office)
    assert office.world.payment_statuses(line) == ["invoiced"]  # a person lowers it, if anyone


def test_what_a_voided_invoice_covered_can_be_invoiced_again(office):
    deal, line, invoice = raised(office)
    tell_later(office)
    office.act(VOID, deal, invoice_id=invoice)
    with office.world.fleet.database.transaction() as tx:
        ledger = billing.billing_of(tx, deal).ledger
    assert list(ledger.claims(line)) == []
    again = office.invoice(deal, portion="balance", deal_product_ids=[str(line)])
    assert again.status == "succeeded", again.error
    assert Decimal(again.result["total"]) == Decimal("110.00")


@pytest.mark.parametrize(
    ("amount", "words"),
    [("50", r"50\.00 of it is already paid or credited"), (None, r"is PAID cannot be voided")],
)
def test_a_paid_or_part_paid_invoice_is_refused_with_why(office, amount, words):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay", **({"amount": amount} if amount else {}))
    office.act("xero_sync_invoices")
    calls = len(office.requests())
    with pytest.raises(Refused, match=words):
        office.act(VOID, invoice_id=invoice)
    assert len(office.requests()) == calls


def test_a_payment_we_have_not_heard_of_is_xeros_refusal_in_its_words(office):
    _, _, invoice = raised(office)
    office.person(f"invoices/{invoice}/pay", amount=50)
    done = office.act(VOID, invoice_id=invoice)
    assert done.status == "rejected"
    assert "has payments or credit notes allocated to it" in done.error["message"]
    assert stored(office).status == "AUTHORISED"


def test_voiding_what_is_voided_is_refused(office):
    _, _, invoice = raised(office)
    office.act(VOID, invoice_id=invoice)
    with pytest.raises(Refused, match="is VOIDED cannot be voided"):
        office.act(VOID, invoice_id=invoice)


@pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before_commit", "truncated"])
def test_a_void_of_unknown_outcome_happens_once(office, fault):
    _, _, invoice = raised(office)
    office.sandbox.fault("xero", fault, path=f"/Invoices/{invoice}", method="POST")
    done = office.act(VOID, invoice_id=invoice)
    assert (done.status, done.result["status"]) == ("succeeded", "VOIDED"), done.error
    assert office.sandbox.count("xero.invoice.voided") == 1
