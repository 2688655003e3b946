"""Xero's dates: `YYYY-MM-DD` or `/Date(ms+0000)/` in, both forms out; time zones and terms."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.sandbox.wire import Document

_MS_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_ZONES = {
    "AUSEASTERNSTANDARDTIME": "Australia/Sydney",
    "CENAUSTRALIASTANDARDTIME": "Australia/Adelaide",
    "EASTERNSTANDARDTIME": "America/New_York",
    "EAUSTRALIASTANDARDTIME": "Australia/Brisbane",
    "GMTSTANDARDTIME": "Europe/London",
    "NEWZEALANDSTANDARDTIME": "Pacific/Auckland",
    "PACIFICSTANDARDTIME": "America/Los_Angeles",
    "SINGAPORESTANDARDTIME": "Asia/Singapore",
    "UTC": "UTC",
    "WAUSTRALIASTANDARDTIME": "Australia/Perth",
}
"""Xero's name of a time zone (Windows', in capitals) to the IANA one."""


def read_date(value: str) -> date:
    """Read a date in either form; a time of day is dropped, in UTC.

    Raises:
        ValueError: it is neither.
    """
    match = _MS_DATE.fullmatch(value)
    if match:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))).date()
    return datetime.fromisoformat(value).date()


def ms_date(value: str) -> str:
    """Write an ISO date as `/Date(ms+0000)/`, midnight UTC."""
    day = datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
    return ms_moment(int(day.timestamp()) * 1000)


def ms_moment(milliseconds: int) -> str:
    """Write milliseconds since 1970 as `/Date(ms+0000)/`."""
    return f"/Date({milliseconds}+0000)/"


def date_fields(name: str, value: str | None) -> Document:
    """Return a date in both of Xero's forms, nothing when there is none."""
    if value is None:
        return {}
    return {f"{name}String": f"{value}T00:00:00", name: ms_date(value)}


def moment_string(milliseconds: int) -> str:
    """Write milliseconds since 1970 as `2026-09-14T09:29:59Z`."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_modified_since(value: str) -> int:
    """Read an If-Modified-Since header as whole seconds since 1970; Xero is that accurate.

    Raises:
        ValueError: it is neither ISO 8601 (UTC unless it says otherwise) nor an HTTP date.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def zone(name: str) -> ZoneInfo:
    """Return the time zone of an organisation, given Xero's name of it."""
    return ZoneInfo(_ZONES.get(name, "UTC"))


def due_date(day: date, terms: Document | None) -> date:
    """Return when an invoice of that day falls due under sales terms (`Day`, `Type`)."""
    if not terms:
        return day
    number = int(terms["Day"])
    month_end = on_day(day, 31)
    if terms["Type"] in {"DAYSAFTERBILLDATE", "DAYSAFTERINVOICEDATE"}:
        return day + timedelta(days=number)
    if terms["Type"] in {"DAYSAFTERBILLMONTH", "DAYSAFTERINVOICEMONTH"}:
        return month_end + timedelta(days=number)
    month = day if terms["Type"] == "OFCURRENTMONTH" else month_end + timedelta(days=1)
    return on_day(month, number)


def months_later(day: date, months: int, wanted: int) -> date:
    """Return that day of a later month, its last one where it has no such day."""
    number = day.year * 12 + day.month - 1 + months
    return on_day(date(number // 12, number % 12 + 1, 1), wanted)


def on_day(month: date, wanted: int) -> date:
    """Return that day of the month, its last one where it has no such day."""
    return month.replace(day=max(1, min(wanted, monthrange(month.year, month.month)[1])))
