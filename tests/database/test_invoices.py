"""Statements over invoices, covers, reservations and cursors, on a real PostgreSQL."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from uuid import uuid4

from sqlalchemy import text

from domain.invoices.ledger import Reservation
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.xero_status import InvoiceStatus
from infra.database import billing, covers, invoices, sync
from tests.database.books import (
    FOREIGN,
    INTEGRATION,
    LINE,
    NOW,
    SNAPSHOT,
    later,
    ours,
    raised,
)


def test_whoever_sees_an_invoice_first_it_is_one_row_and_ends_up_ours(tx, deal):
    mine = ours(deal)
    for order in permutations([FOREIGN, mine]):
        tx.execute(text("DELETE FROM invoices"))
        puts = [invoices.put(tx, one, SNAPSHOT) for one in order]
        assert [put.before is None for put in puts] == [True, False]
        stored = invoices.find(tx, INTEGRATION, ["X1"])["X1"]
        assert stored.provenance == mine
        (row,) = tx.execute(text("SELECT * FROM invoices")).all()
        assert (row.portion, row.subtotal, row.tax) == ("full", 100, 10)


def test_an_older_snapshot_changes_nothing_and_an_equal_one_may(tx, deal):
    mine = ours(deal)
    invoices.put(tx, mine, SNAPSHOT)
    old = invoices.put(tx, mine, later(seconds=-1, status=InvoiceStatus.DRAFT))
    assert not old.status_changed
    equal = invoices.put(tx, mine, replace(SNAPSHOT, due_date=date(2026, 12, 1)))
    assert tx.execute(text("SELECT due_date FROM invoices")).scalar_one() == date(2026, 12, 1)
    assert equal.now.cycle == 1


def test_learning_tells_news_from_the_same_again(tx, deal):
    invoices.put(tx, ours(deal), SNAPSHOT)
    stored = invoices.find(tx, INTEGRATION, ["X1"])["X1"]
    assert not stored.learns_from(SNAPSHOT)
    assert not stored.learns_from(later(seconds=-1, total=Decimal(1)))
    assert stored.learns_from(replace(SNAPSHOT, amount_due=Decimal(1)))


def test_a_cycle_ends_when_paid_is_no_longer(tx, deal):
    mine = ours(deal)
    states = ["AUTHORISED", "PAID", "PAID", "AUTHORISED", "PAID", "VOIDED"]
    cycles = [
        invoices.put(tx, mine, later(seconds=n, status=InvoiceStatus(s))).now.cycle
        for n, s in enumerate(states)
    ]
    assert cycles == [1, 1, 1, 2, 2, 3]


def test_covers_are_written_once_and_follow_xero_by_line_id(tx, deal, line):
    stored = raised(tx, deal, line)
    covers.write(
        tx,
        stored.id,
        [
            {
                "deal_product_id": line,
                "position": 0,
                "platform_line_id": "Z",
                "description": "again",
                "amount": Decimal(5),
                "tax": None,
            }
        ],
    )
    gone = replace(SNAPSHOT, lines=(replace(LINE, platform_line_id="L9"),))
    assert covers.correct(tx, [(stored.id, gone)]) == []
    dearer = replace(SNAPSHOT, lines=(replace(LINE, line_amount=Decimal(80)),))
    (cover,) = covers.correct(tx, [(stored.id, dearer)])
    assert (cover.deal_product_id, cover.before, cover.after) == (line, 100, 80)
    assert billing.billing_of(tx, deal).ledger.claims(line)[0].amount == 80


def test_reservations_count_until_released_and_are_asked_for_once(tx, deal, line):
    effect = uuid4()
    wanted = [
        Reservation(effect, line, Decimal(30), Portion.DEPOSIT, "AUD", LineAmountTypes.EXCLUSIVE)
    ]
    for _ in range(2):
        billing.reserve(tx, deal, wanted, NOW)
    assert [c.amount for c in billing.billing_of(tx, deal).ledger.claims(line)] == [30]
    assert billing.billing_of(tx, deal, but_of=effect).ledger.claims(line) == ()
    billing.release(tx, effect, NOW)
    assert billing.billing_of(tx, deal).ledger.claims(line) == ()


def test_a_cursor_moved_by_another_sync_stays_where_that_one_left_it(tx):
    start = sync.cursor(tx, INTEGRATION)
    assert start == sync.Cursor(None, {})
    ahead = sync.Cursor(NOW, {"page": 2})
    assert sync.advance(tx, INTEGRATION, start, ahead, None)
    assert not sync.advance(tx, INTEGRATION, start, sync.Cursor(None, {}), NOW)
    assert sync.cursor(tx, INTEGRATION) == ahead
    assert sync.advance(tx, INTEGRATION, ahead, sync.Cursor(NOW, {}), NOW)
