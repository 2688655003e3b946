"""Params of Zoom's actions, as a request gives them. Loaded only where requests are checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from infra.platforms.zoom.drafting import AGENDA_MAX, DAYS, NO_FIXED_TIME
from infra.platforms.zoom.times import is_zone, read_moment, read_start

REPEAT_MAX = {"daily": 99, "weekly": 50, "monthly": 10}
_OF_KIND = {
    "weekly": {"weekly_days"},
    "monthly": {"monthly_day", "monthly_week", "monthly_week_day"},
}
_MONTHLY = ({"monthly_day"}, {"monthly_week", "monthly_week_day"})
_EMAIL = re.compile(r"[^\s@/;,]{1,64}@[^\s@/;,]{1,189}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError(f"{name!r} is no time zone; write one as Europe/Berlin or UTC")
    return name


def _moment(text: str) -> str:
    read_moment(text)
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("is no email address")
    return text


def _person(text: str) -> str:
    if not _ID.fullmatch(text) and not _EMAIL.fullmatch(text):
        raise ValueError("is neither a user's id nor an email address")
    return text


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Person = Annotated[str, StringConstraints(max_length=254), AfterValidator(_person)]
Day = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


@dataclass(frozen=True)
class Recurrence:
    """How a meeting recurs (Zoom: `recurrence`), with words where Zoom has numbers."""

    type: Literal["daily", "weekly", "monthly", "no_fixed_time"]
    repeat_interval: Annotated[int, Field(ge=1, le=99)] | None = None
    weekly_days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] | None = None
    monthly_day: Annotated[int, Field(ge=1, le=31)] | None = None
    monthly_week: Literal[-1, 1, 2, 3, 4] | None = None
    monthly_week_day: Day | None = None
    end_times: Annotated[int, Field(ge=1, le=60)] | None = None
    end_date_time: (
        Annotated[str, AfterValidator(_moment), Field(examples=["2026-12-31T09:00:00Z"])] | None
    ) = None


@dataclass(frozen=True)
class CreateMeeting:
    """`zoom_create_meeting` (Zoom: Create a meeting). `host`: an id, an email, or `me`."""

    topic: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    host: Person = "me"
    start_time: Annotated[str, Field(examples=["2026-12-01T09:00:00"])] | None = None
    duration: Annotated[int, Field(ge=1, le=1_440)] | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] | None = None
    agenda: Annotated[str, StringConstraints(max_length=AGENDA_MAX)] | None = None
    recurrence: Recurrence | None = None
    waiting_room: bool | None = None
    join_before_host: bool | None = None
    host_video: bool | None = None
    participant_video: bool | None = None
    mute_upon_entry: bool | None = None
    auto_recording: Literal["local", "cloud", "none"] | None = None
    alternative_hosts: Annotated[tuple[Person, ...], Field(max_length=50)] | None = None
    meeting_invitees: Annotated[tuple[Email, ...], Field(max_length=300)] | None = None

    @staticmethod
    def between(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Tell what is wrong between fields, as (field, words)."""
        rule = given.get("recurrence")
        kind = str(rule.get("type")) if isinstance(rule, Mapping) else ""
        if isinstance(rule, Mapping):
            named = {name: value for name, value in rule.items() if value is not None}
            yield from _between_rule(kind, named)
        start, timezone = given.get("start_time"), given.get("timezone")
        if start is None and kind != NO_FIXED_TIME:
            words = "is required, but for a recurrence of type no_fixed_time"
            yield "start_time", f"{words}; instant meetings cannot be found again"
        if start is not None and kind == NO_FIXED_TIME:
            yield "start_time", "goes with no recurrence of type no_fixed_time"
        if kind in REPEAT_MAX and timezone is None:
            yield "timezone", "is required with a recurrence: whose clock it follows"
        if isinstance(start, str) and (timezone is None or is_zone(timezone)):
            try:
                read_start(start, timezone)
            except ValueError as wrong:
                yield "start_time", str(wrong)


def _between_rule(kind: str, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell what is wrong between the fields of a recurrence."""
    if kind == NO_FIXED_TIME:
        if set(rule) != {"type"}:
            yield "recurrence.type", "no_fixed_time takes nothing beside it"
        return
    if kind not in REPEAT_MAX:
        return
    for other, fields in _OF_KIND.items():
        for name in sorted(fields & set(rule) if other != kind else ()):
            yield f"recurrence.{name}", f"is for {other} recurrences"
    interval = rule.get("repeat_interval")
    if isinstance(interval, int) and interval > REPEAT_MAX[kind]:
        yield "recurrence.repeat_interval", f"is at most {REPEAT_MAX[kind]} for {kind} recurrences"
    if ("end_times" in rule) == ("end_date_time" in rule):
        yield "recurrence.end_times", "give either `end_times` or `end_date_time`"
    if kind == "weekly" and "weekly_days" not in rule:
        yield "recurrence.weekly_days", f"is required: which of {', '.join(DAYS)}"
    if kind == "monthly" and rule.keys() & _OF_KIND["monthly"] not in _MONTHLY:
        words = "give it, or `monthly_week` and `monthly_week_day` together"
        yield "recurrence.monthly_day", words
