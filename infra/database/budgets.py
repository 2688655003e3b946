"""Budgets per tenant, kept by the database so that every process sees the same."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from infra.database.engine import Transaction
from infra.database.tables import EffectRow
from infra.platform import Limits, Window

BUSY_WAIT = timedelta(milliseconds=300)

_TAKE = text(
    """
    INSERT INTO budgets AS b (key, window_started_at, used) VALUES (:key, :now, 1)
    ON CONFLICT (key) DO UPDATE SET
        used = CASE WHEN b.window_started_at <= :start THEN 1 ELSE b.used + 1 END,
        window_started_at = CASE WHEN b.window_started_at <= :start THEN :now
                                 ELSE b.window_started_at END
    WHERE (b.blocked_until IS NULL OR b.blocked_until <= :now)
      AND (b.window_started_at <= :start OR b.used < :calls)
    RETURNING used
    """
)
_WHEN = text("SELECT window_started_at, blocked_until FROM budgets WHERE key = :key")
_GIVE_BACK = text("UPDATE budgets SET used = greatest(used - 1, 0) WHERE key = ANY(:keys)")
_BLOCK = text(
    """
    INSERT INTO budgets AS b (key, window_started_at, used, blocked_until)
    VALUES (:key, :now, 0, :until)
    ON CONFLICT (key) DO UPDATE SET blocked_until = greatest(b.blocked_until, :until)
    """
)
ALWAYS = Window("calls", 1_000_000_000, 60)


def take(
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    *,
    interactive: bool,
    besides: UUID,
    now: datetime,
) -> datetime | None:
    """Take one call from every limit of the tenant, or none: then return when to try again.

    `besides` is the effect that asks: it counts itself as in flight already.

    The first window's row is locked until the commit, which makes the count of calls in flight
    exact. Part of each window is reserved for people.
    """
    taken: list[str] = []
    for window in limits.windows or (ALWAYS,):
        key = f"{budget_key}:{window.name}"
        calls = window.calls if interactive else window.calls - window.reserve
        length = timedelta(seconds=window.seconds)
        values = {"key": key, "now": now, "start": now - length, "calls": calls}
        if tx.execute(_TAKE, values).first() is None:
            _give_back(tx, taken)
            return _refills_at(tx, key, length, now)
        taken.append(key)
    in_flight = tx.execute(
        select(func.count())
        .select_from(EffectRow)
        .where(EffectRow.in_flight, EffectRow.budget_key == budget_key, EffectRow.id != besides)
    ).scalar_one()
    if in_flight >= limits.in_flight:
        _give_back(tx, taken)
        return now + BUSY_WAIT
    return None


def _give_back(tx: Transaction, keys: list[str]) -> None:
    if keys:
        tx.execute(_GIVE_BACK, {"keys": keys})


def _refills_at(tx: Transaction, key: str, length: timedelta, now: datetime) -> datetime:
    row = tx.execute(_WHEN, {"key": key}).one()
    refilled: datetime = row.window_started_at + length
    return max(refilled, row.blocked_until or refilled, now + BUSY_WAIT)


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
