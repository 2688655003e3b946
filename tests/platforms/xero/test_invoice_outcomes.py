"""One invoice, whatever becomes of the answer; refusals and limits."""

import pytest
from sqlalchemy import text

from tests.platforms.xero.test_create_invoice import CREATED, open_reservations
from workers.execute import execute


@pytest.mark.parametrize("fault", ["drop_after_commit", "truncated", "garbage"])
def test_an_answer_that_never_came_still_makes_one_invoice(office, fault):
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", fault, method="PUT", path="/Invoices")
    done = office.invoice(deal)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 1
    assert len(office.rows("SELECT * FROM invoices")) == 1


def test_after_a_500_the_invoice_is_looked_up_by_its_mark_not_sent_again(office):
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", "status_after_commit", method="PUT", path="/Invoices", status=500)
    done = office.invoice(deal)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 1
    puts = [r for r in office.requests() if r["method"] == "PUT" and "Invoices" in r["path"]]
    assert len(puts) == 1
    reads = [r for r in office.requests() if r["method"] == "GET" and r["path"][-9:] == "/Invoices"]
    assert ["createdByMyApp=true" in r["query"] for r in reads] == [True]


def test_a_500_before_anything_happened_ends_in_one_invoice_under_a_new_key(office):
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", "status", method="PUT", path="/Invoices", status=500)
    action = office.world.invoice(deal)
    execute(office.world.fleet, action)
    with office.world.fleet.database.transaction() as tx:  # the settling time is over
        tx.execute(text("UPDATE effects SET last_send_by = last_send_by - interval '5 min'"))
    done = office.carry_on(action)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 1
    keys = [
        r["idempotency_key"]
        for r in office.requests()
        if r["method"] == "PUT" and "Invoices" in r["path"]
    ]
    assert len(set(keys)) == 2
    assert len({k.rpartition(":")[0] for k in keys}) == 1


def test_a_refusal_shows_xeros_words_and_lets_go_of_the_money(office):
    deal, _ = office.world.deal({})
    done = office.invoice(deal, account_code="999", tax_type="NOSUCH")
    assert done.status == "rejected"
    assert done.error["message"].startswith("Xero: ")
    assert "999" in done.error["message"]
    assert ";" in done.error["message"]  # every message, not the first alone
    assert open_reservations(office) == []
    assert office.rows("SELECT * FROM reservations") != []


def test_a_rate_limit_is_waited_out_as_long_as_xero_says(office):
    deal, _ = office.world.deal({})
    office.sandbox.fault(
        "xero", "rate_limited", method="PUT", path="/Invoices", problem="day", retry_after=4000
    )
    action = office.world.invoice(deal)
    execute(office.world.fleet, action)
    (row,) = office.rows(
        "SELECT due_at - now() AS wait, status FROM actions WHERE id = :i", i=action
    )
    assert row.status == "waiting"
    assert 3990 < row.wait.total_seconds() < 4000.5
