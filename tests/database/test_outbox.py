"""Events waiting to be told."""

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

from domain.events import Event, EventType
from infra.database import outbox
from tests.harness.world import World
from workers.fleet import Fleet

AFTER = timedelta(seconds=30)


def test_publishing_again_backs_off_up_to_an_hour(fleet: Fleet, world: World) -> None:
    start = now = fleet.now()
    with fleet.database.transaction() as tx:
        outbox.emit(tx, [Event(EventType.PROMOTION_DUE, "x", {}, uuid4())], now)
    published = []
    while now < start + timedelta(hours=5):
        with fleet.database.transaction() as tx:
            waiting = [event.id for event in outbox.unpublished(tx, 200)]
            outbox.mark_published(tx, waiting, now)
            if waiting:
                published.append(now)
            now += timedelta(seconds=31)
            outbox.publish_again(tx, now, AFTER)
    waits = [(b - a).total_seconds() for a, b in pairwise(published)]
    assert waits[0] == 31
    assert waits == sorted(waits)
    assert 3600 <= waits[-1] < 3700
