"""Statements over invoices, covers, reservations, promotions and cursors, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from domain.invoices.ledger import Reservation
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.snapshot import InvoiceSnapshot, SnapshotLine
from domain.invoices.xero_status import InvoiceStatus
from domain.payments.status import PaymentStatus
from infra.database import billing, covers, invoices, promotions, promotions_due, sync
from infra.database.tables import CrmDeal, CrmDealProduct, IntegrationRow

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORKSPACE, INTEGRATION = UUID(int=1), UUID(int=2)
LINE = SnapshotLine("L1", "d", Decimal(1), Decimal(100), Decimal(100), Decimal(10))
SNAPSHOT = InvoiceSnapshot(
    "X1", "INV-1", InvoiceStatus.AUTHORISED, "C1", "AUD", LineAmountTypes.EXCLUSIVE,
    Decimal(110), Decimal(110), Decimal(0), date(2026, 11, 23), None, None, None, NOW, (LINE,),
)  # fmt: skip


@pytest.fixture
def tx(database):
    with database.transaction() as open_:
        open_.execute(
            insert(IntegrationRow).values(
                id=INTEGRATION, workspace_id=WORKSPACE, platform="xero", name="x", tenant_key="t"
            )
        )
        yield open_


@pytest.fixture
def deal(tx):
    deal_id = uuid4()
    tx.execute(insert(CrmDeal).values(id=deal_id, workspace_id=WORKSPACE, name="d"))
    return deal_id


@pytest.fixture
def line(tx, deal):
    line_id = uuid4()
    tx.execute(
        insert(CrmDealProduct).values(
            id=line_id, workspace_id=WORKSPACE, deal_id=deal, name="p",
            quantity=1, unit_price=100, deposit_percent=30,
        )
    )  # fmt: skip
    return line_id


def ours(deal, raised_as=Portion.FULL):
    return invoices.Provenance(WORKSPACE, INTEGRATION, invoices.FLEET, deal, uuid4(), raised_as)


FOREIGN = invoices.Provenance(WORKSPACE, INTEGRATION, invoices.PLATFORM)


def raised(tx, deal, line, amount=100, raised_as=Portion.FULL, **changes):
    """Our invoice of one line."""
    snapshot = replace(SNAPSHOT, platform_invoice_id=str(uuid4()), **changes)
    stored = invoices.put(tx, ours(deal, raised_as), snapshot).now
    row = {"deal_product_id": line, "position": 0, "platform_line_id": "L1", "description": "d"}
    covers.write(tx, stored.id, [{**row, "amount": Decimal(amount), "tax": None}])
    return stored


def later(snapshot=SNAPSHOT, seconds=1, **changes):
    return replace(
        snapshot, updated_utc=snapshot.updated_utc + timedelta(seconds=seconds), **changes
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
    assert covers.correct(tx, stored.id, gone) == []
    dearer = replace(SNAPSHOT, lines=(replace(LINE, line_amount=Decimal(80)),))
    assert covers.correct(tx, stored.id, dearer) == [(line, Decimal(100), Decimal(80))]
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


def test_a_cursor_moved_by_another_sync_stays_where_that_one_left_it(tx):
    start = sync.cursor(tx, INTEGRATION)
    assert start == sync.Cursor(None, {})
    ahead = sync.Cursor(NOW, {"page": 2})
    assert sync.advance(tx, INTEGRATION, start, ahead, None)
    assert not sync.advance(tx, INTEGRATION, start, sync.Cursor(None, {}), NOW)
    assert sync.cursor(tx, INTEGRATION) == ahead
    assert sync.advance(tx, INTEGRATION, ahead, sync.Cursor(NOW, {}), NOW)


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
