"""What happened, counted: attempts, calls, actions. Decision 0038 says why so.

Log rows and transitions carry the transaction that wrote them. Those of transactions that have
ended are added to `tallies`, each once, whoever counts and however often it dies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import TallyRow

CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
"""Upper bounds of the classes in which calls are counted by their duration."""
TRANSACTIONS_MAX = 50_000
"""Counted in one go: what was written while nobody counted is caught up with in steps."""

_COUNTED_TO = text(
    """
    INSERT INTO tallies (name, labels, count) VALUES ('counted_to', '{}', 0)
    ON CONFLICT (name, labels) DO UPDATE SET name = 'counted_to' RETURNING count
    """
)
# A call that several effects share is logged once for each of them: the first stands for it. An
# effect's look-up may take several exchanges: they are one attempt.
_COUNT = text(
    """
    WITH ended AS (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid
    ), begin AS (
        SELECT least(ended.xid,
            (SELECT min(txid) FROM integration_log WHERE txid >= :counted_to),
            (SELECT min(txid) FROM action_transitions WHERE txid >= :counted_to)
        ) AS xid FROM ended
    ), span AS (
        SELECT begin.xid AS since, least(ended.xid, begin.xid + :most) AS until FROM ended, begin
    ), logged AS (
        SELECT integration_id, effect_id, attempt, step, method, url, status, outcome, seconds, at,
               coalesce(request ->> 'place', '1 of 1') LIKE '1 of %' AS is_first
        FROM integration_log
        WHERE txid >= (SELECT since FROM span) AND txid < (SELECT until FROM span)
    ), moved AS (
        SELECT a.platform, a.queue, t.after, t.by, t.at
        FROM action_transitions t JOIN actions a ON a.id = t.action_id
        WHERE txid >= (SELECT since FROM span) AND txid < (SELECT until FROM span)
    ), exchanged AS (
        SELECT DISTINCT ON (l.integration_id, l.at, l.method, l.url)
               coalesce(i.platform, 'unknown') AS platform, l.status, l.seconds, l.at
        FROM logged l LEFT JOIN integrations i ON i.id = l.integration_id
        WHERE l.method IS NOT NULL AND l.seconds > 0 AND l.is_first
    ), found (name, labels, count, seconds, latest) AS (
        SELECT 'attempts', ARRAY[e.platform, e.name, l.step, l.outcome],
               count(DISTINCT (l.effect_id, l.step, l.attempt)), 0, max(l.at)
        FROM logged l JOIN effects e ON e.id = l.effect_id
        GROUP BY e.platform, e.name, l.step, l.outcome
        UNION ALL
        SELECT 'calls', ARRAY[platform, answer, class], count(*), sum(seconds), max(at)
        FROM (SELECT platform, seconds, at,
                     CASE WHEN status IS NULL THEN 'none' WHEN status = 429 THEN '429'
                          ELSE status / 100 || 'xx' END AS answer,
                     width_bucket(seconds, CAST(:classes AS float8[]))::text AS class
              FROM exchanged) c
        GROUP BY platform, answer, class
        UNION ALL
        SELECT 'actions', ARRAY[platform, after], count(*), 0, max(at)
        FROM moved GROUP BY platform, after
        UNION ALL
        SELECT 'work', ARRAY[queue], count(*), 0, max(at)
        FROM moved WHERE after <> 'queued' AND by = 'fleet' GROUP BY queue
    ), added AS (
        INSERT INTO tallies AS t (name, labels, count, seconds, latest) SELECT * FROM found
        ON CONFLICT (name, labels) DO UPDATE SET
            count = t.count + excluded.count, seconds = t.seconds + excluded.seconds,
            latest = greatest(t.latest, excluded.latest)
    )
    UPDATE tallies SET count = (SELECT until FROM span), latest = :now WHERE name = 'counted_to'
    RETURNING count >= (SELECT xid FROM ended) AS is_all
    """
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something has happened since counting began."""

    name: str
    labels: tuple[str, ...]
    count: int
    seconds: float
    latest: datetime | None


def count(tx: Transaction, now: datetime) -> bool:
    """Count what has been written since; is that all there is?

    Several at once wait for one another: the row `counted_to` is locked until the commit.
    """
    counted_to = tx.execute(_COUNTED_TO).scalar_one()
    values = {
        "counted_to": counted_to,
        "most": TRANSACTIONS_MAX,
        "classes": list(CALL_SECONDS),
        "now": now,
    }
    return bool(tx.execute(_COUNT, values).scalar_one())


def note(tx: Transaction, name: str, counts: Mapping[str, int], now: datetime) -> None:
    """Put down how many there are now of each: what is not counted up but looked at."""
    statement = insert(TallyRow)
    again = {"count": statement.excluded["count"], "latest": now}
    rows = [
        {"name": name, "labels": [label], "count": number, "latest": now}
        for label, number in sorted(counts.items())
    ]
    tx.execute(statement.on_conflict_do_update(index_elements=["name", "labels"], set_=again), rows)


def read(tx: Transaction) -> list[Tally]:
    """Return every tally."""
    row = TallyRow
    found = tx.execute(select(row.name, row.labels, row.count, row.seconds, row.latest))
    return [Tally(one[0], tuple(one[1]), *one[2:]) for one in found]
