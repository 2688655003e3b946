"""How fast somebody may ask: the generic cell rate algorithm, one moment for each who does.

Each call moves `paced_until` on by its share of `PACE_S`; one that would move it further than
`PACE_S` ahead comes too soon. That a crash may forget the last few calls is no harm, so the commit
waits for no disk.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import TextClause, text

PACE_S = 60
"""Who is paced may call so often at once, and as often in every so many seconds over time."""


def counting(table: str, which: str, *, also: str = "", told: str = "one.id") -> TextClause:
    """Return the statement that finds the row `which` and counts a call, in one round trip.

    It returns what is `told` of the row (`one`), `ahead_s` and `over_s`: how far it is ahead, and
    by how much the call came too soon (above 0). `also` is set besides. Values: `shares`.
    """
    return text(
        f"""
        WITH mine AS (
            SELECT id, greatest(paced_until, now()) + :share AS wanted,
                   set_config('synchronous_commit', 'off', true)
            FROM {table} WHERE {which} FOR NO KEY UPDATE
        )
        UPDATE {table} one SET {also} paced_until = CASE
            WHEN mine.wanted <= now() + :window THEN mine.wanted ELSE one.paced_until END
        FROM mine WHERE one.id = mine.id
        RETURNING {told}, extract(epoch FROM one.paced_until - now())::float8 AS ahead_s,
                  extract(epoch FROM mine.wanted - now() - :window)::float8 AS over_s
        """  # noqa: S608 - of our own words only
    )


def shares(calls: int) -> dict[str, Any]:
    """Return the values of a statement of `counting`, for `calls` in `PACE_S`."""
    return {"share": timedelta(seconds=PACE_S / calls), "window": timedelta(seconds=PACE_S)}
