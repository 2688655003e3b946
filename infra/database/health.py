"""How the fleet is, as its rows tell: who is alive, what waits too long, what is in doubt."""

from datetime import datetime

from sqlalchemy import text

from infra.database.engine import Transaction
from infra.database.leadership import leadership_key

_PROCESSES = text(
    """
    SELECT n.kind, count(*) AS alive FROM incarnations n
    WHERE EXISTS (SELECT 1 FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key)
    GROUP BY n.kind
    """
)
_LEADS = text(
    """
    SELECT EXISTS (SELECT 1 FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND ((l.classid::bigint << 32) | l.objid::bigint) = :key)
    """
)
_OLDEST_DUE = text(
    """
    SELECT min(a.due_at) FROM actions a
    JOIN integrations i ON i.id = a.integration_id AND i.status = 'active'
    WHERE a.status IN ('queued', 'running', 'waiting', 'reconciling')
      AND a.lease_owner IS NULL AND a.due_at <= :now
    """
)
_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM effects e JOIN actions a ON a.id = e.action_id
            WHERE e.state = 'unknown' AND a.finished_at IS NULL) AS unknown,
           (SELECT count(*) FROM actions WHERE status = 'parked') AS parked,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL) AS dead_letters
    """
)


def processes(tx: Transaction) -> dict[str, int]:
    """Return how many processes of each kind are alive (hold their advisory lock)."""
    return {row.kind: row.alive for row in tx.execute(_PROCESSES)}


def leads(tx: Transaction, name: str) -> bool:
    """Is there a leader of this name (`relay`, `beat`) now?"""
    return bool(tx.execute(_LEADS, {"key": leadership_key(name)}).scalar_one())


def oldest_due(tx: Transaction, now: datetime) -> datetime | None:
    """Return since when the oldest action is due that nobody carries, or None."""
    found: datetime | None = tx.execute(_OLDEST_DUE, {"now": now}).scalar_one()
    return found


def counts(tx: Transaction) -> dict[str, int]:
    """Return how many outcomes are unknown, actions parked, dead letters open."""
    return dict(tx.execute(_COUNTS).mappings().one())
