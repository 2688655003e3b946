from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.portions import LineAmountTypes
from domain.invoices.snapshot import InvoiceSnapshot, supersedes
from domain.invoices.xero_status import InvoiceStatus

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SNAPSHOT = InvoiceSnapshot(
    platform_invoice_id="x-1",
    number="INV-1",
    status=InvoiceStatus.AUTHORISED,
    contact_id="c-1",
    currency="AUD",
    line_amount_types=LineAmountTypes.EXCLUSIVE,
    total=Decimal(110),
    amount_due=Decimal(110),
    amount_paid=Decimal(0),
    date=date(2026, 11, 23),
    due_date=None,
    reference=None,
    url=None,
    updated_utc=NOON,
)


@given(st.integers(-5, 5))
def test_equal_or_newer_news_stands(milliseconds):
    other = replace(SNAPSHOT, updated_utc=NOON + timedelta(milliseconds=milliseconds))
    assert supersedes(other, SNAPSHOT) == (milliseconds >= 0)


@given(st.permutations(range(5)))
def test_the_newest_stands_in_whatever_order_they_arrive(order):
    held = None
    for minute in order:
        news = replace(SNAPSHOT, updated_utc=NOON + timedelta(minutes=minute))
        held = news if supersedes(news, held) else held
    assert held.updated_utc == NOON + timedelta(minutes=4)


def test_another_invoice_is_not_compared():
    with pytest.raises(ValueError, match="x-2 cannot stand for x-1"):
        supersedes(replace(SNAPSHOT, platform_invoice_id="x-2"), SNAPSHOT)


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="updated_utc"):
        replace(SNAPSHOT, updated_utc=NOON.replace(tzinfo=None))
