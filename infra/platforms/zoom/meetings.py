"""A meeting as Zoom tells of it: the result of the action, and what stays secret.

`join_url` holds a coded passcode: it is the invitation, so it is part of the result. Whoever has
`start_url` is the host; it is sealed, with every passcode.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.actions.outcome import JsonObject, Succeeded, Unknown

_SECRET: Final = (
    "start_url",
    "password",
    "encrypted_password",
    "h323_password",
    "pstn_password",
    "dynamic_host_key",
)


def created(meeting: Mapping[str, Any], context: JsonObject) -> Succeeded | Unknown:
    """Return what is known of our meeting; Unknown where the answer names none."""
    identity = meeting.get("id")
    if not isinstance(identity, int | str) or isinstance(identity, bool) or not identity:
        return Unknown("unreadable_answer", "Zoom: the answer names no meeting")
    start = _start(meeting)
    host = meeting.get("host_email") or meeting.get("host_id") or context.get("host")
    told = {
        "meeting_id": str(identity),
        "uuid": meeting.get("uuid"),
        "join_url": meeting.get("join_url"),
        "start_time": start,
        "timezone": meeting.get("timezone"),
        "topic": meeting.get("topic"),
        "host": host,
    }
    result: dict[str, Any] = {name: _text(value) for name, value in told.items()}
    warnings = _warnings(start, meeting, context)
    if warnings:
        result["warnings"] = warnings
    secret = {name: meeting[name] for name in _SECRET if isinstance(meeting.get(name), str)}
    return Succeeded(result, external_id=str(identity), secret=secret)


def _start(meeting: Mapping[str, Any]) -> Any:
    """Return when it begins; a series tells it of each time it takes place."""
    each = meeting.get("occurrences")
    first = each[0] if isinstance(each, Sequence) and each else None
    return meeting.get("start_time") or (
        first.get("start_time") if isinstance(first, dict) else None
    )


def _warnings(start: Any, meeting: Mapping[str, Any], context: JsonObject) -> list[str]:
    """Say where Zoom's start is not the one asked for: it may not know a zone or its newest rules.

    A series may well begin later than the day it is given from.
    """
    wanted = context.get("starts")
    if not wanted or meeting.get("type") != 2 or not isinstance(start, str):
        return []
    try:
        moment = datetime.fromisoformat(start)
        if moment in [datetime.fromisoformat(one) for one in wanted]:
            return []
    except ValueError:
        pass
    return [f"Zoom says it starts at {start[:40]}; asked for was {' or '.join(wanted)}"]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
