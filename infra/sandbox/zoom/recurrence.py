"""When a recurring meeting takes place: local dates by its rule, at one time of day.

Source: Zoom developer documentation, "Create a meeting", `recurrence`.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice, takewhile
from typing import Final
from zoneinfo import ZoneInfo

from infra.sandbox.wire import Document

DAILY: Final = 1
WEEKLY: Final = 2
MONTHLY: Final = 3
OCCURRENCES_MAX: Final = 60


def occurrences(start: datetime, zone: ZoneInfo, rule: Document) -> list[float]:
    """Return when a meeting takes place, in seconds since 1970. `rule` is checked already."""
    local = start.astimezone(zone)
    last = rule.get("end_date_time")
    end = datetime.fromisoformat(last) if last else datetime.max.replace(tzinfo=UTC)
    moments = (_at(day, local.time(), zone) for day in _days(local.date(), rule))
    inside = takewhile(lambda moment: moment <= end, moments)
    times = OCCURRENCES_MAX if last else int(rule.get("end_times") or 1)
    return [moment.timestamp() for moment in islice(inside, times)]


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(tzinfo=None), zone).astimezone(UTC)


def _days(first: date, rule: Document) -> Iterator[date]:
    every = int(rule.get("repeat_interval") or 1)
    if rule["type"] == DAILY:
        return (first + timedelta(days=every * number) for number in count())
    if rule["type"] == WEEKLY:
        return _weekly(first, every, _weekdays(rule, first))
    return _monthly(first, every, rule)


def _weekdays(rule: Document, first: date) -> list[int]:
    listed = str(rule.get("weekly_days") or _number(first)).split(",")
    return sorted(int(day) for day in listed)


def _number(day: date) -> int:
    """Zoom's number of a weekday: 1 is Sunday, 7 is Saturday."""
    return day.isoweekday() % 7 + 1


def _weekly(first: date, every: int, weekdays: list[int]) -> Iterator[date]:
    sunday = first - timedelta(days=_number(first) - 1)
    for week in count(step=every):
        for weekday in weekdays:
            day = sunday + timedelta(weeks=week, days=weekday - 1)
            if day >= first:
                yield day


def _monthly(first: date, every: int, rule: Document) -> Iterator[date]:
    for number in count(step=every):
        year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
        day = _in_month(year, month + 1, rule, first)
        if day is not None and day >= first:
            yield day


def _in_month(year: int, month: int, rule: Document, first: date) -> date | None:
    """Return the day of a month; None where it has no such day."""
    days = monthrange(year, month)[1]
    if "monthly_week" not in rule:
        wanted = int(rule.get("monthly_day") or first.day)
        return date(year, month, wanted) if wanted <= days else None
    every = [date(year, month, day) for day in range(1, days + 1)]
    fitting = [day for day in every if _number(day) == int(rule["monthly_week_day"])]
    week = int(rule["monthly_week"])
    return fitting[week if week < 0 else week - 1]
