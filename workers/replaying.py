"""Delivering again: one delivery, those that were given up, or all events of a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from infra.database import deliveries, subscriptions
from infra.database.engine import Transaction
from infra.database.outbox import Waiting
from infra.database.subscriptions import Span
from infra.platform import Integration
from workers import fan_out
from workers.fleet import Fleet

AT_A_TIME = 500
"""Deliveries queued by one commit."""


def replay(fleet: Fleet, receiver: Integration, span: Span, by: str) -> int:
    """Deliver every kept event of the span that it wants once more; return how many.

    Each has the `webhook-id` it had before. What is new goes out first.
    """
    run, count = uuid4().hex, 0
    for tx, events in kept(fleet, receiver, span):
        count += fan_out.replay(fleet, tx, receiver, events, by=by, run=run)
    return count


def replay_failed(fleet: Fleet, receiver: Integration, span: Span, by: str) -> int:
    """Deliver once more what was given up, of deliveries queued in the span; return how many."""
    run, count, after = (
        uuid4().hex,
        0,
        (datetime.min.replace(tzinfo=span.since.tzinfo), UUID(int=0)),
    )
    while True:
        with fleet.database.transaction() as tx:
            rows = deliveries.failed(tx, receiver.id, span, after, AT_A_TIME)
            told = [row.params for row in rows]
            count += len(fan_out.again(fleet, tx, receiver, told, by=by, run=run))
        if len(rows) < AT_A_TIME:
            return count
        after = (rows[-1].created_at, rows[-1].id)


def replay_one(fleet: Fleet, receiver: Integration, delivery_id: UUID, by: str) -> UUID | None:
    """Deliver one delivery again and return its new id; one that still waits is tried at once.

    None: the subscription has no such delivery.
    """
    with fleet.database.transaction() as tx:
        found = deliveries.find(tx, receiver.id, delivery_id)
        if found is None:
            return None
        if found.finished_at is None:
            deliveries.hasten(tx, delivery_id, fleet.now())
            return delivery_id
        (queued,) = fan_out.again(fleet, tx, receiver, [found.params], by=by, run=uuid4().hex)
        return queued.action_id


def kept(
    fleet: Fleet, receiver: Integration, span: Span
) -> Iterator[tuple[Transaction, Sequence[Waiting]]]:
    """Go through the kept events of the receiver's workspace, each batch in a transaction."""
    after = 0
    while True:
        with fleet.database.transaction() as tx:
            events = subscriptions.events(tx, receiver.workspace_id, span, after, AT_A_TIME)
            yield tx, events
        if len(events) < AT_A_TIME:
            return
        after = events[-1].id
