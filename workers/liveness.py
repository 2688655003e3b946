"""What stalls: work that is due and that nobody does, whatever its process says of itself.

Told by rows where they can tell it, and by what waits in the broker and answers at the webhooks'
address where they cannot. Names are kinds of processes: `relay`, `events`, `beat`, `intake`,
`webhooks`, and `worker:<queue>`.
"""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import psycopg

OVERDUE_S = 60.0
"""Work due for so long, and nothing done of its kind for as long, is a stuck process."""
BEATS_EVERY_S = 60.0
"""Beat checks the books so often, and leaves a tick."""
ANSWERS_WITHIN_S = 5.0
METRICS_ANSWER_WITHIN_S = 20.0
"""It may wait for the database, the broker and the webhooks in turn."""

EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - to know it, not to listen there

PROCESS_OF_QUEUE: Mapping[str, str] = {
    "xero": "worker-xero",
    "xero.sync": "worker-xero",
}
"""Of a local fleet. All others are served by the worker of small queues."""

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
_UNSWEPT = """
    SELECT max(taken_at) < now() - make_interval(secs => 2 * %(beat)s + %(s)s)
    FROM periodic_ticks WHERE name = 'invariants'
"""
# A message that intake reads leaves an action or a dead letter.
_TAKEN_IN = """
    SELECT EXISTS (SELECT 1 FROM (SELECT before, at FROM action_transitions
                                  ORDER BY id DESC LIMIT 1000) t
                   WHERE before IS NULL AND at > now() - make_interval(secs => %(s)s))
        OR EXISTS (SELECT 1 FROM dead_letters WHERE at > now() - make_interval(secs => %(s)s))
"""

_LISTENING = """
    SELECT EXISTS (SELECT 1 FROM incarnations n JOIN pg_locks l
        ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key
        WHERE n.kind = 'webhooks' AND n.host = %(host)s)
"""

Session = psycopg.Connection[Any]


def stalled(session: Session, overdue_s: float = OVERDUE_S) -> set[str]:
    """Return the kinds of processes that complete no work while rows say that work is due."""
    values = {"s": overdue_s, "beat": BEATS_EVERY_S}
    overdue: dict[str, bool] = dict(session.execute(_OVERDUE, values).fetchall())
    moved = {row[0] for row in session.execute(_MOVED, values)} if overdue else set()
    untold, unapplied = session.execute(_UNTOLD, values).fetchone() or (False, False)
    (unswept,) = session.execute(_UNSWEPT, values).fetchone() or (False,)
    found = {"relay": untold, "events": unapplied, "beat": unswept}
    for queue, rung in overdue.items():
        if queue not in moved:
            # Rung and not taken: its worker. Not even rung: whoever rings.
            found[f"worker:{queue}" if rung else "relay"] = True
    return {kind for kind, is_so in found.items() if is_so}


class Lasting:
    """Notes for how long something has been so, looked at from time to time."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seconds(self, at: float, *, is_so: bool) -> float:
        """Return for how long it has been so at this moment (in seconds of any clock)."""
        if not is_so:
            self._since = None
        elif self._since is None:
            self._since = at
        return 0.0 if self._since is None else at - self._since


def takes_in(session: Session, within_s: float = OVERDUE_S) -> bool:
    """Has any request been taken in lately?"""
    (taken_in,) = session.execute(_TAKEN_IN, {"s": within_s}).fetchone() or (False,)
    return bool(taken_in)


def webhooks_silent(session: Session, host: str, port: int) -> bool:
    """Is a webhooks process of this machine registered that does not answer where it listens?"""
    (listening,) = session.execute(_LISTENING, {"host": socket.gethostname()}).fetchone() or (
        False,
    )
    at = "127.0.0.1" if host in EVERY_ADDRESS else host
    return bool(listening) and not answers(f"http://{at}:{port}/healthz")


def answers(url: str) -> bool:
    """Tell whether an address answers, whatever it says: a refusal to connect is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN_S):  # noqa: S310 - our own
            return True
    except urllib.error.HTTPError:  # 503: it listens, and cannot store
        return True
    except OSError:
        return False


def stuck(database_url: str, metrics_url: str = "", overdue_s: float = OVERDUE_S) -> set[str]:
    """Return the names of a local fleet's stuck processes.

    What the rows tell is asked here, so that it does not hang on one process; the rest is asked of
    `metrics`, which looks at the broker too. Light on purpose: the supervising process asks, and
    its memory counts for the fleet's.
    """
    with psycopg.connect(database_url, connect_timeout=5, autocommit=True) as session:
        found = stalled(session, overdue_s)
    if metrics_url:
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own address
                f"{metrics_url}/stalled", timeout=METRICS_ANSWER_WITHIN_S
            ) as answer:
                found |= set(json.load(answer))
        except (OSError, ValueError):
            found.add("metrics")
    return {_local(kind) for kind in found}


def _local(kind: str) -> str:
    _, _, queue = kind.partition(":")
    return PROCESS_OF_QUEUE.get(queue, SMALL) if queue else kind


def silent(web_url: str, within_s: float = 10.0) -> set[str]:
    """Return `web` when it does not answer in time: its work is to answer."""
    try:
        with urllib.request.urlopen(f"{web_url}/healthz", timeout=within_s):  # noqa: S310 - ours
            return set()
    except OSError:
        return {"web"}
