"""What is looked at when a request comes in, before anything is stored of it."""

from collections.abc import Sequence
from datetime import datetime

from domain.actions.outcome import JsonObject
from domain.actions.plan import Request
from domain.conversions.telling import time_problem
from infra.clock import utc_now
from infra.database.engine import Transaction

_NOBODYS = ("event_name", "event_time", "event_id", "action_source")


def check(_tx: Transaction, request: Request) -> list[tuple[str, str]]:
    """Say which events cannot be told now or soon."""
    return [
        (f"params.{field}", words)
        for field, words in time_problems(request.params["events"], utc_now())
    ]


def time_problems(events: Sequence[JsonObject], now: datetime) -> list[tuple[str, str]]:
    """Say which events cannot be told at this time or soon, and why."""
    found = (time_problem(one["event_time"], one["action_source"], now) for one in events)
    return [(f"events[{number}].event_time", words) for number, words in enumerate(found) if words]


def kept(params: JsonObject) -> JsonObject:
    """Return what is stored of params that are refused: nothing that could say who it was."""
    events = params.get("events")
    if not isinstance(events, list):
        return {}
    return {
        "events": [
            {name: event[name] for name in _NOBODYS if isinstance(event.get(name), str | int)}
            for event in events
            if isinstance(event, dict)
        ]
    }
