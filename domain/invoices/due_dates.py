"""When an invoice falls due by Xero's payment terms.

Source: Xero OpenAPI, `PaymentTerm`, `Bill` (Day 0 to 31) and `PaymentTermType`; Xero help, "Set up
due dates (payment terms)". Neither says what happens when the day named is already past; see
`due_date`.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

TERM_DAYS_MAX = 999
"""Days a term may name: Xero takes up to two or three figures by type; more is a mistake."""


class PaymentTermType(StrEnum):
    """How a contact's payment terms count, spelled as Xero spells it."""

    DAYS_AFTER_BILL_DATE = "DAYSAFTERBILLDATE"
    DAYS_AFTER_BILL_MONTH = "DAYSAFTERBILLMONTH"
    OF_CURRENT_MONTH = "OFCURRENTMONTH"
    OF_FOLLOWING_MONTH = "OFFOLLOWINGMONTH"


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """A contact's sales terms: a number of days, or a day of the month, as `type` says.

    Raises:
        ValueError: `day` is below 0 or above 999.
    """

    day: int
    type: PaymentTermType

    def __post_init__(self) -> None:
        if not 0 <= self.day <= TERM_DAYS_MAX:
            raise ValueError(f"day: {self.day} is not between 0 and {TERM_DAYS_MAX}")


def due_date(raised_on: date, terms: PaymentTerms) -> date:
    """Return the due date of an invoice raised on a date (the organisation's date).

    Days after the bill date; days after the end of the bill month; or a day of the current or the
    following month, where 0 counts as the 1st and a day the month lacks as its last. It is never
    before `raised_on`: a day of the current month that is already past makes it due at once.
    """
    return max(raised_on, _RULES[terms.type](raised_on, terms.day))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _day_of_month(month: date, day: int) -> date:
    return month.replace(day=min(max(day, 1), _month_end(month).day))


_RULES: dict[PaymentTermType, Callable[[date, int], date]] = {
    PaymentTermType.DAYS_AFTER_BILL_DATE: lambda raised, day: raised + timedelta(days=day),
    PaymentTermType.DAYS_AFTER_BILL_MONTH: lambda raised, day: (
        _month_end(raised) + timedelta(days=day)
    ),
    PaymentTermType.OF_CURRENT_MONTH: _day_of_month,
    PaymentTermType.OF_FOLLOWING_MONTH: lambda raised, day: _day_of_month(
        _month_end(raised) + timedelta(days=1), day
    ),
}
