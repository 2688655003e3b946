from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.due_dates import PaymentTerms, PaymentTermType, due_date

AFTER_DATE, AFTER_MONTH, OF_CURRENT, OF_FOLLOWING = PaymentTermType


@pytest.mark.parametrize(
    ("kind", "day", "raised_on", "due"),
    [
        (AFTER_DATE, 0, "2026-11-23", "2026-11-23"),
        (AFTER_DATE, 14, "2026-12-25", "2027-01-08"),
        (AFTER_MONTH, 0, "2026-11-23", "2026-11-30"),
        (AFTER_MONTH, 10, "2026-11-23", "2026-12-10"),
        (AFTER_MONTH, 5, "2028-02-01", "2028-03-05"),
        (OF_CURRENT, 28, "2026-11-23", "2026-11-28"),
        (OF_CURRENT, 31, "2026-11-23", "2026-11-30"),
        (OF_CURRENT, 10, "2026-11-23", "2026-11-23"),
        (OF_FOLLOWING, 20, "2026-11-23", "2026-12-20"),
        (OF_FOLLOWING, 31, "2026-01-31", "2026-02-28"),
        (OF_FOLLOWING, 1, "2026-12-31", "2027-01-01"),
        (OF_FOLLOWING, 0, "2026-11-23", "2026-12-01"),
    ],
)
def test_due_dates_by_xeros_terms(kind, day, raised_on, due):
    terms = PaymentTerms(day, kind)
    assert due_date(date.fromisoformat(raised_on), terms) == date.fromisoformat(due)


@given(
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.integers(0, 999),
    st.sampled_from(PaymentTermType),
)
def test_an_invoice_is_never_due_before_it_is_raised(raised_on, day, kind):
    due = due_date(raised_on, PaymentTerms(day, kind))
    assert raised_on <= due <= raised_on + timedelta(days=max(62, day + 31))


@pytest.mark.parametrize("day", [-1, 1000])
def test_terms_beyond_reason_are_refused(day):
    with pytest.raises(ValueError, match=f"day: {day} is not between 0 and 999"):
        PaymentTerms(day, AFTER_DATE)
