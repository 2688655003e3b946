"""What the fleet's states are called, for terminal and pages. Tables, nothing else decides here."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

STEPS: Mapping[str, str] = {
    "send": "sent",
    "repeat": "sent again, same key",
    "look_up": "looked up",
}
OUTCOMES: Mapping[str, str] = {
    "succeeded": "done",
    "rejected": "refused",
    "deferred": "did not happen yet",
    "unknown": "may have happened",
    "absent": "not there",
}
SOURCES: Mapping[str, str] = {
    "celery": "as a Celery message",
    "plain": "as a plain message",
    "http": "over HTTP",
    "cli": "on the command line",
    "console": "in the console",
    "beat": "by the schedule",
    "client": "by the Python client",
    "event": "because of an event",
    "replay": "by a replay",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def short(identity: Any) -> str:
    """Return the part of an id that people read aloud."""
    return str(identity)[:8]


def age(since: datetime, now: datetime) -> str:
    """Return how long ago, in one number and unit."""
    return span(now - since)


def span(length: timedelta) -> str:
    """Return a duration in one number and unit: `4 s`, `12 min`, `3 h`, `5 d`."""
    seconds = abs(length.total_seconds())
    for most, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def seconds(value: float) -> str:
    """Return a measured duration: `31 ms`, `1.4 s`, `2 min 5 s`."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 90:
        return f"{value:.1f} s"
    return f"{value // 60:.0f} min {value % 60:.0f} s"


def moment(at: datetime, now: datetime | None = None) -> str:
    """Return a time of day in UTC, with the date unless it is today's."""
    if now is not None and at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%Y-%m-%d %H:%M:%S}"


def money(amount: Decimal | str | float, currency: str = "") -> str:
    """Return an amount as finance people write it."""
    value = Decimal(str(amount))
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return f"{value:,.{places}f} {currency}".strip()


def read_span(text: str) -> timedelta:
    """Read `90s`, `10m`, `2h` or `3d`.

    Raises:
        ValueError: it is none of these.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit():
        raise ValueError(f"{text!r} is no duration: write 90s, 10m, 2h or 3d")
    return timedelta(seconds=int(number) * UNITS[unit])


def why(action: Mapping[str, Any], now: datetime) -> str:
    """Return in one sentence why an action stands where it stands, or what came of it."""
    said = (action.get("error") or {}).get("message") or action.get("status_reason") or ""
    paused = action.get("integration_status") not in {None, "active"}
    if paused and action.get("finished_at") is None:
        reason = action.get("integration_reason") or "no reason is recorded"
        return f"the integration is paused: {reason}"
    return _WHY.get(action["status"], _said)(action, said, now)


def _said(action: Mapping[str, Any], said: str, _now: datetime) -> str:
    return f"{said} (partly done)" if action.get("partial") else said


def _queued(_action: Mapping[str, Any], _reason: str, _now: datetime) -> str:
    return "waits for a free worker"


def _running(action: Mapping[str, Any], _reason: str, _now: datetime) -> str:
    return f"carries out {action.get('effect') or 'its first effect'}"


def _waiting(action: Mapping[str, Any], said: str, now: datetime) -> str:
    due = action["due_at"]
    when = f"goes on in {span(due - now)}" if due > now else "goes on at once"
    return f"{when}: {said}" if said else when


def _reconciling(_action: Mapping[str, Any], said: str, _now: datetime) -> str:
    return f"finds out whether it happened: {said}"


def _succeeded(action: Mapping[str, Any], _reason: str, _now: datetime) -> str:
    return result_words(action.get("result") or {})


_WHY = {
    "queued": _queued,
    "running": _running,
    "waiting": _waiting,
    "reconciling": _reconciling,
    "succeeded": _succeeded,
}


def result_words(result: Mapping[str, Any]) -> str:
    """Return what an action produced, in a few words."""
    return next((say(result) for name, say in _RESULTS if result.get(name)), "")


def _invoice(result: Mapping[str, Any]) -> str:
    total = money(result["total"], result.get("currency", "")) if "total" in result else ""
    parts = (result["invoice_number"], total, result.get("status"))
    return " ".join(str(part) for part in parts if part)


def _sync(result: Mapping[str, Any]) -> str:
    names = ["checked", "changed", "promoted", *(["unreadable"] * bool(result.get("unreadable")))]
    said = ", ".join(f"{result.get(name, 0)} {name}" for name in names)
    return f"{said}, in {_counted(result['calls'], 'call')}" if "calls" in result else said


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _guests(result: Mapping[str, Any]) -> str:
    return f"{_counted(len(result['guests']), 'guest')} added"


def _entry(result: Mapping[str, Any]) -> str:
    how = "was in the automation already" if result.get("already") else "entered the automation"
    return f"contact {result.get('contact_id')} {how}"


_RESULTS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("invoice_number", _invoice),
    ("ts", lambda r: f"posted in {r.get('channel')}"),
    ("calls", _sync),
    ("meeting_id", lambda r: f"meeting {r['meeting_id']}, {r.get('topic')}"),
    (
        "not_added",
        lambda r: f"{_guests(r)}, not {', '.join(r['not_added'])}",
    ),
    ("guests", _guests),
    ("booking_uid", lambda r: f"booked {str(r.get('start'))[:16]}, {r['booking_uid']}"),
    ("document_id", lambda r: str(r.get("name") or r["document_id"])),
    ("contact_automation_id", _entry),
    ("events_received", lambda r: _counted(r["events_received"], "event") + " received"),
    ("payment_id", lambda r: f"payment {short(r['payment_id'])}"),
    ("contact_id", lambda r: f"contact {short(r['contact_id'])}"),
    ("repeating_invoice_id", lambda r: f"repeating invoice {short(r['repeating_invoice_id'])}"),
)
"""What a result is known by, and how it is told; the first that is there counts."""
