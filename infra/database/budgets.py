"""Budgets per tenant, kept by the database so that every process sees the same.

How they are counted, and why that never draws a refusal that could be foreseen: decision 0022.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text

from domain.actions.outcome import Blocks
from infra.database.engine import Transaction
from infra.database.tables import BudgetHoldRow
from infra.platform import Limits, Window

_TAKE = text(
    """
    SELECT take_budgets(CAST(:tenants AS text[]), CAST(:names AS text[]), CAST(:calls AS int[]),
                        CAST(:reserves AS int[]), CAST(:seconds AS int[]),
                        CAST(:grow AS boolean[]), CAST(:shared AS boolean[]),
                        :in_flight, :people, :besides, :at)
    """
)
_HEAR = text(
    """
    SELECT hear_budgets(CAST(:tenants AS text[]), CAST(:names AS text[]), CAST(:said AS int[]),
                        CAST(:grow AS boolean[]), CAST(:restart AS boolean[]), :began, :at)
    """
)
_BLOCK = text(
    """
    INSERT INTO budgets AS b (key, tenant, name, shared, blocked_until)
    VALUES (:key, :tenant, :name, :shared, :until)
    ON CONFLICT (key) DO UPDATE SET blocked_until = greatest(b.blocked_until, :until)
    """
)
_DIED = text(
    """
    UPDATE budgets b SET
        slots = ((budget_at(b, :at)).slots[1] + :calls) || (budget_at(b, :at)).slots[2:],
        newest = (budget_at(b, :at)).newest
    WHERE b.tenant = :tenant AND b.shared AND cardinality(b.slots) > 0
    """
)
_PURGE = text(
    """
    DELETE FROM budgets WHERE NOT shared
      AND coalesce(blocked_until, '-infinity') < :before
      AND coalesce(to_timestamp((newest + 121) * seconds / 120.0), '-infinity') < :before
    """
)
CALLS_MAX = 1_000_000_000
"""A limit set higher is this: what somebody writes into one integration must not be too large a
number for a statement that looks at all of them."""

CALLS_LEFT = f"""
    SELECT b.name, b.tenant, b.reserve, b.blocked_until, b.seconds, of.calls, of.used,
           CASE WHEN b.blocked_until > :now THEN 0 ELSE of.calls - of.used END AS n
    FROM budgets b CROSS JOIN LATERAL (
        SELECT CASE jsonb_typeof(i.settings -> 'limits' -> b.name)
                   WHEN 'number' THEN least(greatest(
                       (i.settings -> 'limits' ->> b.name)::numeric, 0), {CALLS_MAX})::int
                   ELSE b.calls END AS calls,
               budget_used((budget_at(b, :now)).slots) AS used) of
    WHERE b.tenant IN (i.platform || ':' || i.tenant_key, i.platform) AND b.shared
      AND (b.seconds IS NOT NULL OR b.blocked_until > :now)
"""  # noqa: S608 - a constant
"""What is left in each window of an integration `i`, for a statement that knows one."""

_LEFT = text(
    f"""
    SELECT i.id AS integration_id, i.workspace_id, i.name AS integration, i.platform,
           w.name AS "window", w.used, w.calls, w.reserve, w.blocked_until,
           budget_busy(w.tenant, CAST(:nobody AS uuid), :now) AS in_flight
    FROM integrations i CROSS JOIN LATERAL ({CALLS_LEFT}) AS w
    ORDER BY i.platform, i.name, w.seconds
    """  # noqa: S608 - a constant
)
ARRIVES_WITHIN_S = 2.0
"""A call over so soon need not be counted anew: every window is counted for so much longer.

Short windows by half of themselves: a limit of calls a second would be one of calls in three.
"""

UNLIMITED = Window("calls", CALLS_MAX, 60)


def take(  # noqa: PLR0913 - a limit has many sides
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    *,
    interactive: bool,
    besides: UUID,
    now: datetime,
) -> datetime | None:
    """Take one call from every limit of the tenant, else change nothing and say when to try again.

    `besides` is the effect that asks: it counts itself as in flight already. The tenant's rows are
    locked until the commit, which makes the counts exact: let it be the last statement. Part of
    each limit is reserved for people.
    """
    windows = _windows(budget_key, limits, now)
    given = {
        "tenants": [tenant for tenant, _ in windows],
        "names": [window.name for _, window in windows],
        "calls": [window.calls for _, window in windows],
        "reserves": [window.reserve for _, window in windows],
        "seconds": [window.seconds for _, window in windows],
        "grow": [window.grows for _, window in windows],
        "shared": [window not in limits.of_kind for _, window in windows],
        "in_flight": limits.in_flight - (0 if interactive else limits.in_flight_reserve),
        "people": interactive,
        "besides": besides,
        "at": now,
    }
    until: datetime | None = tx.execute(_TAKE, given).scalar_one()
    return min(until, _tomorrow(now)) if until and any(w.daily for _, w in windows) else until


def hold(  # noqa: PLR0913 - as `take`, and for how long
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    holder: UUID,
    *,
    interactive: bool,
    until: datetime,
    now: datetime,
) -> datetime | None:
    """Take one call that no effect stands for; `release` it afterwards.

    Returns None when granted, else when to try again. It counts as in flight until it is released,
    or until `until` if its process dies: choose the latest moment at which its exchange is over.
    """
    refused = take(tx, budget_key, limits, interactive=interactive, besides=holder, now=now)
    if refused is None:
        row = {"id": holder, "budget_key": budget_key, "since": now, "until": until}
        tx.execute(insert(BudgetHoldRow).values(row))
    return refused


def release(  # noqa: PLR0913, PLR0917 - what was held, and what the answer said
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    holder: UUID,
    headers: Mapping[str, str],
    now: datetime,
) -> None:
    """Give back the place in flight of a call that is over; `headers` are its answer's, if any."""
    statement = delete(BudgetHoldRow).where(BudgetHoldRow.id == holder)
    since = tx.execute(statement.returning(BudgetHoldRow.since)).scalar_one_or_none()
    if since is not None:
        hear(tx, budget_key, limits, headers, began=since, now=now)


