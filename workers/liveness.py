"""Which processes of a local fleet complete no work while work is due, read from the database.

Light on purpose: the supervising process asks, and its memory counts for the fleet's.
"""

import urllib.request
from collections.abc import Mapping

import psycopg

OVERDUE_S = 60
"""Work due for so long, and nothing done of its kind for as long, is a stuck process."""

PROCESS_OF_QUEUE: Mapping[str, str] = {
    "xero": "worker-xero",
    "xero.sync": "worker-xero",
}
"""All others are served by the worker of small queues."""

SMALL = "worker-small"

_OVERDUE = """
    SELECT a.queue, bool_or(a.rung_at IS NOT NULL) FROM actions a
    JOIN integrations i ON i.id = a.integration_id AND i.status = 'active'
    WHERE a.status IN ('queued', 'running', 'waiting', 'reconciling')
      AND a.lease_owner IS NULL AND a.due_at < now() - make_interval(secs => %(s)s)
    GROUP BY a.queue
"""
_MOVED = """
    SELECT DISTINCT a.queue FROM (
        SELECT action_id, at FROM action_transitions ORDER BY id DESC LIMIT 1000) t
    JOIN actions a ON a.id = t.action_id
    WHERE t.at > now() - make_interval(secs => %(s)s) AND a.status <> 'queued'
"""
_UNTOLD = """
    SELECT bool_or(published_at IS NULL AND created_at < now() - make_interval(secs => %(s)s)),
           bool_or(type = 'invoice.promotion_due' AND published_at IS NOT NULL
                   AND consumed_at IS NULL
                   AND created_at < now() - make_interval(secs => 2 * %(s)s))
    FROM outbox
    WHERE published_at IS NULL OR (type = 'invoice.promotion_due' AND consumed_at IS NULL)
"""


def stuck(database_url: str, overdue_s: float = OVERDUE_S) -> set[str]:
    """Return the names of stuck processes."""
    values = {"s": overdue_s}
    with psycopg.connect(database_url, connect_timeout=5, autocommit=True) as connection:
        overdue: dict[str, bool] = dict(connection.execute(_OVERDUE, values).fetchall())
        moved = {row[0] for row in connection.execute(_MOVED, values)} if overdue else set()
        told = connection.execute(_UNTOLD, values).fetchone() or (False, False)
    found = set()
    for queue, rung in overdue.items():
        if queue not in moved:
            # Rung and not taken: its worker. Not even rung: whoever rings.
            found.add(PROCESS_OF_QUEUE.get(queue, SMALL) if rung else "relay")
    if told[0]:
        found.add("relay")
    if told[1]:
        found.add("events")
    return found


def silent(web_url: str, within_s: float = 10.0) -> set[str]:
    """Return `web` when it does not answer in time: its work is to answer."""
    try:
        with urllib.request.urlopen(f"{web_url}/healthz", timeout=within_s):  # noqa: S310 - ours
            return set()
    except OSError:
        return {"web"}
