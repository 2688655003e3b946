"""When a repeating invoice is raised, and when each of them falls due.

Source: Xero OpenAPI, `Schedule` (Unit WEEKLY or MONTHLY; six kinds of DueDateType). Xero has no
yearly unit, so a year goes as twelve months. The first invoice comes one full period from today.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.invoices.due_dates import PaymentTerms

PERIOD_MAX = 999
"""Weeks, months or years between two invoices: more is a mistake."""

_MONTHS_A_YEAR = 12
_NO_LEAP_YEAR = 2027


class ScheduleUnit(StrEnum):
    """What a period is counted in, as a request says it."""

    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class DueDateType(StrEnum):
    """How each invoice's due date counts, spelled as Xero spells it."""

    DAYS_AFTER_BILL_DATE = "DAYSAFTERBILLDATE"
    DAYS_AFTER_BILL_MONTH = "DAYSAFTERBILLMONTH"
    DAYS_AFTER_INVOICE_DATE = "DAYSAFTERINVOICEDATE"
    DAYS_AFTER_INVOICE_MONTH = "DAYSAFTERINVOICEMONTH"
    OF_CURRENT_MONTH = "OFCURRENTMONTH"
    OF_FOLLOWING_MONTH = "OFFOLLOWINGMONTH"

    @property
    def names_a_day_of_the_month(self) -> bool:
        """Its number is a day, 1 to 31, and not a count of days."""
        return self in {DueDateType.OF_CURRENT_MONTH, DueDateType.OF_FOLLOWING_MONTH}


@dataclass(frozen=True, slots=True)
class Due:
    """When an invoice falls due: a number of days, or a day of the month, as `type` says."""

    days: int
    type: DueDateType


DUE_OTHERWISE = Due(14, DueDateType.DAYS_AFTER_BILL_DATE)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A template's schedule as the platform takes it: `unit` is WEEKLY or MONTHLY.

    `starts_on` is the day of the first invoice (the organisation's date). `warning` says when the
    platform may not come back to the day of the month that was meant.
    """

    period: int
    unit: ScheduleUnit
    starts_on: date
    due: Due
    warning: str | None = None


def schedule(period: int, unit: ScheduleUnit, today: date, due: Due) -> Schedule:
    """Return the schedule whose first invoice comes one full period after `today`.

    Raises:
        ValueError: `period` is not between 1 and 999.
    """
    if not 1 <= period <= PERIOD_MAX:
        raise ValueError(f"period: {period} is not between 1 and {PERIOD_MAX}")
    if unit is ScheduleUnit.WEEKLY:
        return Schedule(period, unit, today + timedelta(weeks=period), due)
    months = period * _MONTHS_A_YEAR if unit is ScheduleUnit.YEARLY else period
    starts_on = months_after(today, months)
    warning = _drift_in_words(today, months)
    return Schedule(months, ScheduleUnit.MONTHLY, starts_on, due, warning)


def months_after(day: date, months: int) -> date:
    """Return the same day some months later; in a shorter month its last day."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def resolve_due(asked: Due | None, organisation: Due | None) -> Due:
    """Return when invoices fall due: as asked, else the organisation's sales terms, else 14 days.

    A day of the month is at least the 1st.
    """
    due = asked or organisation or DUE_OTHERWISE
    return Due(max(due.days, 1), due.type) if due.type.names_a_day_of_the_month else due


def due_of_terms(terms: PaymentTerms | None) -> Due | None:
    """Read payment terms as a due date rule; None without any."""
    return None if terms is None else Due(terms.day, DueDateType(terms.type.value))


def in_words(period: int, unit: ScheduleUnit) -> str:
    """Say how often, for people: `every month`, `every 2 weeks`."""
    name = _NAMES[unit]
    return f"every {name}" if period == 1 else f"every {period} {name}s"


def _drift_in_words(today: date, months: int) -> str | None:
    """Warn when some invoice falls in a month without that day: Xero may stay on its last day."""
    visited = {(today.month - 1 + step * months) % _MONTHS_A_YEAR + 1 for step in range(1, 13)}
    shortest = min(monthrange(_NO_LEAP_YEAR, month)[1] for month in visited)
    if today.day <= shortest:
        return None
    return (
        f"the invoices are meant for the {_ordinal(today.day)}, which not every month of the "
        f"schedule has: after a month that ends on the {_ordinal(shortest)} Xero may continue on "
        f"the {_ordinal(shortest)}"
    )


def _ordinal(day: int) -> str:
    return f"{day}{_ENDINGS.get(day, 'th')}"


_ENDINGS: Mapping[int, str] = {31: "st"}
_NAMES: Mapping[ScheduleUnit, str] = {
    ScheduleUnit.WEEKLY: "week",
    ScheduleUnit.MONTHLY: "month",
    ScheduleUnit.YEARLY: "year",
}
