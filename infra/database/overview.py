"""How the fleet is, for a person at night: what waits where, and what was done lately.

Each statement is for one workspace or, with None, for all. None reads more than what is open, or
the latest `LATEST` rows of what is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.database.engine import Transaction
from infra.database.views import Row
from infra.redaction import redact

LATEST = 2_000
"""So many transitions and calls are looked back at, however many there are within the window."""
COUNTED_MAX = 10_001
"""Counted so far and no further: more than ten thousand is said as that."""
WINDOW = timedelta(minutes=15)

_OPEN = "('queued', 'running', 'waiting', 'reconciling')"
# The parts are those of the partial indexes ix_actions_due, ix_actions_rung and ix_actions_leased.
_BACKLOG = f"""
    WITH held AS (
        SELECT queue, integration_id, due_at, false AS carried FROM actions
        WHERE lease_owner IS NULL AND rung_at IS NULL AND status IN {_OPEN}
        UNION ALL
        SELECT queue, integration_id, due_at, false FROM actions
        WHERE rung_at IS NOT NULL AND lease_owner IS NULL
        UNION ALL
        SELECT queue, integration_id, due_at, true FROM actions WHERE lease_owner IS NOT NULL
    ), tenant AS MATERIALIZED (
        SELECT queue, integration_id, count(*) FILTER (WHERE NOT carried AND due_at <= :now) AS due,
               count(*) FILTER (WHERE NOT carried AND due_at > :now) AS later,
               count(*) FILTER (WHERE carried) AS carried,
               min(due_at) FILTER (WHERE NOT carried AND due_at <= :now) AS oldest
        FROM held GROUP BY queue, integration_id
    )
    SELECT t.*, i.name AS integration, i.platform, i.workspace_id, i.status AS integration_status
    FROM tenant t JOIN integrations i ON i.id = t.integration_id
    WHERE CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace
    ORDER BY t.oldest NULLS LAST, t.queue, i.name
"""  # noqa: S608 - a constant
# `due_at` of a parked action is when it was parked.
_PARKED = """
    SELECT a.integration_id, i.name AS integration, a.platform, count(*) AS parked,
           count(*) FILTER (WHERE a.error ->> 'code' = 'outcome_unknown') AS in_doubt,
           min(a.due_at) AS oldest, max(a.due_at) AS newest
    FROM actions a LEFT JOIN integrations i ON i.id = a.integration_id
    WHERE a.status = 'parked' AND (CAST(:workspace AS uuid) IS NULL OR a.workspace_id = :workspace)
    GROUP BY 1, 2, 3 ORDER BY oldest
"""
_UNKNOWN = """
    SELECT e.platform, i.id AS integration_id, i.name AS integration, count(*) AS unknown,
           min(e.created_at) AS oldest
    FROM effects e JOIN actions a ON a.id = e.action_id
    JOIN integrations i ON i.id = coalesce(e.integration_id, a.integration_id)
    WHERE e.state = 'unknown' AND a.finished_at IS NULL AND a.status <> 'parked'
      AND (CAST(:workspace AS uuid) IS NULL OR a.workspace_id = :workspace)
    GROUP BY 1, 2, 3 ORDER BY oldest
"""
_LETTERS = """
    SELECT source, count(*) AS letters, min(at) AS oldest, max(at) AS newest FROM (
        SELECT source, at FROM dead_letters WHERE settled_at IS NULL ORDER BY at DESC LIMIT :most) d
    GROUP BY source ORDER BY source
