"""How the fleet is, in numbers for monitoring: each a statement with what its columns mean.

What is listed per integration is bounded: the worst `WORST_MAX` of them, not all (decision 0038).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from infra.database.budgets import CALLS_LEFT
from infra.database.engine import Transaction
from infra.database.leadership import leadership_key

WORST_MAX = 20
BUDGETS_MAX = 200


@dataclass(frozen=True, slots=True)
class Measure:
    """A statement, and a gauge (name, help) for each column of `gauges`.

    A row gives the gauges in whose columns it has a value, with the `labels` it has a value for.
    """

    labels: tuple[str, ...]
    gauges: Mapping[str, tuple[str, str]]
    query: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A gauge's value for some labels."""

    name: str
    help: str
    labels: tuple[tuple[str, str], ...]
    value: float


HOLDS_LOCK = """
    l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((l.classid::bigint << 32) | l.objid::bigint)
"""

MEASURES = (
    Measure(
        ("queue", "integration"),
        {
            "due": ("fleet_backlog_actions", "Actions that are due and not yet begun"),
            "oldest": ("fleet_backlog_oldest_seconds", "For how long the oldest has been due"),
            "later": ("fleet_postponed_actions", "Actions that wait for a later moment"),
            "rung": ("fleet_rung_actions", "Of the backlog: rung, and not yet begun"),
            "paused": ("fleet_paused_actions", "Actions of integrations that are not active"),
            "tenant_due": ("fleet_tenant_backlog_actions", "Backlog of those that wait longest"),
            "tenant_oldest": ("fleet_tenant_backlog_oldest_seconds", "And how long they wait"),
        },
        f"""
        WITH held AS (
            SELECT queue, integration_id, due_at, false AS rung FROM actions
            WHERE lease_owner IS NULL AND rung_at IS NULL
              AND status IN ('queued', 'running', 'waiting', 'reconciling')
            UNION ALL
            SELECT queue, integration_id, due_at, true FROM actions
            WHERE rung_at IS NOT NULL AND lease_owner IS NULL
        ), tenant AS MATERIALIZED (
            SELECT queue, integration_id, count(*) FILTER (WHERE due_at <= :now) AS due,
                   extract(epoch FROM :now - min(due_at)) AS oldest, count(*) AS n,
                   count(*) FILTER (WHERE rung) AS rung
            FROM held GROUP BY queue, integration_id
        ), known AS (
            SELECT t.*, i.status = 'active' AS active
            FROM tenant t JOIN integrations i ON i.id = t.integration_id
        )
        SELECT queue, NULL AS integration,
               coalesce(sum(due) FILTER (WHERE active), 0) AS due,
               greatest(max(oldest) FILTER (WHERE active), 0) AS oldest,
               coalesce(sum(n - due) FILTER (WHERE active), 0) AS later,
               coalesce(sum(rung) FILTER (WHERE active), 0) AS rung,
               coalesce(sum(n) FILTER (WHERE NOT active), 0) AS paused,
               NULL::bigint AS tenant_due, NULL::numeric AS tenant_oldest
        FROM known GROUP BY queue
        UNION ALL
        (SELECT queue, integration_id::text, NULL, NULL, NULL, NULL, NULL, due, oldest
         FROM known WHERE active AND due > 0 ORDER BY oldest DESC LIMIT {WORST_MAX})
        """,  # noqa: S608 - a constant
    ),
    Measure(
        ("queue",),
        {
            "held": ("fleet_leases", "Actions being carried out"),
            "void": ("fleet_void_leases", "Of these: past their time, to be swept"),
        },
        """
        SELECT queue, count(*) AS held, count(*) FILTER (WHERE lease_until < :now) AS void
        FROM actions WHERE lease_owner IS NOT NULL GROUP BY queue
        """,
    ),
    Measure(
        ("platform",),
        {
            "open": ("fleet_unknown_effects", "Effects of unknown outcome, being looked up"),
            "oldest": ("fleet_unknown_oldest_seconds", "Age of the oldest of them"),
        },
        """
        SELECT e.platform, count(*) AS open, extract(epoch FROM :now - min(e.created_at)) AS oldest
        FROM effects e JOIN actions a ON a.id = e.action_id
        WHERE e.state = 'unknown' AND a.status <> 'parked' AND a.finished_at IS NULL
        GROUP BY e.platform
        """,
    ),
    Measure(
        ("platform",),
        {"parked": ("fleet_parked_actions", "Actions that wait for a person")},
        "SELECT platform, count(*) AS parked FROM actions WHERE status = 'parked' GROUP BY 1",
    ),
    Measure(
        ("source",),
        {"open": ("fleet_dead_letters", "Messages nobody could read")},
        "SELECT source, count(*) AS open FROM dead_letters WHERE settled_at IS NULL GROUP BY 1",
    ),
    Measure(
        (),
        {
            "unpublished": ("fleet_outbox_events", "Events not yet published"),
            "lag": ("fleet_outbox_lag_seconds", "Age of the oldest of them"),
            "promotions": ("fleet_promotions_lag_seconds", "Age of the oldest not yet applied"),
        },
        """
        SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished,
               coalesce(extract(epoch FROM :now - (SELECT created_at FROM outbox
                   WHERE published_at IS NULL ORDER BY id LIMIT 1)), 0) AS lag,
               coalesce(extract(epoch FROM :now - (SELECT min(created_at) FROM outbox
                   WHERE type = 'invoice.promotion_due' AND consumed_at IS NULL)), 0) AS promotions
        """,
    ),
    Measure(
        ("platform", "integration"),
        {
            "oldest": ("fleet_sync_oldest_seconds", "Of the integration not synced for longest"),
            "age": ("fleet_sync_age_seconds", "Since the last finished sync, or connecting"),
        },
        f"""
        WITH since AS (
            SELECT i.platform, i.id::text AS integration,
                   extract(epoch FROM :now - coalesce(c.finished_at, i.created_at)) AS age
            FROM integrations i LEFT JOIN sync_cursors c ON c.integration_id = i.id
            WHERE i.platform = 'xero' AND i.status = 'active'
        )
        SELECT platform, NULL AS integration, max(age) AS oldest, NULL::numeric AS age
        FROM since GROUP BY platform
        UNION ALL
        (SELECT platform, integration, NULL, age FROM since ORDER BY age DESC LIMIT {WORST_MAX})
        """,  # noqa: S608 - a constant
    ),
    Measure(
        ("platform", "status"),
        {"n": ("fleet_integrations", "Integrations by their status")},
        "SELECT platform, status, count(*) AS n FROM integrations GROUP BY 1, 2",
    ),
    Measure(
        ("platform", "integration", "window"),
        {
            "n": ("fleet_budget_calls_left", "Calls left in a window of its budget"),
            "calls": ("fleet_budget_calls_allowed", "Calls that window allows"),
        },
        f"""
        SELECT i.platform, i.id::text AS integration, w.name AS "window", w.n, w.calls
        FROM integrations i CROSS JOIN LATERAL ({CALLS_LEFT}) AS w
        WHERE i.status = 'active' AND w.calls IS NOT NULL
        ORDER BY w.n::float8 / greatest(w.calls, 1), i.id, w.name LIMIT {BUDGETS_MAX}
        """,  # noqa: S608 - constants
    ),
    Measure(
        ("process",),
        {"alive": ("fleet_processes_alive", "Processes that hold their advisory lock")},
        f"""
        SELECT n.kind AS process, count(*) AS alive FROM incarnations n
        WHERE EXISTS (SELECT 1 FROM pg_locks l WHERE {HOLDS_LOCK} = n.lock_key) GROUP BY n.kind
        """,  # noqa: S608 - a constant
    ),
    Measure(
        ("process",),
        {"leads": ("fleet_leaders", "1 while one of them leads")},
        f"""
        SELECT v.process, count(l.pid) AS leads
        FROM (VALUES ('relay', CAST(:relay AS bigint)), ('beat', CAST(:beat AS bigint)))
            AS v (process, key)
        LEFT JOIN pg_locks l ON {HOLDS_LOCK} = v.key GROUP BY v.process
        """,  # noqa: S608 - a constant
    ),
    Measure(
        (),
        {
            "stale": ("fleet_stale_invoices", "Invoices told to have changed, not yet read"),
            "oldest": ("fleet_stale_invoices_oldest_seconds", "Since the oldest was told"),
        },
        """
        SELECT count(*) AS stale, coalesce(extract(epoch FROM :now - min(noted_at)), 0) AS oldest
        FROM stale_invoices
        """,
    ),
)


def read(tx: Transaction, now: datetime) -> Iterator[Reading]:
    """Read every gauge."""
    known: dict[str, Any] = {"now": now}
    known |= {name: leadership_key(name) for name in ("relay", "beat")}
    for measure in MEASURES:
        given = {name: value for name, value in known.items() if f":{name}" in measure.query}
        for row in tx.execute(text(measure.query), given).mappings():
            labels = tuple((one, str(row[one])) for one in measure.labels if row[one] is not None)
            for column, (name, words) in measure.gauges.items():
                if row[column] is not None:
                    yield Reading(name, words, labels, float(row[column]))
