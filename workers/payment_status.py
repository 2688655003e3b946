"""Listens to `fleet.events` and moves deal products up the payment ladder, each promotion once.

A promotion is applied in one transaction with its inbox row; however often it is delivered, and in
whatever order, the statuses end the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.payments.promotion import Promotion
from domain.payments.status import PaymentStatus
from infra import tracing
from infra.broker.batches import BatchConsumer
from infra.broker.topology import promotions_queue
from infra.database import dead_letters, inbox, outbox, promotions
from infra.database.engine import PASSING, Transaction
from infra.logging import logger
from infra.redaction import redact_error
from workers import process, traced
from workers.arrived import Arrived, arrived
from workers.fleet import Fleet

CONSUMER = "payment_status"
EVENT_BYTES_MAX = 256 * 1024
CYCLE_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PromotionDue:
    """An `invoice.promotion_due` event, read."""

    event_id: UUID
    promotion: Promotion
    deal_id: str
    traceparent: str | None = None


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
        promotion = Promotion(
            UUID(data["deal_product_id"]),
            UUID(data["invoice_id"]),
            PaymentStatus(data["rung"]),
            int(data["cycle"]),
        )
        due = PromotionDue(
            UUID(event["id"]),
            promotion,
            str(event.get("dealid", "")),
            tracing.read_traceparent(event.get("traceparent")),
        )
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        words = f"not an invoice.promotion_due event: {redact_error(error)}"
        raise ValueError(words) from error
    except RecursionError as error:
        raise ValueError("not an invoice.promotion_due event: nested too deeply") from error
    if promotion.cycle > CYCLE_MAX:
        raise ValueError(f"cycle: {promotion.cycle} is above {CYCLE_MAX}")
    return due


def consume(fleet: Fleet, messages: Sequence[Arrived]) -> int:
    """Apply a batch of promotions in one transaction; return how many were new.

    When one of them fails for a reason of its own, each goes alone and that one is kept.
    """
    try:
        return _consume_together(fleet, messages)
    except PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, it is kept with the message
        if len(messages) > 1:
            return sum(consume(fleet, [message]) for message in messages)
        logger().exception("a promotion cannot be applied")
        with fleet.database.transaction() as tx:
            _keep(tx, messages[0], "cannot be applied", redact_error(error), fleet.now())
        return 0


def _consume_together(fleet: Fleet, messages: Sequence[Arrived]) -> int:
    now, began = fleet.now(), tracing.now()
    due: dict[UUID, PromotionDue] = {}
    with fleet.database.transaction() as tx:
        for message in messages:
            try:
                promotion = read_promotion(message.body)
            except ValueError as refused:
                _keep(tx, message, "not a readable promotion", str(refused), now)
            else:
                due[promotion.event_id] = promotion
        new = inbox.take(tx, CONSUMER, list(due))
        # In one order, so that two consumers cannot wait for each other: deal, then product.
        for one in sorted(
            due.values(), key=lambda d: (d.deal_id, str(d.promotion.deal_product_id))
        ):
            if one.event_id in new:
                tracing.follow(one.traceparent)
                _apply(tx, one, now)
        outbox.mark_consumed(tx, list(due), now)
    traced.applied(due.values(), began)
    return len(new)


def _apply(tx: Transaction, due: PromotionDue, now: datetime) -> None:
    wanted = due.promotion
    moved = promotions.apply_promotion(
        tx,
        due.event_id,
        wanted.deal_product_id,
        wanted.invoice_id,
        wanted.cycle,
        wanted.rung,
        now,
    )
    logger().info(
        "promotion",
        deal_product=str(wanted.deal_product_id),
        invoice=str(wanted.invoice_id),
        rung=wanted.rung.value,
        moved=moved,
    )


def _keep(tx: Transaction, message: Arrived, reason: str, words: str, now: datetime) -> None:
    dead_letters.keep(
        tx,
        source="event",
        reason=reason,
        problems=[{"field": "data", "problem": words}],
        headers={},
        body=message.body,
        now=now,
    )


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
