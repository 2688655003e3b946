"""Statements that find the promotions invoices justify and nobody has applied, and tell them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Exists,
    Row,
    Text,
    and_,
    cast,
    column,
    exists,
    select,
    text,
    update,
    values,
)

from domain.events import Event, EventType
from domain.invoices.portions import Portion
from domain.invoices.xero_status import InvoiceStatus, promotion_for
from domain.payments.promotion import FIRST_CYCLE
from infra.database import outbox
from infra.database.engine import Transaction
from infra.database.tables import (
    CrmDealProduct,
    InvoiceLineRow,
    InvoiceRow,
    OutboxRow,
    PromotionRow,
)

PENDING_FOR = timedelta(days=1)
"""An event told and not heard within a day is taken for lost: it is told again."""

_JUSTIFIED = values(
    column("raised_as", Text),
    column("status", Text),
    column("in_first_cycle", Boolean),
    column("rung", Text),
    name="justified",
).data(
    [
        (portion.value, status.value, cycle == FIRST_CYCLE, rung.value)
        for portion in Portion
        for status in InvoiceStatus
        for cycle in (FIRST_CYCLE, FIRST_CYCLE + 1)
        if (rung := promotion_for(portion, status, cycle)) is not None
    ]
)
"""The rung each kind of invoice justifies, as a table, straight from the domain."""


_MAY_BE_DUE = text(
    "invoices.effect_id IS NOT NULL"
    " AND invoices.promoted IS DISTINCT FROM (invoices.status || '/' || invoices.cycle::text)"
)
"""Ours, and not known to have nothing left to promote; as the index on it says it."""

_IS_JUSTIFIED = and_(
    _JUSTIFIED.c.raised_as == InvoiceRow.raised_as,
    _JUSTIFIED.c.status == InvoiceRow.status,
    _JUSTIFIED.c.in_first_cycle == (InvoiceRow.cycle == FIRST_CYCLE),
)
_COLUMNS = (
    InvoiceRow.workspace_id,
    InvoiceRow.deal_id,
    InvoiceRow.id.label("invoice_id"),
    InvoiceRow.cycle,
    InvoiceLineRow.deal_product_id,
    _JUSTIFIED.c.rung,
)
_IS_APPLIED = exists().where(
    PromotionRow.deal_product_id == InvoiceLineRow.deal_product_id,
    PromotionRow.invoice_id == InvoiceRow.id,
    PromotionRow.cycle == InvoiceRow.cycle,
    PromotionRow.rung == _JUSTIFIED.c.rung,
)


def _is_pending(now: datetime) -> Exists:
    return exists().where(
        OutboxRow.type == EventType.PROMOTION_DUE.value,
        OutboxRow.consumed_at.is_(None),
        OutboxRow.created_at > now - PENDING_FOR,
        OutboxRow.subject == cast(InvoiceLineRow.deal_product_id, Text),
        OutboxRow.data["invoice_id"].astext == cast(InvoiceRow.id, Text),
        OutboxRow.data["cycle"].astext == cast(InvoiceRow.cycle, Text),
        OutboxRow.data["rung"].astext == _JUSTIFIED.c.rung,
    )


def due(
    tx: Transaction,
    integration_id: UUID,
    now: datetime,
    *,
    invoice_ids: Iterable[UUID] | None = None,
    deal_id: UUID | None = None,
) -> list[Row[Any]]:
    """Return the promotions that invoices justify, the ledger lacks and no pending event carries.

    Of the whole integration, unless only some invoices or one deal are asked for. Sorted by deal.
    """
    statement = (
        select(*_COLUMNS)
        .distinct()
        .join(InvoiceLineRow, InvoiceLineRow.invoice_id == InvoiceRow.id)
        # A product the CRM has deleted has no status to promote.
        .join(CrmDealProduct, CrmDealProduct.id == InvoiceLineRow.deal_product_id)
        .join(_JUSTIFIED, _IS_JUSTIFIED)
        .where(
            InvoiceRow.integration_id == integration_id,
            _MAY_BE_DUE,
            ~_IS_APPLIED,
            ~_is_pending(now),
        )
        .order_by(InvoiceRow.deal_id, InvoiceLineRow.deal_product_id)
    )
    if invoice_ids is not None:
        statement = statement.where(InvoiceRow.id.in_(list(invoice_ids)))
    if deal_id is not None:
        statement = statement.where(InvoiceRow.deal_id == deal_id)
    return list(tx.execute(statement))


def note_promoted(tx: Transaction, integration_id: UUID) -> None:
    """Note which invoices, as they stand, have nothing left to promote: they are not asked again.

    The ledger is never taken back, so that stays true until their status or cycle changes.
    """
    missing = (
        exists()
        .where(
            InvoiceLineRow.invoice_id == InvoiceRow.id,
            CrmDealProduct.id == InvoiceLineRow.deal_product_id,
            _IS_JUSTIFIED,
            ~_IS_APPLIED.correlate(InvoiceLineRow, InvoiceRow, _JUSTIFIED),
        )
        .correlate(InvoiceRow)
    )
    statement = update(InvoiceRow).where(
        InvoiceRow.integration_id == integration_id, _MAY_BE_DUE, ~missing
    )
    stands = InvoiceRow.status.concat("/").concat(cast(InvoiceRow.cycle, Text))
    tx.execute(statement.values(promoted=stands))


def tell(
    tx: Transaction,
    integration_id: UUID,
    now: datetime,
    *,
    invoice_ids: Iterable[UUID] | None = None,
    deal_id: UUID | None = None,
) -> int:
    """Emit `invoice.promotion_due` for every promotion that is due (see `due`); return how many."""
    rows = due(tx, integration_id, now, invoice_ids=invoice_ids, deal_id=deal_id)
    events = [
        Event(
            EventType.PROMOTION_DUE,
            str(row.deal_product_id),
            {
                "deal_product_id": str(row.deal_product_id),
                "invoice_id": str(row.invoice_id),
                "rung": row.rung,
                "cycle": row.cycle,
            },
            row.workspace_id,
            row.deal_id,
        )
        for row in rows
    ]
    outbox.emit(tx, events, now)
    return len(events)
