"""Whether work is done: what is due and waits, whatever the processes concerned say."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.broker.depths import BrokerDown, depths, requests
from infra.broker.topology import DEAD_QUEUE
from infra.clock import utc_now
from infra.database import measures
from infra.database.engine import Database
from workers import liveness
from workers.cli import words
from workers.cli.doctor import Finding, ok

if TYPE_CHECKING:
    from infra.database.engine import Transaction
    from infra.settings import Settings

LOOK_AGAIN_S = 1.5
"""Requests that wait now and then, while none is taken in: nobody reads them."""
SYNCS_MISSED_MAX = 3

STALLS: Mapping[str, tuple[str, str]] = {
    "relay": ("what is due is not rung, or events wait to be told", "python -m workers.relay"),
    "events": ("promotions wait to be applied", "python -m workers.payment_status"),
    "beat": ("nothing has been swept for minutes", "python -m workers.beat"),
    "intake": ("requests wait in the broker and none is taken in", "python -m workers.intake"),
    "webhooks": ("it runs here and does not answer", "restart python -m workers.webhooks"),
    "worker": ("actions were rung and nobody takes them", "restart the workers of queue {queue}"),
}
"""By what stalls: what was seen, and what to start or restart."""


def examine(settings: "Settings") -> Iterator[Finding]:
    """Check whether what is due is done."""
    waiting = _waiting(settings)
    database = Database(settings)
    try:
        with database.reading() as tx:
            stalled = _stalled(tx, settings, waiting)
            for kind in sorted(stalled):
                process, _, queue = kind.partition(":")
                seen, mend = STALLS[process]
                yield Finding(kind, "bad", seen, mend.format(queue=queue))
            if not stalled:
                yield ok("work", "what is due is being done")
            yield from _syncs(tx, timedelta(seconds=settings.sync_every_s))
    finally:
        database.dispose()
    if given_up := waiting.get(DEAD_QUEUE, 0):
        seen = f"the broker has given up {given_up} messages after many deliveries"
        mend = f"look at queue {DEAD_QUEUE} in its management page"
        yield Finding("given up", "warn", seen, mend)


def _waiting(settings: "Settings") -> dict[str, int]:
    try:
        return depths(settings, ()) if settings.broker_url else {}
    except BrokerDown:  # told where the broker is checked
        return {}


def _stalled(tx: "Transaction", settings: "Settings", waiting: Mapping[str, int]) -> set[str]:
    session: Any = tx.connection.driver_connection
    found = liveness.stalled(session)
    if liveness.webhooks_silent(session, settings.webhooks_host, settings.webhooks_port):
        found.add("webhooks")
    if requests(waiting):
        time.sleep(LOOK_AGAIN_S)
        tx.rollback()  # what has been written since is seen by a new transaction
        if requests(_waiting(settings)) and not liveness.takes_in(session, LOOK_AGAIN_S):
            found.add("intake")
    return found


def _syncs(tx: "Transaction", every: timedelta) -> Iterator[Finding]:
    now = utc_now()
    ages = [one.value for one in measures.read(tx, now) if one.name == "fleet_sync_oldest_seconds"]
    if not ages:
        return
    late = max(ages) > SYNCS_MISSED_MAX * every.total_seconds()
    seen = f"the longest ago was finished {words.seconds(max(ages))} ago"
    mend = "fleet actions list --status open shows whether its sync runs; is beat running?"
    yield Finding("syncs", "bad" if late else "ok", seen, mend if late else "")
