"""Budgets per tenant, kept by the database so that every process sees the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.database.engine import Transaction
from infra.platform import Limits, Window

_TAKE = text(
    """
    SELECT take_budget(:tenant, CAST(:names AS text[]), CAST(:calls AS int[]),
                       CAST(:seconds AS int[]), :in_flight, :besides, :at)
    """
)
_BLOCK = text(
    """
    INSERT INTO budgets AS b (key, window_started_at, used, blocked_until)
    VALUES (:key, :now, 0, :until)
    ON CONFLICT (key) DO UPDATE SET blocked_until = greatest(b.blocked_until, :until)
    """
)
ALWAYS = Window("calls", 1_000_000_000, 60)


def take(  # noqa: PLR0913 - a limit has many sides
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    *,
    interactive: bool,
    besides: UUID,
    now: datetime,
) -> datetime | None:
    """Take one call from every limit of the tenant; else return when to try again, and roll back.

    `besides` is the effect that asks: it counts itself as in flight already. The first window's
    row is locked until the commit, which makes the count of calls in flight exact. Part of each
    window is reserved for people.
    """
    windows = limits.windows or (ALWAYS,)
    given = {
        "tenant": budget_key,
        "names": [window.name for window in windows],
        "calls": [w.calls if interactive else w.calls - w.reserve for w in windows],
        "seconds": [window.seconds for window in windows],
        "in_flight": limits.in_flight,
        "besides": besides,
        "at": now,
    }
    until: datetime | None = tx.execute(_TAKE, given).scalar_one()
    return until


def block(tx: Transaction, budget_key: str, limits: Limits, until: datetime, now: datetime) -> None:
    """Nothing more to this tenant before `until` (it said so itself)."""
    window = (limits.windows or (ALWAYS,))[0]
    tx.execute(_BLOCK, {"key": f"{budget_key}:{window.name}", "now": now, "until": until})


def limits_for(limits: Limits, settings: Mapping[str, Any]) -> Limits:
    """Apply an integration's own limits (`{"limits": {"minute": 300, "in_flight": 5}}`)."""
    own = settings.get("limits")
    if not isinstance(own, dict):
        return limits
    return Limits(
        in_flight=int(own.get("in_flight", limits.in_flight)),
        windows=tuple(
            Window(w.name, int(own.get(w.name, w.calls)), w.seconds, w.reserve)
            for w in limits.windows
        ),
    )
