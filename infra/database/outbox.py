"""Events waiting to be told: written in the transaction that made them true."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, insert, select, text, update

from domain.events import Event, EventType
from infra import tracing
from infra.database.engine import Transaction
from infra.database.tables import OutboxRow

SOURCE = "actionfleet"
REPUBLISH_AFTER_MAX_S = 3600.0
DOUBLINGS_MAX = 20

_ADVANCE = text(
    """
    INSERT INTO deal_streams AS stream (deal_id, sequence)
    SELECT * FROM unnest(CAST(:deals AS uuid[]), CAST(:counts AS integer[]))
    ON CONFLICT (deal_id) DO UPDATE SET sequence = stream.sequence + excluded.sequence
    RETURNING deal_id, sequence
    """
)


def emit(tx: Transaction, events: Iterable[Event], now: datetime) -> None:
    """Write events to the outbox, numbered per deal without gaps.

    Numbering locks the deal's stream row until the commit, so a deal's events are published in the
    order their facts became true.
    """
    events = list(events)
    numbers = _numbers(tx, Counter(event.deal_id for event in events if event.deal_id is not None))
    rows = [_row(event, next(numbers[event.deal_id], None), now) for event in events]
    if rows:
        tx.execute(insert(OutboxRow), rows)


def row(tx: Transaction, event: Event, now: datetime) -> dict[str, Any]:
    """Return an event's outbox row, numbered in its deal's stream (which this locks)."""
    deal_ids = () if event.deal_id is None else (event.deal_id,)
    return _row(event, next(_numbers(tx, Counter(deal_ids))[event.deal_id], None), now)


def _row(event: Event, sequence: int | None, now: datetime) -> dict[str, Any]:
    return {
        "event_id": uuid4(),
        "workspace_id": event.workspace_id,
        "deal_id": event.deal_id,
        "sequence": sequence,
        "type": event.type.value,
        "subject": event.subject,
        "data": dict(event.data),
        "created_at": now,
        "traceparent": tracing.current(),
    }


def _numbers(
    tx: Transaction, wanted: Mapping[UUID, int]
) -> defaultdict[UUID | None, Iterator[int]]:
    """Take the next numbers of each deal's stream, as many as wanted; none for no deal."""
    numbers: defaultdict[UUID | None, Iterator[int]] = defaultdict(lambda: iter(()))
    if not wanted:
        return numbers
    for deal_id, last in _advance(tx, wanted):
        numbers[deal_id] = iter(range(last - wanted[deal_id] + 1, last + 1))
    return numbers


def _advance(tx: Transaction, by: Mapping[UUID, int]) -> Sequence[Row[UUID, int]]:
    """Move deals' streams on; their rows are locked in one order, as everywhere."""
    deals = sorted(by, key=str)
    return tx.execute(_ADVANCE, {"deals": deals, "counts": [by[one] for one in deals]}).all()


def lock_deals(tx: Transaction, deal_ids: Iterable[UUID]) -> None:
    """Hold several deals' locks until the commit (see `lock_deal`)."""
    if wanted := dict.fromkeys(deal_ids, 0):
        _advance(tx, wanted)


def lock_deal(tx: Transaction, deal_id: UUID) -> None:
    """Hold the deal's lock until the commit: amounts are frozen and events numbered under it."""
    lock_deals(tx, [deal_id])


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event as stored, to be published."""

    id: int
    event_id: UUID
    workspace_id: UUID
    deal_id: UUID | None
    sequence: int | None
    type: str
    subject: str
    data: dict[str, Any]
    created_at: datetime
    traceparent: str | None


def cloud_event(event: Waiting) -> dict[str, Any]:
    """Return an event as CloudEvents 1.0 JSON; `id` is stable across re-publishing."""
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": event.type,
        "subject": event.subject,
        "time": event.created_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "workspaceid": str(event.workspace_id),
        "data": dict(event.data),
    }
    if event.deal_id is not None:
        told |= {"dealid": str(event.deal_id), "sequence": event.sequence}
    if event.traceparent is not None:  # CloudEvents' extension "Distributed Tracing"
        told["traceparent"] = event.traceparent
    return told


def unpublished(tx: Transaction, count: int) -> list[Waiting]:
    """Return the oldest events nobody has been told yet, in order."""
    columns = OutboxRow.__table__.columns
    wanted = [columns[name] for name in Waiting.__slots__]
    statement = (
        select(*wanted).where(OutboxRow.published_at.is_(None)).order_by(OutboxRow.id).limit(count)
    )
    return [Waiting(*row) for row in tx.execute(statement)]


def mark_published(tx: Transaction, ids: Sequence[int], now: datetime) -> None:
    """Record that the broker has them."""
    tx.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(published_at=now))


def mark_consumed(tx: Transaction, event_ids: Sequence[UUID], now: datetime) -> None:
    """Record that the fleet's own consumer has dealt with them."""
    tx.execute(update(OutboxRow).where(OutboxRow.event_id.in_(event_ids)).values(consumed_at=now))


def publish_again(tx: Transaction, now: datetime, after: timedelta) -> int:
    """Let promotions that were published and never consumed be published again; return how many.

    The broker may have been wiped between the two. Each time it waits twice as long, from `after`
    up to an hour: the consumer may be down for long.
    """
    doublings = func.least(OutboxRow.publish_count, DOUBLINGS_MAX)
    seconds = func.least(after.total_seconds() * func.power(2, doublings), REPUBLISH_AFTER_MAX_S)
    waited = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    statement = (
        update(OutboxRow)
        .where(
            OutboxRow.type == EventType.PROMOTION_DUE.value,
            OutboxRow.consumed_at.is_(None),
            OutboxRow.published_at < now - after,
            OutboxRow.published_at + waited < now,
        )
        .values(published_at=None, publish_count=OutboxRow.publish_count + 1)
    )
    return tx.execute(statement).rowcount


def lag(tx: Transaction, now: datetime) -> timedelta:
    """Return the age of the oldest unpublished event."""
    oldest: datetime | None = tx.execute(
        select(func.min(OutboxRow.created_at)).where(OutboxRow.published_at.is_(None))
    ).scalar_one()
    return timedelta(0) if oldest is None else now - oldest


def purge(tx: Transaction, published_before: datetime) -> int:
    """Delete events published before the retention; return how many."""
    statement = delete(OutboxRow).where(
        OutboxRow.published_at < published_before,
        (OutboxRow.type != EventType.PROMOTION_DUE.value) | OutboxRow.consumed_at.is_not(None),
    )
    return tx.execute(statement).rowcount
