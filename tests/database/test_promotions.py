"""Promotions: what is due, what is applied once, what a person sets."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from domain.invoices.portions import Portion
from domain.invoices.xero_status import InvoiceStatus
from domain.payments.status import PaymentStatus
from infra.database import promotions, promotions_due
from infra.database.tables import CrmDeal, CrmDealProduct
from tests.database.books import (
    INTEGRATION,
    NOW,
    WORKSPACE,
    raised,
)


def due(tx, **which):
    rows = promotions_due.due(tx, INTEGRATION, NOW, **which)
    return [(row.rung, row.cycle) for row in rows]


@pytest.mark.parametrize(
    ("raised_as", "status", "rung"),
    [
        ("full", "DRAFT", "invoiced"),
        ("deposit", "SUBMITTED", "deposit_invoiced"),
        ("balance", "AUTHORISED", "invoiced"),
        ("deposit", "PAID", "paid"),
        ("full", "VOIDED", None),
        ("full", "DELETED", None),
    ],
)
def test_what_is_due_follows_the_ladder(  # noqa: PLR0917
    tx, deal, line, raised_as, status, rung
):
    raised(tx, deal, line, raised_as=Portion(raised_as), status=InvoiceStatus(status))
    assert due(tx) == ([(rung, 1)] if rung else [])
    assert due(tx, invoice_ids=[uuid4()]) == due(tx, deal_id=uuid4()) == []


def test_a_promotion_is_told_once_while_it_is_pending(tx, deal, line):
    raised(tx, deal, line)
    assert [promotions_due.tell(tx, INTEGRATION, NOW) for _ in range(3)] == [1, 0, 0]
    assert promotions_due.tell(tx, INTEGRATION, NOW + timedelta(hours=25)) == 1


def test_a_promotion_that_was_applied_is_due_no_more(tx, deal, line):
    stored = raised(tx, deal, line)
    apply(tx, line, stored.id, "paid")  # uses up the rungs below as well
    assert due(tx) == []


def test_a_product_the_crm_has_deleted_is_due_nothing(tx, deal, line):
    raised(tx, deal, line)
    assert len(due(tx)) == 1
    tx.execute(text("DELETE FROM crm_deal_products WHERE id = :id"), {"id": line})
    assert due(tx) == []


def apply(tx, line, invoice, rung, cycle=1):
    rung = PaymentStatus(rung)
    return promotions.apply_promotion(tx, uuid4(), line, invoice, cycle, rung, NOW)


def status_of(tx, line):
    query = text("SELECT payment_status FROM crm_deal_products WHERE id = :id")
    return tx.execute(query, {"id": line}).scalar_one()


def test_any_order_and_any_number_of_promotions_ends_the_same(tx, deal, line):
    events = ["deposit_invoiced", "invoiced", "paid", "invoiced"]
    for order in set(permutations(events)):
        tx.execute(text("DELETE FROM promotions"))
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'unpaid'"))
        invoice = uuid4()
        for rung in (*order, *order):
            apply(tx, line, invoice, rung)
        assert status_of(tx, line) == "paid"
        ledger = tx.execute(text("SELECT rung FROM promotions ORDER BY rung")).scalars().all()
        assert ledger == ["deposit_invoiced", "invoiced", "paid"]


def test_a_persons_correction_outlives_replays_and_late_events(tx, deal, line):
    invoice = uuid4()
    assert apply(tx, line, invoice, "paid")
    assert promotions.set_by_person(tx, line, PaymentStatus.UNPAID, "sam", NOW)
    for rung in ("deposit_invoiced", "invoiced", "paid"):
        assert not apply(tx, line, invoice, rung)
    assert status_of(tx, line) == "unpaid"
    assert apply(tx, line, invoice, "paid", cycle=2)
    assert status_of(tx, line) == "paid"
    who = tx.execute(text("SELECT by, before, after FROM payment_status_history ORDER BY id"))
    assert [tuple(row) for row in who] == [
        ("fleet", "unpaid", "paid"),
        ("sam", "paid", "unpaid"),
        ("fleet", "unpaid", "paid"),
    ]
    told = tx.execute(text("SELECT data->>'after' FROM outbox WHERE type LIKE '%status_changed'"))
    assert told.scalars().all() == ["paid", "unpaid", "paid"]


def test_a_status_that_does_not_move_is_used_up_all_the_same(tx, deal, line):
    promotions.set_by_person(tx, line, PaymentStatus.PAID, "sam", NOW)
    invoice = uuid4()
    assert apply(tx, line, invoice, "invoiced")
    promotions.set_by_person(tx, line, PaymentStatus.UNPAID, "sam", NOW)
    assert not apply(tx, line, invoice, "invoiced")
    assert status_of(tx, line) == "unpaid"


def test_paid_through_a_deposit_says_what_is_still_open(tx, deal, line):
    stored = raised(tx, deal, line, 30, Portion.DEPOSIT)
    apply(tx, line, stored.id, "paid")
    query = "SELECT data->>'amount' FROM outbox WHERE type = 'deal_product.balance_open'"
    assert Decimal(tx.execute(text(query)).scalar_one()) == 70


def test_a_product_of_another_workspace_or_of_none_is_not_set(tx, deal, line):
    assert not promotions.set_by_person(
        tx, line, PaymentStatus.PAID, "sam", NOW, workspace_id=uuid4()
    )
    assert not promotions.set_by_person(tx, uuid4(), PaymentStatus.PAID, "sam", NOW)
    assert not apply(tx, uuid4(), uuid4(), "paid")


def test_promotions_of_one_deal_at_once_neither_lock_up_nor_get_lost(database):
    deal, lines, invoice = uuid4(), [uuid4() for _ in range(4)], uuid4()
    with database.transaction() as tx:
        tx.execute(insert(CrmDeal).values(id=deal, workspace_id=WORKSPACE, name="d"))
        for one in lines:
            tx.execute(
                insert(CrmDealProduct).values(
                    id=one, workspace_id=WORKSPACE, deal_id=deal, name="p", quantity=1, unit_price=1
                )
            )

    def carry(order):
        with database.transaction() as tx:
            for one in order:
                apply(tx, one, invoice, "paid")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(carry, [lines, lines[::-1]] * 8))
    with database.transaction() as tx:
        assert {status_of(tx, one) for one in lines} == {"paid"}
        numbers = tx.execute(text("SELECT sequence FROM outbox ORDER BY sequence")).scalars()
        assert list(numbers) == [1, 2, 3, 4]
