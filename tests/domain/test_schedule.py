from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.due_dates import PaymentTerms, PaymentTermType
from domain.invoices.schedule import (
    DUE_OTHERWISE,
    PERIOD_MAX,
    Due,
    DueDateType,
    ScheduleUnit,
    due_of_terms,
    in_words,
    months_after,
    resolve_due,
    schedule,
)

WEEKLY, MONTHLY, YEARLY = ScheduleUnit
DUE = Due(14, DueDateType.DAYS_AFTER_BILL_DATE)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
periods = st.integers(1, PERIOD_MAX)


@pytest.mark.parametrize(
    ("period", "unit", "today", "as_sent", "first"),
    [
        (1, WEEKLY, "2026-11-23", (1, WEEKLY), "2026-11-30"),
        (2, WEEKLY, "2026-12-25", (2, WEEKLY), "2027-01-08"),
        (1, MONTHLY, "2026-11-23", (1, MONTHLY), "2026-12-23"),
        (1, MONTHLY, "2026-12-15", (1, MONTHLY), "2027-01-15"),
        (1, MONTHLY, "2026-01-31", (1, MONTHLY), "2026-02-28"),
        (1, MONTHLY, "2028-01-31", (1, MONTHLY), "2028-02-29"),
        (3, MONTHLY, "2026-11-30", (3, MONTHLY), "2027-02-28"),
        (1, YEARLY, "2026-11-23", (12, MONTHLY), "2027-11-23"),
        (2, YEARLY, "2028-02-29", (24, MONTHLY), "2030-02-28"),
    ],
)
def test_the_first_invoice_comes_one_full_period_from_today(period, unit, today, as_sent, first):
    made = schedule(period, unit, date.fromisoformat(today), DUE)
    assert (made.period, made.unit) == as_sent
    assert made.starts_on == date.fromisoformat(first)


@given(periods, st.sampled_from(ScheduleUnit), days)
def test_a_schedule_is_always_ahead_and_never_yearly(period, unit, today):
    made = schedule(period, unit, today, DUE)
    assert made.starts_on > today
    assert made.unit is not YEARLY
    if unit is WEEKLY:
        assert made.starts_on - today == timedelta(weeks=period)
    else:
        last = monthrange(made.starts_on.year, made.starts_on.month)[1]
        assert made.starts_on.day == min(today.day, last)


@given(days, st.integers(1, 500), st.integers(1, 500))
def test_months_add_up(today, one, two):
    first = months_after(today.replace(day=1), one)
    assert months_after(first, two) == months_after(today.replace(day=1), one + two)


@given(periods, days)
def test_years_are_twelve_months(period, today):
    yearly, monthly = schedule(period, YEARLY, today, DUE), None
    if period * 12 <= PERIOD_MAX:
        monthly = schedule(period * 12, MONTHLY, today, DUE)
        assert yearly == monthly
    assert yearly.period == 12 * period


@given(periods, st.sampled_from(ScheduleUnit), days)
def test_a_warning_comes_exactly_when_a_month_may_lack_the_day(period, unit, today):
    made = schedule(period, unit, today, DUE)
    if unit is WEEKLY or today.day < 29:
        assert made.warning is None
        return
    # Forty-eight invoices meet every month of the schedule, and a leap year.
    months = (made.period - 1) % 12 + 1
    missed = any(months_after(today, months * n).day < today.day for n in range(1, 49))
    assert (made.warning is not None) == missed


def test_the_warning_names_both_days():
    told = schedule(1, MONTHLY, date(2026, 1, 31), DUE).warning
    assert "31st" in (told or "")
    assert "28th" in (told or "")
    assert schedule(12, MONTHLY, date(2026, 1, 31), DUE).warning is None


@pytest.mark.parametrize("period", [0, -1, PERIOD_MAX + 1])
def test_a_period_that_makes_no_sense_is_refused(period):
    with pytest.raises(ValueError, match="between 1 and"):
        schedule(period, MONTHLY, date(2026, 1, 1), DUE)


def test_due_dates_come_from_the_request_then_the_organisation_then_fourteen_days():
    asked = Due(7, DueDateType.DAYS_AFTER_BILL_MONTH)
    terms = due_of_terms(PaymentTerms(20, PaymentTermType.OF_FOLLOWING_MONTH))
    assert terms == Due(20, DueDateType.OF_FOLLOWING_MONTH)
    assert resolve_due(asked, terms) == asked
    assert resolve_due(None, terms) == terms
    assert resolve_due(None, due_of_terms(None)) == DUE_OTHERWISE == DUE
    assert resolve_due(Due(0, DueDateType.OF_CURRENT_MONTH), None).days == 1
    assert resolve_due(Due(0, DueDateType.DAYS_AFTER_BILL_DATE), None).days == 0


def test_every_kind_of_payment_terms_is_a_kind_of_due_date():
    assert {kind.value for kind in PaymentTermType} <= {kind.value for kind in DueDateType}


@pytest.mark.parametrize(
    ("period", "unit", "words"),
    [(1, WEEKLY, "every week"), (2, MONTHLY, "every 2 months"), (1, YEARLY, "every year")],
)
def test_schedules_in_words(period, unit, words):
    assert in_words(period, unit) == words