def hear(  # noqa: PLR0913
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    headers: Mapping[str, str],
    *,
    began: datetime,
    now: datetime,
) -> None:
    """Note what a call that `began` then and is over now tells of the budget.

    It writes only where that changes what is counted. `headers` have lower-case names.
    """
    windows = _windows(budget_key, limits, began)
    said = [_number(headers.get(window.header or "")) for _, window in windows]
    within = min(ARRIVES_WITHIN_S, *(window.seconds / 2 for _, window in windows))
    if (now - began).total_seconds() <= within and not any(one is not None for one in said):
        return  # nothing it could change
    given = {
        "tenants": [tenant for tenant, _ in windows],
        "names": [window.name for _, window in windows],
        "said": said,
        "grow": [window.grows for _, window in windows],
        "restart": [window.restarts for _, window in windows],
        "began": began,
        "at": now,
    }
    tx.execute(_HEAR, given)


def block(  # noqa: PLR0913, PLR0917
    tx: Transaction,
    budget_key: str,
    limits: Limits,
    blocks: Blocks,
    until: datetime,
    now: datetime,
) -> None:
    """Nothing more that `blocks` reaches before `until`: the platform said so itself."""
    platform = budget_key.partition(":")[0]
    tenant, windows = {
        Blocks.TENANT: (budget_key, limits.windows or (UNLIMITED,)),
        Blocks.KIND: (_scoped(budget_key, limits), limits.of_kind),
        Blocks.PLATFORM: (platform, limits.all_tenants),
    }.get(blocks, ("", ()))
    for window in windows[:1]:  # one is enough: every such call counts in it
        tenant = _of_the_day(tenant, window, now)
        key = f"{tenant}:{window.name}"
        given = {"key": key, "tenant": tenant, "name": window.name, "until": until}
        tx.execute(_BLOCK, given | {"shared": blocks is not Blocks.KIND})


def found_dead(tx: Transaction, calls: Mapping[str, int], now: datetime) -> None:
    """Count calls (per budget key) once more whose process died: they may have gone out till now.

    Tenants before platforms, each in order: so no two transactions wait for one another.
    """
    platforms = Counter[str]()
    for key, count in calls.items():
        platforms[key.partition(":")[0]] += count
    for tenant, count in [*sorted(calls.items()), *sorted(platforms.items())]:
        tx.execute(_DIED, {"tenant": tenant, "calls": count, "at": now})


def purge(tx: Transaction, before: datetime) -> int:
    """Forget windows of a channel, a host, a day that nothing has counted in since; how many."""
    return tx.execute(_PURGE, {"before": before}).rowcount


def left(tx: Transaction, now: datetime) -> list[dict[str, Any]]:
    """Return every integration's windows: used, allowed, reserved, blocked until, in flight."""
    rows = tx.execute(_LEFT, {"now": now, "nobody": UUID(int=0)})
    return [dict(row) for row in rows.mappings()]


def limits_for(
    limits: Limits,
    settings: Mapping[str, Any],
    of_kind: tuple[Window, ...] = (),
    scope: str = "",
) -> Limits:
    """Apply an integration's own limits (`{"limits": {"minute": 300, "in_flight": 5}}`)."""
    own = settings.get("limits")
    if not isinstance(own, dict):
        return replace(limits, of_kind=of_kind, scope=scope) if of_kind else limits
    return replace(
        limits,
        scope=scope,
        in_flight=_at_most(own.get("in_flight", limits.in_flight)),
        windows=tuple(_own(window, own) for window in limits.windows),
        of_kind=tuple(_own(window, own) for window in of_kind),
        all_tenants=tuple(_own(window, own) for window in limits.all_tenants),
    )


def _windows(budget_key: str, limits: Limits, now: datetime) -> list[tuple[str, Window]]:
    """Whose windows a call counts in: its tenant's, then those of all tenants (locked last)."""
    platform = budget_key.partition(":")[0]
    scoped = _scoped(budget_key, limits)
    whose = [(budget_key, window) for window in limits.windows or (UNLIMITED,)]
    whose += [(scoped, window) for window in limits.of_kind]
    whose += [(platform, window) for window in limits.all_tenants]
    return [(_of_the_day(tenant, window, now), window) for tenant, window in whose]


def _scoped(budget_key: str, limits: Limits) -> str:
    return f"{budget_key}/{limits.scope}" if limits.scope else budget_key


def _of_the_day(tenant: str, window: Window, now: datetime) -> str:
    """A day's calls are counted under a name of their own: the next one begins with none."""
    return f"{tenant}@{now.astimezone(UTC):%Y-%m-%d}" if window.daily else tenant


def _tomorrow(now: datetime) -> datetime:
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def _own(window: Window, own: Mapping[str, Any]) -> Window:
    if window.name not in own:
        return window
    return replace(window, calls=_at_most(own[window.name]), grows=False)


def _at_most(own: Any) -> int:
    return min(max(int(own), 0), CALLS_MAX)


def _number(said: str | None) -> int | None:
    text_ = (said or "").strip()
    return int(text_) if text_.isascii() and text_.isdigit() and len(text_) <= 9 else None
