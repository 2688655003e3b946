"""Listens to `fleet.events` and moves deal products up the payment ladder, each promotion once.

A promotion is applied in one transaction with its inbox row; however often it is delivered, and in
whatever order, the statuses end the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.payments.status import PaymentStatus
from infra.broker.batches import BatchConsumer
from infra.broker.topology import promotions_queue
from infra.database import dead_letters, inbox, outbox, promotions
from infra.logging import logger
from workers import process
from workers.arrived import Arrived, arrived
from workers.fleet import Fleet

CONSUMER = "payment_status"
EVENT_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class PromotionDue:
    """An `invoice.promotion_due` event, read."""

    event_id: UUID
    deal_product_id: UUID
    invoice_id: UUID
    cycle: int
    rung: PaymentStatus
    deal_id: str


def read_promotion(body: bytes) -> PromotionDue:
    """Read the event.

    Raises:
        ValueError: it is not one; a later version's extra fields are fine.
    """
    if len(body) > EVENT_BYTES_MAX:
        raise ValueError(f"{len(body)} bytes; at most {EVENT_BYTES_MAX} are read")
    try:
        event: Any = json.loads(body)
        data = event["data"]
        return PromotionDue(
            UUID(event["id"]),
            UUID(data["deal_product_id"]),
            UUID(data["invoice_id"]),
            int(data["cycle"]),
            PaymentStatus(data["rung"]),
            str(event.get("dealid", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        words = f"not an invoice.promotion_due event: {type(error).__name__}: {error}"
        raise ValueError(words) from error


def consume(fleet: Fleet, messages: Sequence[Arrived]) -> int:
    """Apply a batch of promotions in one transaction; return how many were new."""
    now = fleet.now()
    due: dict[UUID, PromotionDue] = {}
    with fleet.database.transaction() as tx:
        for message in messages:
            try:
                promotion = read_promotion(message.body)
            except ValueError as refused:
                dead_letters.keep(
                    tx,
                    source="event",
                    reason="not a readable promotion",
                    problems=[{"field": "data", "problem": str(refused)}],
                    headers={},
                    body=message.body,
                    now=now,
                )
            else:
                due[promotion.event_id] = promotion
        new = inbox.take(tx, CONSUMER, list(due))
        # In one order, so that two consumers cannot wait for each other: deal, then product.
        for promotion in sorted(due.values(), key=lambda p: (p.deal_id, str(p.deal_product_id))):
            if promotion.event_id in new:
                moved = promotions.apply_promotion(
                    tx,
                    promotion.event_id,
                    promotion.deal_product_id,
                    promotion.invoice_id,
                    promotion.cycle,
                    promotion.rung,
                    now,
                )
                logger().info(
                    "promotion",
                    deal_product=str(promotion.deal_product_id),
                    invoice=str(promotion.invoice_id),
                    rung=promotion.rung.value,
                    moved=moved,
                )
        outbox.mark_consumed(tx, list(due), now)
    return len(new)


def main() -> None:
    """Run the events process."""
    fleet, stop = process.start("events")
    consumer = BatchConsumer(
        fleet.settings,
        [promotions_queue(fleet.settings.broker_url)],
        lambda batch: _consume(fleet, batch),
        stop,
    )
    consumer.run(lambda: process.ready("events"))


def _consume(fleet: Fleet, batch: Sequence[Any]) -> None:
    consume(fleet, [arrived(message) for message in batch])


if __name__ == "__main__":
    main()
