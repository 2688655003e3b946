"""Mark as Paid end to end: what is sent, what is due afterwards, and what does not move yet."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.database import facts
from infra.envelope import Refused
from infra.platforms.xero import bank_accounts
from infra.sandbox import seed
from tests.platforms.xero.test_sync import consume, raised, tell_later
from tests.platforms.xero.test_update_invoice import in_xero, settled_long_ago, stored
from workers.execute import execute

PAY = "xero_record_payment"
PAID = "xero.payment.created"
BANK = seed.BANK_ACCOUNT


def asked(office, invoice, **params):
    world = office.world
    return world.submit(world.request(PAY, {"invoice_id": invoice, **params}))


def payments(office):
    """Bodies of every payment that was frozen."""
    rows = office.rows("SELECT body FROM calls WHERE path LIKE '%/Payments' ORDER BY created_at")
    return [json.loads(row.body)["Payments"][0] for row in rows]


def test_what_is_due_is_paid_today_and_the_line_moves_at_the_next_sync_only(office):
    deal, line, invoice = raised(office)
    consume(office)
    tell_later(office)
    done = office.act(PAY, deal, invoice_id=invoice, bank_account_id=BANK)
    assert done.status == "succeeded", done.error
    (payment,) = payments(office)
    (today,) = office.rows("SELECT (now() AT TIME ZONE 'Australia/Sydney')::date::text AS day")
    (effect,) = office.rows("SELECT id FROM effects WHERE name = 'xero.record_payment'")
    assert payment.pop("Account")["AccountID"].endswith(BANK)  # the id: codes may be missing
    assert payment == {
        "Invoice": {"InvoiceID": invoice},
        "Date": today.day,
        "Amount": 110.0,
        "Reference": f"AF-{effect.id.hex[:12].upper()}",
    }
    assert (done.result["status"], done.result["amount_due"]) == ("PAID", "0.00")
    assert done.result["amount_paid"] == "110.00"
    assert done.result["payment"]["bank_account"] == f"{BANK} Business Bank Account"
    row = stored(office)
    assert (row.status, row.amount_due, row.amount_paid) == ("PAID", 0, Decimal("110.00"))
    assert (row.subtotal, row.tax) == (Decimal("100.00"), Decimal("10.00"))
    (event,) = office.world.events("payment.recorded")
    assert (event.data["amount"], event.data["payment_id"]) == ("110.00", done.result["payment_id"])
    assert event.deal_id == deal
    assert len(office.world.events("invoice.status_changed")) == 1
    consume(office)
    assert office.world.payment_statuses(line) == ["invoiced"]
    # The snapshot says PAID already: the sync learns nothing new, and moves the line all the same.
    synced = office.act("xero_sync_invoices", deal)
    assert (synced.result["changed"], synced.result["promoted"]) == (0, 1)
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]


@pytest.mark.parametrize("which", ["all", "its id"])
def test_every_kind_of_sync_moves_the_line_of_an_invoice_paid_here(office, which):
    _, line, invoice = raised(office)
    consume(office)
    tell_later(office)
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK)
    ids = {} if which == "all" else {"invoice_ids": [invoice]}
    office.act("xero_sync_invoices", **ids)
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]


def test_a_payment_costs_one_call_when_everything_is_given_and_known(office):
    _, _, invoice = raised(office)
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="10", date="2026-11-01")
    calls = len(office.requests())
    done = office.act(PAY, invoice_id=invoice, amount="20.50", date="2026-11-02")
    assert done.status == "succeeded", done.error
    assert office.paths()[calls:] == ["PUT /Payments"]
    assert payments(office)[1]["Date"] == "2026-11-02"


def test_partial_payments_leave_the_rest_due(office):
    _, _, invoice = raised(office)
    tell_later(office)
    first = office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="60.10")
    assert (first.result["status"], first.result["amount_due"]) == ("AUTHORISED", "49.90")
    assert stored(office).amount_due == Decimal("49.90")
    tell_later(office)
    rest = office.act(PAY, invoice_id=invoice)
    assert (rest.result["status"], rest.result["amount_due"]) == ("PAID", "0.00")
    assert rest.result["payment"]["amount"] == "49.90"
    assert len(office.world.events("payment.recorded")) == 2


def test_what_is_due_is_asked_of_xero_when_no_amount_is_given(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay", amount=70)  # not synced
    tell_later(office)
    done = office.act(PAY, invoice_id=invoice, bank_account_id=BANK)
    assert (done.status, done.result["payment"]["amount"]) == ("succeeded", "40.00"), done.error
    assert stored(office).status == "PAID"


def test_the_account_last_used_is_the_default(office):
    _, _, invoice = raised(office)
    with pytest.raises(Refused, match=r"params\.bank_account_id: is required"):
        office.act(PAY, invoice_id=invoice)
    second = seed.SECOND_BANK_ACCOUNT
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="1")
    office.act(PAY, invoice_id=invoice, bank_account_id=second, amount="1")
    office.act(PAY, invoice_id=invoice, amount="1")
    assert [p["Account"]["AccountID"][-3:] for p in payments(office)] == [BANK, second, second]


def test_a_refused_payment_does_not_change_the_default_account(office):
    _, _, invoice = raised(office)
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="1")
    _, _, submitted = raised(office, status="SUBMITTED")
    second = seed.SECOND_BANK_ACCOUNT
    assert office.act(PAY, invoice_id=submitted, bank_account_id=second).status == "rejected"
    office.act(PAY, invoice_id=invoice, amount="1")
    assert payments(office)[-1]["Account"]["AccountID"].endswith(BANK)


@pytest.mark.parametrize("wrong", ["200", "999", "0bad0000-0000-4000-8000-000000000001"])
def test_what_is_no_active_bank_account_is_refused_with_those_there_are(office, wrong):
    _, _, invoice = raised(office)
    done = office.act(PAY, invoice_id=invoice, bank_account_id=wrong)
    (problem,) = done.error["details"]["problems"]
    assert problem["field"] == "params.bank_account_id"
    assert "090 Business Bank Account, 091 Business Savings Account" in problem["problem"]
    assert office.sandbox.count(PAID) == 0


def test_an_account_opened_since_the_list_was_read_is_found(office):
    _, _, invoice = raised(office)
    with office.world.fleet.database.transaction() as tx:
        old = {"items": [], "more": False}
        facts.keep(tx, office.world.xero, bank_accounts.FACT, old, utc_now())
    assert office.act(PAY, invoice_id=invoice, bank_account_id=BANK).status == "succeeded"


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"amount": "110.01"}, "params.amount", "110.01 AUD is more than the 110.00 AUD due on"),
        ({"amount": "1.005"}, "params.amount", "more than 2 decimals"),
        ({"amount": "0"}, "params.amount", "greater than 0"),
        ({"amount": "NaN"}, "params.amount", "finite"),
        ({"date": "soon"}, "params.date", "date"),
        ({"reference": "x" * 238}, "params.reference", "237"),
        ({"bank_acount_id": BANK}, "params.bank_acount_id", "unknown field"),
    ],
)
def test_what_cannot_be_paid_is_refused_before_any_call(office, params, field, words):
    _, _, invoice = raised(office)
    calls = len(office.requests())
    with pytest.raises(Refused) as refused:
        office.act(PAY, invoice_id=invoice, **{"bank_account_id": BANK} | params)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert words in problem.problem
    assert len(office.requests()) == calls


@pytest.mark.parametrize(
    ("status", "words"),
    [("DRAFT", "is DRAFT, which takes no payment: approve it first"), ("VOIDED", "is VOIDED")],
)
def test_an_invoice_that_takes_no_payment_is_refused_before_any_call(office, status, words):
    _, _, invoice = raised(office, status="DRAFT" if status == "DRAFT" else "AUTHORISED")
    if status == "VOIDED":
        office.act("xero_void_invoice", invoice_id=invoice)
    with pytest.raises(Refused, match=words):
        office.act(PAY, invoice_id=invoice, bank_account_id=BANK)


def test_a_submitted_invoice_is_offered_and_refused_in_xeros_own_words(office):
    _, _, invoice = raised(office, status="SUBMITTED")
    done = office.act(PAY, invoice_id=invoice, bank_account_id=BANK)
    assert done.status == "rejected"
    assert done.error["message"].startswith(
        "Payments can only be made against Authorised documents"
    )
    assert stored(office).status == "SUBMITTED"
    assert office.world.events("payment.recorded") == []


def test_a_locked_period_is_refused_in_xeros_own_words(office):
    _, _, invoice = raised(office)
    office.person("organisation", PeriodLockDate="2026-06-30")
    done = office.act(PAY, invoice_id=invoice, bank_account_id=BANK, date="2026-06-01")
    assert (done.status, done.error["code"]) == ("rejected", "period_locked")
    assert not done.error["message"].startswith("Xero:")


def test_the_reference_is_the_users_and_ends_with_our_mark(office):
    _, _, invoice = raised(office)
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK, reference="  EFT 4471 ")
    (effect,) = office.rows("SELECT id FROM effects WHERE name = 'xero.record_payment'")
    (paid,) = in_xero(office, invoice)["Payments"]
    assert paid["Reference"] == f"EFT 4471 (AF-{effect.id.hex[:12].upper()})"


# --- unknown outcomes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop_after_commit"},
        {"fault": "truncated"},
        {"fault": "garbage"},
        {"fault": "status_after_commit", "status": 500},
        {"fault": "status", "status": 503},
        {"fault": "drop_before_commit"},
    ],
)
def test_a_payment_of_unknown_outcome_is_made_once(office, fault):
    _, _, invoice = raised(office)
    tell_later(office)
    office.sandbox.fault("xero", path="/Payments", method="PUT", **fault)
    action = asked(office, invoice, bank_account_id=BANK)
    execute(office.world.fleet, action)
    settled_long_ago(office)
    done = office.carry_on(action)
    assert (done.status, done.result["status"]) == ("succeeded", "PAID"), done.error
    assert office.sandbox.count(PAID) == 1
    assert (stored(office).status, stored(office).amount_due) == ("PAID", 0)
    assert len(office.world.events("payment.recorded")) == 1


def after_the_window(office):
    """The deduplication window has closed, and the settling time is over."""
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE calls SET first_sent_at = first_sent_at - interval '5 min'"))
    settled_long_ago(office)
    office.sandbox.control("POST", "/clock", {"advance_seconds": 400})


def test_a_payment_found_after_the_window_is_not_made_again(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.sandbox.fault("xero", "drop_after_commit", path="/Payments", method="PUT")
    action = asked(office, invoice, bank_account_id=BANK)
    execute(office.world.fleet, action)
    after_the_window(office)
    done = office.carry_on(action)
    assert (done.status, done.result["amount_due"]) == ("succeeded", "0.00"), done.error
    assert office.paths().count("PUT /Payments") == 1
    assert stored(office).status == "PAID"  # found, so how the invoice stands was read anew


def test_a_payment_a_person_took_back_meanwhile_is_not_made_again(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.sandbox.fault("xero", "drop_after_commit", path="/Payments", method="PUT")
    action = asked(office, invoice, bank_account_id=BANK)
    execute(office.world.fleet, action)
    tell_later(office)
    office.person(f"invoices/{invoice}/unpay")
    after_the_window(office)
    done = office.carry_on(action)
    assert done.status == "succeeded", done.error
    assert done.result["payment"]["status"] == "DELETED"
    assert "deleted in Xero since" in done.result["warnings"][0]
    assert office.sandbox.count(PAID) == 1
    assert (stored(office).status, done.result["amount_due"]) == ("AUTHORISED", "110.00")
    assert office.world.events("payment.recorded") == []


def test_somebody_elses_payment_is_not_taken_for_ours(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay", amount=30, reference="AF-000000000000")
    office.sandbox.fault("xero", "drop_before_commit", path="/Payments", method="PUT")
    action = asked(office, invoice, bank_account_id=BANK, amount="20")
    execute(office.world.fleet, action)
    after_the_window(office)
    done = office.carry_on(action)
    assert (done.status, done.result["amount_due"]) == ("succeeded", "60.00"), done.error


# --- one after another ----------------------------------------------------------------------------


def test_two_payments_at_once_pay_what_is_due_once(office):
    _, _, invoice = raised(office)
    office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="10")
    tell_later(office)
    ids = [asked(office, invoice) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: execute(office.world.fleet, one), ids))
    ends = [office.carry_on(one) for one in ids]
    assert sorted(end.status for end in ends) == ["rejected", "succeeded"]
    (refused,) = [end for end in ends if end.status == "rejected"]
    assert "PAID, which takes no payment: nothing of it is due" in refused.error["message"]
    assert office.sandbox.count(PAID) == 2


def test_a_payment_waits_for_the_one_before_it_and_then_knows_what_is_due(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.sandbox.fault("xero", "drop_after_commit", path="/Payments", method="PUT")
    first = asked(office, invoice, bank_account_id=BANK, amount="60")
    execute(office.world.fleet, first)  # unknown: it may have been made
    second = asked(office, invoice, bank_account_id=BANK, amount="60")
    waiting = office.carry_on(second, turns=2)
    assert (waiting.status, waiting.error["code"]) == ("waiting", "payment_open")
    assert str(first) in waiting.error["message"]
    assert waiting.due_at > utc_now()
    assert office.carry_on(first).status == "succeeded"
    refused = office.carry_on(second)
    assert "60.00 AUD is more than the 50.00 AUD due" in refused.error["message"]
    assert office.sandbox.count(PAID) == 1


def test_a_payment_is_refused_while_one_before_it_is_parked(office):
    _, _, invoice = raised(office)
    office.sandbox.fault("xero", "drop_after_commit", path="/Payments", method="PUT")
    first = asked(office, invoice, bank_account_id=BANK)
    execute(office.world.fleet, first)
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE actions SET status = 'parked', lease_owner = NULL WHERE id = :id"),
            {"id": first},
        )
    done = office.act(PAY, invoice_id=invoice, bank_account_id=BANK, amount="1")
    assert (done.status, done.error["code"]) == ("rejected", "payment_open")
    assert str(first) in done.error["message"]


def test_a_person_may_state_the_payment_and_it_must_be_of_this_invoice(office):
    from workers.commands import resume  # noqa: PLC0415

    _, _, invoice = raised(office)
    _, _, another = raised(office)
    foreign = office.person(f"invoices/{another}/pay")["Payments"][0]["PaymentID"]
    theirs = office.person(f"invoices/{invoice}/pay", amount=10)["Payments"][0]["PaymentID"]
    office.sandbox.fault("xero", "drop_before_commit", path="/Payments", method="PUT")
    action = asked(office, invoice, bank_account_id=BANK, amount="10")
    execute(office.world.fleet, action)
    after_the_window(office)
    for stated, end in ((foreign, "reconciling"), (theirs, "succeeded")):
        with office.world.fleet.database.transaction() as tx:
            tx.execute(
                text("UPDATE actions SET status = 'parked', lease_owner = NULL WHERE id = :id"),
                {"id": action},
            )
        resume(office.world.fleet, UUID(str(action)), who="me", happened=stated)
        row = office.carry_on(action, turns=1)
        row = row if row.status == end else office.carry_on(action, turns=1)
        assert row.status == end, row.error
    assert office.sandbox.count(PAID) == 0
    assert row.result["payment_id"] == theirs
