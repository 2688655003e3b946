"""Which doorbells to ring: fair between tenants, people first, a short backlog in the broker."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from infra.database.budgets import CALLS_LEFT
from infra.database.engine import Transaction

OPEN = "status IN ('queued', 'running', 'waiting', 'reconciling')"
DUE = f"lease_owner IS NULL AND rung_at IS NULL AND {OPEN}"


@dataclass(frozen=True, slots=True)
class Doorbell:
    """One action to be rung."""

    action_id: UUID
    action_type: str
    queue: str


# Tenants with something due are found by a loose index scan (one index probe per tenant, however
# long its backlog); each may have `k` actions rung or running, and not more rung than its budget
# has calls left. Between tenants rank decides, so one tenant's backlog never stands before the
# first of another, and then who was rung longest ago: a rank begins anew each round, a turn does
# not. Scheduled work leaves a place in flight and half the broker's backlog to people, and has
# turns of its own, which people do not use up. Locked ones are passed over: they are just being
# taken along in another one's call. Turns are written in the order of their key, so that two
# ringers cannot wait for one another.
_RING = text(
    f"""
    WITH RECURSIVE tenant AS (
        (SELECT queue, integration_id FROM actions WHERE {DUE}
         ORDER BY queue, integration_id LIMIT 1)
        UNION ALL
        SELECT n.queue, n.integration_id FROM tenant t CROSS JOIN LATERAL (
            SELECT queue, integration_id FROM actions
            WHERE {DUE} AND (queue, integration_id) > (t.queue, t.integration_id)
            ORDER BY queue, integration_id LIMIT 1) n
    ), rung AS (
        SELECT queue, count(*) AS n FROM actions
        WHERE rung_at IS NOT NULL AND lease_owner IS NULL GROUP BY queue
    ), candidate AS (
        SELECT d.id, t.queue, row_number() OVER (
                   PARTITION BY t.queue ORDER BY d.priority, d.rank, turn.rung_at NULLS FIRST,
                                                  d.due_at) AS place,
               coalesce(rung.n, 0) AS busy,
               CASE d.priority WHEN 0 THEN :backlog ELSE :backlog / 2 END AS backlog
        FROM tenant t
        JOIN integrations i ON i.id = t.integration_id AND i.status = 'active'
        LEFT JOIN rung ON rung.queue = t.queue
        CROSS JOIN LATERAL (
            SELECT count(*) AS n, count(*) FILTER (WHERE r.lease_owner IS NULL) AS waiting
            FROM actions r WHERE r.rung_at IS NOT NULL
               AND r.queue = t.queue AND r.integration_id = t.integration_id) mine
        CROSS JOIN LATERAL (
            SELECT coalesce((CAST(:k AS jsonb) ->> t.queue)::int, 5) AS n) k
        CROSS JOIN LATERAL (
            SELECT coalesce(min(n), 1000000) AS people, coalesce(min(n - reserve), 1000000) AS rest
            FROM ({CALLS_LEFT}) AS w WHERE split_part(t.queue, '.', 1) = i.platform) calls
        CROSS JOIN LATERAL (
            SELECT w.id, w.priority, w.due_at,
                   row_number() OVER (PARTITION BY w.priority ORDER BY w.due_at) AS rank
            FROM (VALUES (0, k.n, calls.people), (1, greatest(k.n - 1, 1), calls.rest))
                AS p (priority, places, calls)
            CROSS JOIN LATERAL (
                SELECT id, a.priority, due_at FROM actions a
                WHERE {DUE} AND a.queue = t.queue AND a.integration_id = t.integration_id
                  AND a.priority = p.priority AND due_at <= :now
                ORDER BY due_at
                LIMIT greatest(0, least(p.places - mine.n, p.calls - mine.waiting))) w
            ORDER BY w.priority, w.due_at
            LIMIT greatest(0, least(k.n - mine.n, calls.people - mine.waiting))) d
        LEFT JOIN tenant_turns turn ON turn.queue = t.queue
              AND turn.integration_id = t.integration_id AND turn.priority = d.priority
    ), free AS (
        SELECT a.id FROM actions a JOIN candidate c ON c.id = a.id
        WHERE c.place + c.busy <= c.backlog AND a.rung_at IS NULL AND a.lease_owner IS NULL
        FOR UPDATE OF a SKIP LOCKED
    ), taken AS (
        UPDATE actions SET rung_at = greatest(:now, clock_timestamp())
        WHERE id IN (SELECT id FROM free)
        RETURNING id, action_type, queue, integration_id, priority, rung_at
    ), turned AS (
        INSERT INTO tenant_turns AS turn (queue, integration_id, priority, rung_at)
        SELECT queue, integration_id, priority, max(rung_at) FROM taken
        GROUP BY queue, integration_id, priority ORDER BY queue, integration_id, priority
        ON CONFLICT (queue, integration_id, priority)
            DO UPDATE SET rung_at = greatest(turn.rung_at, excluded.rung_at)
    )
    SELECT id, action_type, queue FROM taken
    """  # noqa: S608 - the only text put in are constants
)

_NOT_RUNG = text("UPDATE actions SET rung_at = NULL WHERE id = ANY(:ids) AND lease_owner IS NULL")
_SILENT = text(
    """
    UPDATE actions SET rung_at = NULL
    WHERE rung_at < :before AND lease_owner IS NULL
      AND status IN ('queued','running','waiting','reconciling')
    """
)


def take_doorbells(
    tx: Transaction, in_flight: Mapping[str, int], backlog: int, now: datetime
) -> list[Doorbell]:
    """Mark what may be rung now as rung and return it; ring after the commit.

    `in_flight` is the most an integration may have rung or running, per queue; `backlog` the most a
    queue may have. Rungs lost on the way are found by `forget_silent_rings`.
    """
    rows = tx.execute(_RING, {"now": now, "k": json.dumps(dict(in_flight)), "backlog": backlog})
    return [Doorbell(row.id, row.action_type, row.queue) for row in rows]


def not_rung(tx: Transaction, action_ids: Sequence[UUID]) -> None:
    """Take marks back: the broker could not be told."""
    tx.execute(_NOT_RUNG, {"ids": list(action_ids)})


def forget_silent_rings(tx: Transaction, before: datetime) -> int:
    """Let actions rung before `before` and never begun be rung again; return how many."""
    return tx.execute(_SILENT, {"before": before}).rowcount
