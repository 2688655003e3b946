"""When a meeting starts: the words Zoom is sent, and the moment they mean.

Zoom takes UTC with a Z, or a local time beside `timezone`. A local time the clocks skip means
nothing and is refused; one they show twice means two moments, and which of them Zoom takes is not
documented. Source: Zoom, "Create a meeting", `start_time`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
YEARS = range(2000, 2100)
_OWN_WORDS = "must be written YYYY-MM-DDTHH:MM:SS, local with `timezone`, or ending in Z or +HH:MM"
_NOT_PLACES = frozenset({"localtime", "Factory"})


@dataclass(frozen=True, slots=True)
class Start:
    """`sent` is what Zoom is told; `moments` (UTC) what that can mean: one, or two in autumn."""

    sent: str
    moments: tuple[datetime, ...]


def is_zone(name: object) -> bool:
    """Is it the name of a time zone of IANA's?"""
    return isinstance(name, str) and name in zones()


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones; finding them takes 20 ms."""
    return frozenset(available_timezones() - _NOT_PLACES)


def read_start(text: str, timezone: str | None) -> Start:
    """Read a start time.

    Raises:
        ValueError: it is none, is ambiguous without `timezone`, or never happens there.
    """
    moment, has_offset = _read(text)
    if has_offset:
        in_utc = moment.astimezone(UTC)
        return Start(zulu(in_utc), (in_utc,))
    if timezone is None:
        raise ValueError("is local: say where by `timezone`, or end it in Z or +HH:MM")
    return Start(moment.isoformat(), _moments(moment, timezone))


def read_moment(text: str) -> datetime:
    """Read a moment that says its offset, as UTC.

    Raises:
        ValueError: it is none, or is local.
    """
    moment, has_offset = _read(text)
    if not has_offset:
        raise ValueError("must end in Z or +HH:MM")
    return moment.astimezone(UTC)


def zulu(moment: datetime) -> str:
    """Write a moment as Zoom does: UTC, whole seconds, a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> tuple[datetime, bool]:
    form = FORM.fullmatch(text)
    if form is None:
        raise ValueError(_OWN_WORDS)
    try:
        moment = datetime.fromisoformat(f"{form[1]}{form[2] or ':00'}{form[3] or ''}")
    except ValueError as error:
        raise ValueError(f"{_OWN_WORDS}: {error}") from None
    if moment.year not in YEARS:
        raise ValueError(f"must lie between {YEARS[0]} and {YEARS[-1]}")
    return moment, form[3] is not None


def _moments(local: datetime, timezone: str) -> tuple[datetime, ...]:
    zone = ZoneInfo(timezone)
    both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = [one for one in both if one.astimezone(zone).replace(tzinfo=None) == local]
    if not real:
        ahead = abs(both[0] - both[1]) // timedelta(minutes=1)
        raise ValueError(f"never happens in {timezone}: the clocks go {ahead} minutes ahead then")
    return tuple(dict.fromkeys(real))
