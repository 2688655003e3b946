"""Statements over a deal's money: what was billed of its products, and what is reserved."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.invoices.ledger import Cover, EarlierInvoice, Ledger, Reservation
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.selection import Deal
from domain.invoices.xero_status import InvoiceStatus
from infra.database import crm
from infra.database.engine import Transaction
from infra.database.tables import InvoiceLineRow, InvoiceRow, ReservationRow


def billing_of(tx: Transaction, deal_id: UUID, *, but_of: UUID | None = None) -> Deal:
    """Return the deal's products and everything billed or reserved of them.

    `but_of` leaves out the reservations of one effect (the one that is being prepared again).
    """
    return Deal(deal_id, crm.deal_products(tx, deal_id), _ledger(tx, deal_id, but_of))


def reserve(tx: Transaction, deal_id: UUID, wanted: Sequence[Reservation], now: datetime) -> None:
    """Keep amounts of a deal's products for an effect; asking again changes nothing."""
    rows = [
        {
            "id": uuid4(),
            "deal_id": deal_id,
            "deal_product_id": one.deal_product_id,
            "effect_id": one.effect_id,
            "amount": one.amount,
            "currency": one.currency,
            "line_amount_types": one.line_amount_types.value,
            "raised_as": one.raised_as.value,
            "created_at": now,
        }
        for one in wanted
    ]
    if rows:
        statement = insert(ReservationRow)
        again = {name: statement.excluded[name] for name in ("amount", "currency", "raised_as")}
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["effect_id", "deal_product_id"],
                set_=again | {"released_at": None},
            ),
            rows,
        )


def release(tx: Transaction, effect_id: UUID, now: datetime) -> None:
    """Let go of what an effect reserved: it is billed by now, or never will be."""
    tx.execute(
        update(ReservationRow)
        .where(ReservationRow.effect_id == effect_id, ReservationRow.released_at.is_(None))
        .values(released_at=now)
    )


def _ledger(tx: Transaction, deal_id: UUID, but_of: UUID | None) -> Ledger:
    covers: defaultdict[UUID, list[Cover]] = defaultdict(list)
    ours = (InvoiceRow.deal_id == deal_id, InvoiceRow.raised_as.is_not(None))
    lines = tx.execute(
        select(InvoiceLineRow.invoice_id, InvoiceLineRow.deal_product_id, InvoiceLineRow.amount)
        .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
        .where(*ours, InvoiceLineRow.deal_product_id.is_not(None))
        .order_by(InvoiceLineRow.position)
    )
    for line in lines:
        covers[line.invoice_id].append(Cover(line.deal_product_id, line.amount))
    invoices = tx.execute(select(*InvoiceRow.__table__.columns).where(*ours))
    return Ledger(
        tuple(_earlier(row, tuple(covers[row.id])) for row in invoices),
        _reservations(tx, deal_id, but_of),
    )


def _reservations(tx: Transaction, deal_id: UUID, but_of: UUID | None) -> tuple[Reservation, ...]:
    rows = tx.execute(
        select(*ReservationRow.__table__.columns).where(
            ReservationRow.deal_id == deal_id,
            ReservationRow.released_at.is_(None),
            ReservationRow.effect_id.is_distinct_from(but_of),
        )
    )
    return tuple(
        Reservation(
            row.effect_id,
            row.deal_product_id,
            row.amount,
            Portion(row.raised_as),
            row.currency,
            LineAmountTypes(row.line_amount_types),
        )
        for row in rows
    )


def _earlier(row: Row[Any], covers: tuple[Cover, ...]) -> EarlierInvoice:
    return EarlierInvoice(
        invoice_id=row.id,
        number=row.number,
        status=InvoiceStatus(row.status),
        raised_as=Portion(row.raised_as),
        currency=row.currency,
        line_amount_types=LineAmountTypes(row.line_amount_types),
        total=row.total,
        amount_due=row.amount_due,
        covers=covers,
        effect_id=row.effect_id,
    )
