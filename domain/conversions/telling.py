"""Which conversion events may be told, and until when.

Source: Meta, Conversions API: "Server Event Parameters" (ages, sources) and "Best Practices" (the
combinations of customer information that are too broad since Graph API v13.0).
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

EVENTS_MAX = 1_000  # in one request
AGE_MAX = timedelta(days=7)
AGE_MAX_IN_STORE = timedelta(days=62)
AHEAD_MAX = timedelta(minutes=5)
"""A sender's clock may be ahead by so much; the event waits until its time has come."""

SECONDS_MAX = 9_999_999_999  # more are milliseconds

_TOO_BROAD = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Whoever is known by no more than one of these, or a part of it, is not matched."""


def moment(event_time: int) -> datetime:
    """Return when an event happened."""
    return datetime.fromtimestamp(event_time, UTC)


def told_until(event_time: int, action_source: str) -> datetime:
    """Return when an event becomes too old to be told."""
    in_store = action_source == "physical_store"
    return moment(event_time) + (AGE_MAX_IN_STORE if in_store else AGE_MAX)


def time_problem(event_time: int, action_source: str, now: datetime) -> str | None:
    """Say why an event of that time cannot be told now or soon; None: it can."""
    until = told_until(event_time, action_source)
    if now >= until:
        days = (until - moment(event_time)).days
        return f"is more than {days} days ago: Meta takes no event as old as that"
    if moment(event_time) > now + AHEAD_MAX:
        return "is in the future: give the seconds since 1970, UTC, at which it happened"
    return None


def identity_problem(keys: Collection[str]) -> str | None:
    """Say why what is known of a person matches nobody; None: it may."""
    if not keys:
        return "names nobody: give an email, a telephone number or another identifier"
    if any(set(keys) <= broad for broad in _TOO_BROAD):
        known = ", ".join(sorted(keys))
        return (
            f"is too broad ({known}): Meta refuses events with no more than that; add an email, "
            "a telephone number, an external_id, an address (client_ip_address), fbc or fbp"
        )
    return None
