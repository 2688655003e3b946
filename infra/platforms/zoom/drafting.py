"""What Zoom is sent for a request, and our mark in it.

The mark stands at the beginning of the agenda, because lists of meetings show no more than 250
characters of it. Zoom makes the passcode: one given in a request would lie in the clear in the
action's params. Source: Zoom, "Create a meeting", "List meetings".
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from infra.platforms.zoom.times import read_moment, read_start, zulu

AGENDA_OF_ZOOM_MAX: Final = 2_000
AGENDA_MAX: Final = AGENDA_OF_ZOOM_MAX - 43
"""Characters of an agenda beside our mark (42) and the end of its line."""
DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""Zoom counts them from 1."""
NO_FIXED_TIME: Final = "no_fixed_time"
_KINDS: Final = {"daily": 1, "weekly": 2, "monthly": 3}
_SCHEDULED, _RECURS_ANYTIME, _RECURS = 2, 3, 8
_SETTINGS: Final = (
    "waiting_room",
    "join_before_host",
    "host_video",
    "participant_video",
    "mute_upon_entry",
    "auto_recording",
)


def mark_of(effect_id: UUID) -> str:
    """Return our mark on a meeting; visible to everybody who reads its agenda."""
    return f"[ref:{effect_id}]"


def body_of(params: Mapping[str, Any], effect_id: UUID) -> dict[str, Any]:
    """Return the body of the call for checked params."""
    mark, agenda = mark_of(effect_id), params.get("agenda")
    body = {
        "topic": params["topic"],
        "type": _type_of(params),
        "agenda": f"{mark}\n{agenda}" if agenda else mark,
        "default_password": True,
    }
    body |= {name: params[name] for name in ("duration", "timezone") if name in params}
    if "start_time" in params:
        body["start_time"] = read_start(params["start_time"], params.get("timezone")).sent
    if body["type"] == _RECURS:
        body["recurrence"] = _recurrence(params["recurrence"])
    settings = _settings(params)
    return {**body, "settings": settings} if settings else body


def starts(params: Mapping[str, Any]) -> list[str]:
    """Return the moments (ISO, UTC) at which the meeting may start; none without a fixed time."""
    if "start_time" not in params:
        return []
    start = read_start(params["start_time"], params.get("timezone"))
    return [moment.isoformat() for moment in start.moments]


def _type_of(params: Mapping[str, Any]) -> int:
    rule = params.get("recurrence")
    if rule is None:
        return _SCHEDULED
    return _RECURS_ANYTIME if rule["type"] == NO_FIXED_TIME else _RECURS


def _recurrence(rule: Mapping[str, Any]) -> dict[str, Any]:
    written = {
        **rule,
        "type": _KINDS[rule["type"]],
        "repeat_interval": rule.get("repeat_interval", 1),
    }
    if "weekly_days" in rule:
        written["weekly_days"] = ",".join(str(_number(day)) for day in rule["weekly_days"])
    if "monthly_week_day" in rule:
        written["monthly_week_day"] = _number(rule["monthly_week_day"])
    if "end_date_time" in rule:
        written["end_date_time"] = zulu(read_moment(rule["end_date_time"]))
    return written


def _number(day: str) -> int:
    return DAYS.index(day) + 1


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: params[name] for name in _SETTINGS if name in params}
    if "alternative_hosts" in params:
        settings["alternative_hosts"] = ";".join(params["alternative_hosts"])
    if "meeting_invitees" in params:
        settings["meeting_invitees"] = [{"email": one} for one in params["meeting_invitees"]]
    return settings