"""
_OUTBOX = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE published_at IS NULL
                AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
                LIMIT :most) o) AS unpublished,
           (SELECT created_at FROM outbox WHERE published_at IS NULL
                AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
                ORDER BY id LIMIT 1) AS oldest,
           (SELECT min(created_at) FROM outbox
                WHERE type = 'invoice.promotion_due' AND consumed_at IS NULL
                AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)) AS promotion
"""
_SYNCS = """
    SELECT i.id AS integration_id, i.name AS integration,
           coalesce(c.finished_at, i.created_at) AS since, c.finished_at
    FROM integrations i LEFT JOIN sync_cursors c ON c.integration_id = i.id
    WHERE i.platform = 'xero' AND i.status = 'active'
      AND (CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace)
    ORDER BY since, i.name
"""
# Whether a queue moves is told by everybody's work in it; how much is done, by one's own.
_WORK = """
    SELECT a.queue, a.integration_id, max(t.at) AS latest,
           count(*) FILTER (WHERE t.after IN ('succeeded', 'rejected', 'cancelled')) AS ended,
           (SELECT min(at) FROM latest) AS since, (SELECT count(*) FROM latest) AS seen,
           bool_or(CAST(:workspace AS uuid) IS NULL OR a.workspace_id = :workspace) AS is_mine
    FROM latest t JOIN actions a ON a.id = t.action_id
    WHERE t.before IS NOT NULL
    GROUP BY a.queue, a.integration_id
"""
_LATEST_TRANSITIONS = """
    WITH latest AS MATERIALIZED (
        SELECT * FROM (SELECT action_id, before, after, at FROM action_transitions
                       ORDER BY id DESC LIMIT :latest) t WHERE at > :begin)
"""
_CALLS = """
    WITH latest AS MATERIALIZED (
        SELECT * FROM (SELECT integration_id, outcome, seconds, status, method, at
                       FROM integration_log ORDER BY id DESC LIMIT :latest) l
        WHERE at > :begin AND method IS NOT NULL)
    SELECT i.platform, i.id AS integration_id, i.name AS integration, count(*) AS calls,
           count(*) FILTER (WHERE l.status = 429) AS too_fast,
           count(*) FILTER (WHERE l.status IS NULL OR l.status >= 500) AS failed,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY l.seconds) AS slowest,
           (SELECT min(at) FROM latest) AS since, (SELECT count(*) FROM latest) AS seen
    FROM latest l JOIN integrations i ON i.id = l.integration_id
    WHERE CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace
    GROUP BY 1, 2, 3 ORDER BY 1, 3
"""
_PAUSED = """
    SELECT i.id AS integration_id, i.name AS integration, i.platform, i.status, i.status_reason
    FROM integrations i
    WHERE i.status <> 'active' AND (CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace)
    ORDER BY i.status = 'error' DESC, i.platform, i.name
"""
_BEAT = "SELECT max(taken_at) AS at FROM periodic_ticks"
_STATEMENTS = {
    "backlog": _BACKLOG,
    "parked": _PARKED,
    "unknown": _UNKNOWN,
    "letters": _LETTERS,
    "outbox": _OUTBOX,
    "syncs": _SYNCS,
    "work": _LATEST_TRANSITIONS + _WORK,
    "calls": _CALLS,
    "paused": _PAUSED,
    "beat": _BEAT,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What was read: rows of each statement, at one moment."""

    at: datetime
    backlog: list[Row]
    parked: list[Row]
    unknown: list[Row]
    letters: list[Row]
    outbox: list[Row]
    syncs: list[Row]
    work: list[Row]
    calls: list[Row]
    paused: list[Row]
    beat: list[Row]


def read(tx: Transaction, workspace_id: UUID | None, now: datetime) -> Figures:
    """Read everything, in a workspace or everywhere."""
    known: dict[str, Any] = {
        "workspace": workspace_id,
        "now": now,
        "begin": now - WINDOW,
        "latest": LATEST,
        "most": COUNTED_MAX,
    }
    found = {}
    for name, query in _STATEMENTS.items():
        given = {one: value for one, value in known.items() if f":{one}" in query}
        found[name] = [dict(row) for row in tx.execute(text(query), given).mappings()]
    return Figures(at=now, **found)


_INTEGRATIONS = text(
    """
    SELECT i.id, i.workspace_id, i.platform, i.name, i.status, i.status_reason, i.tenant_key,
           i.settings, i.created_at, c.updated_at AS credentials_of
    FROM integrations i LEFT JOIN connections c ON c.id = i.connection_id
    WHERE (CAST(:workspace AS uuid) IS NULL OR i.workspace_id = :workspace)
      AND (CAST(:one AS uuid) IS NULL OR i.id = :one)
    ORDER BY i.status = 'error' DESC, i.status = 'inactive' DESC, i.platform, i.name, i.id
    LIMIT :limit
    """
)


def integrations(
    tx: Transaction, workspace_id: UUID | None, one: UUID | None, limit: int
) -> list[Row]:
    """Return integrations, or one of them: who needs somebody first. Nothing secret is in it."""
    given = {"workspace": workspace_id, "one": one, "limit": limit}
    rows = tx.execute(_INTEGRATIONS, given).mappings()
    return [{**row, "settings": redact(row["settings"])} for row in rows]
