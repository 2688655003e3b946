"""What a meeting may be created from: every field, checked, refused in Zoom's form.

Names Zoom does not document are refused too, so that a misspelt one is noticed.
Source: npm @zoom/rivet 0.4.0, the request of "Create a meeting"; lengths: Zoom's documentation.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from infra.sandbox.wire import Document, NotJson, decode
from infra.sandbox.zoom.recurrence import MONTHLY, OCCURRENCES_MAX, WEEKLY
from infra.sandbox.zoom.refusals import INVALID, ZoomError

INSTANT: Final = 1
SCHEDULED: Final = 2
NO_FIXED_TIME: Final = 3
FIXED_TIME: Final = 8
_TYPES: Final = frozenset({INSTANT, SCHEDULED, NO_FIXED_TIME, FIXED_TIME, 10})
_START: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_INTERVALS: Final = {1: 99, 2: 50, 3: 10}
"""Largest `repeat_interval`, by the recurrence's type."""

Check = Callable[[Any], bool]


def _text(longest: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= longest


def _whole(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*values: object) -> Check:
    return lambda value: type(value) in {int, str} and value in values


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _moment(form: re.Pattern[str]) -> Check:
    def is_one(value: Any) -> bool:
        if not isinstance(value, str) or not form.fullmatch(value):
            return False
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True

    return is_one


def _zone(value: Any) -> bool:
    return isinstance(value, str) and zone(value) is not None


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _addresses(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and set(one) == {"email"} and "@" in str(one["email"])
        for one in value
    )


def _days(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[1-7](,[1-7])*", value))


_MEETING: Final[Mapping[str, Check]] = {
    "topic": _text(200),
    "agenda": _text(2_000),
    "type": _one_of(*_TYPES),
    "start_time": _moment(_START),
    "duration": _whole(1, 1_440),
    "timezone": _zone,
    "password": _text(10),
    "default_password": _flag,
    "pre_schedule": _flag,
    "recurrence": _object,
    "settings": _object,
    "tracking_fields": lambda value: isinstance(value, list),
    "template_id": _text(100),
    "schedule_for": _text(254),
}
_SETTINGS: Final[Mapping[str, Check]] = {
    "host_video": _flag,
    "participant_video": _flag,
    "join_before_host": _flag,
    "jbh_time": _one_of(0, 5, 10, 15),
    "waiting_room": _flag,
    "mute_upon_entry": _flag,
    "auto_recording": _one_of("local", "cloud", "none"),
    "alternative_hosts": _text(10_000),
    "alternative_hosts_email_notification": _flag,
    "meeting_invitees": _addresses,
    "approval_type": _one_of(0, 1, 2),
    "registration_type": _one_of(1, 2, 3),
    "email_notification": _flag,
    "use_pmi": _flag,
}
_RECURRENCE: Final[Mapping[str, Check]] = {
    "type": _one_of(1, 2, 3),
    "repeat_interval": _whole(1, 99),
    "weekly_days": _days,
    "monthly_day": _whole(1, 31),
    "monthly_week": _one_of(-1, 1, 2, 3, 4),
    "monthly_week_day": _whole(1, 7),
    "end_times": _whole(1, OCCURRENCES_MAX),
    "end_date_time": _moment(_UTC),
}
_INSIDE: Final = {"settings": _SETTINGS, "recurrence": _RECURRENCE}


def draft(body: bytes) -> Document:
    """Read and check the body of "Create a meeting".

    Raises:
        ZoomError: 300, with every field that is wrong.
    """
    try:
        wish = decode(body)
    except (NotJson, RecursionError):
        wish = None
    if not isinstance(wish, dict):
        raise ZoomError(INVALID, "Request Body should be a valid JSON object.")
    problems = list(_wrong(wish, _MEETING, ""))
    for name, fields in _INSIDE.items():
        if isinstance(wish.get(name), dict):
            problems += _wrong(wish[name], fields, f"{name}.")
    if not problems:
        problems = _wrong_together(wish)
    if problems:
        raise ZoomError(INVALID, "Validation Failed.", problems)
    return {"type": SCHEDULED, "topic": "Zoom Meeting", "duration": 60, **wish}


def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of that name, None when there is none."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def _wrong(wish: Document, fields: Mapping[str, Check], path: str) -> list[tuple[str, str]]:
    return [
        (f"{path}{name}", "Invalid field.")
        for name, value in wish.items()
        if name not in fields or not fields[name](value)
    ]


def _wrong_together(wish: Document) -> list[tuple[str, str]]:
    kind, rule = wish.get("type", SCHEDULED), wish.get("recurrence")
    if kind == FIXED_TIME:
        if not rule or "type" not in rule:
            return [("recurrence", "Recurrence is required for a recurring meeting.")]
        if "start_time" not in wish:
            return [("start_time", "Start time is required for a recurring meeting.")]
        return _wrong_rule(rule)
    if rule:
        return [("recurrence", "Only a recurring meeting with a fixed time has one.")]
    return []


def _wrong_rule(rule: Document) -> list[tuple[str, str]]:
    kind = rule["type"]
    problems = []
    if rule.get("repeat_interval", 1) > _INTERVALS[kind]:
        problems.append(("recurrence.repeat_interval", "Invalid repeat_interval."))
    if kind == WEEKLY and "weekly_days" not in rule:
        problems.append(("recurrence.weekly_days", "weekly_days is required."))
    if kind == MONTHLY and ("monthly_week" in rule) != ("monthly_week_day" in rule):
        problems.append(("recurrence.monthly_week_day", "Invalid monthly_week_day."))
    if kind == MONTHLY and ("monthly_day" in rule) == ("monthly_week" in rule):
        problems.append(("recurrence.monthly_day", "monthly_day or monthly_week is required."))
    if "end_times" in rule and "end_date_time" in rule:
        problems.append(("recurrence.end_times", "end_times and end_date_time exclude each other."))
    return problems
