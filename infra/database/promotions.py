"""Statements over payment statuses: what is due, what is applied (once), what a person sets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.events import Event, EventType
from domain.invoices.ledger import balance_open
from domain.payments.promotion import Promotion, apply
from domain.payments.status import PaymentStatus
from infra.database import billing, crm, outbox
from infra.database.crm import Standing
from infra.database.engine import Transaction
from infra.database.tables import (
    PaymentStatusHistoryRow,
    PromotionRow,
)


def apply_promotion(  # noqa: PLR0913, PLR0917 - the event's fields
    tx: Transaction,
    event_id: UUID,
    deal_product_id: UUID,
    invoice_id: UUID,
    cycle: int,
    rung: PaymentStatus,
    now: datetime,
) -> bool:
    """Apply a promotion at most once; True when the ledger did not have it yet.

    The status only rises, and the rung is used up also when it does not move.
    """
    product = _hold(tx, deal_product_id)
    if product is None:
        return False
    consumed = _consumed(tx, deal_product_id, invoice_id, cycle)
    promotion = Promotion(deal_product_id, invoice_id, PaymentStatus(rung), cycle)
    applied = apply(product.status, consumed, promotion)
    rows = [
        {
            "deal_product_id": deal_product_id,
            "invoice_id": invoice_id,
            "cycle": cycle,
            "rung": one.value,
            "event_id": event_id,
            "moved": applied.moved and one is rung,
            "applied_at": now,
        }
        for one in sorted(applied.consume)
    ]
    if rows:
        tx.execute(upsert(PromotionRow).on_conflict_do_nothing(), rows)
    if applied.moved:
        cause = {"reason": "invoice", "event_id": event_id, "invoice_id": invoice_id}
        _change(tx, product, applied.status, by="fleet", now=now, **cause)
    return bool(rows)


def _consumed(
    tx: Transaction, deal_product_id: UUID, invoice_id: UUID, cycle: int
) -> frozenset[PaymentStatus]:
    rows = tx.execute(
        select(PromotionRow.rung).where(
            PromotionRow.deal_product_id == deal_product_id,
            PromotionRow.invoice_id == invoice_id,
            PromotionRow.cycle == cycle,
        )
    )
    return frozenset(map(PaymentStatus, rows.scalars()))


def set_by_person(  # noqa: PLR0913
    tx: Transaction,
    deal_product_id: UUID,
    status: PaymentStatus,
    who: str,
    now: datetime,
    *,
    workspace_id: UUID | None = None,
) -> bool:
    """Set any status, as a person may; False when the workspace has no such deal product.

    What automation has used up stays used up, so no late event undoes the correction.
    """
    product = _hold(tx, deal_product_id)
    if product is None or workspace_id not in {None, product.workspace_id}:
        return False
    if product.status is not status:
        _change(tx, product, status, by=who, now=now, reason="set by a person")
    return True


def _hold(tx: Transaction, deal_product_id: UUID) -> Standing | None:
    """Hold the deal, then its product: who holds several of a deal's products waits for nobody."""
    found = crm.find_standing(tx, deal_product_id)
    if found is None:
        return None
    outbox.lock_deal(tx, found.deal_id)
    return crm.find_standing(tx, deal_product_id, lock=True)


def end_cycle(tx: Transaction, invoice_id: UUID, products: Iterable[UUID], now: datetime) -> None:
    """Note in the history of its products that a PAID invoice is PAID no longer."""
    for deal_product_id in sorted(products):
        product = crm.find_standing(tx, deal_product_id)
        if product is not None:
            words = "a payment was removed; the status stays, the next payment counts anew"
            _note(
                tx,
                product,
                product.status,
                by="fleet",
                now=now,
                reason=words,
                invoice_id=invoice_id,
            )


def _change(
    tx: Transaction,
    product: Standing,
    after: PaymentStatus,
    *,
    by: str,
    now: datetime,
    **cause: Any,
) -> None:
    crm.set_payment_status(tx, product.id, after)
    _note(tx, product, after, by=by, now=now, **cause)
    data = {
        "deal_product_id": str(product.id),
        "before": product.status.value,
        "after": after.value,
        "by": by,
        **{name: str(value) for name, value in cause.items()},
    }
    subject, scope = str(product.id), (product.workspace_id, product.deal_id)
    changed = Event(EventType.PAYMENT_STATUS_CHANGED, subject, data, *scope)
    outbox.emit(tx, [changed, *_still_open(tx, product, after)], now)


def _still_open(tx: Transaction, product: Standing, after: PaymentStatus) -> list[Event]:
    """Say so when a product is paid through a deposit and part of it was never invoiced."""
    if after is not PaymentStatus.PAID:
        return []
    deal = billing.billing_of(tx, product.deal_id)
    line = next(one for one in deal.products if one.id == product.id)
    claims = deal.ledger.claims(product.id)
    left = balance_open(line, deal.ledger, claims[0].currency) if claims else None
    if left is None:
        return []
    return [balance_event(product.workspace_id, product.deal_id, product.id, str(left))]


def balance_event(workspace_id: UUID, deal_id: UUID, deal_product_id: UUID, amount: str) -> Event:
    """Return the event that a paid deal product still has something to invoice."""
    data = {"deal_product_id": str(deal_product_id), "amount": amount}
    kind = EventType.BALANCE_OPEN
    return Event(kind, str(deal_product_id), data, workspace_id, deal_id)


def _note(
    tx: Transaction,
    product: Standing,
    after: PaymentStatus,
    *,
    by: str,
    now: datetime,
    **cause: Any,
) -> None:
    tx.execute(
        insert(PaymentStatusHistoryRow).values(
            workspace_id=product.workspace_id,
            deal_id=product.deal_id,
            deal_product_id=product.id,
            before=product.status.value,
            after=after.value,
            by=by,
            at=now,
            **cause,
        )
    )
