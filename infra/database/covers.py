"""Statements over covers: what each line of an invoice bills of which deal product."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from domain.invoices.snapshot import InvoiceSnapshot
from infra.database.engine import Transaction
from infra.database.tables import InvoiceLineRow


@dataclass(frozen=True, slots=True)
class Corrected:
    """A cover that has followed a line changed on the platform."""

    invoice_id: UUID
    deal_product_id: UUID | None
    before: Decimal
    after: Decimal


def write(tx: Transaction, invoice_id: UUID, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write an invoice's lines, once: what each bills of which deal product."""
    known = select(InvoiceLineRow.id).where(InvoiceLineRow.invoice_id == invoice_id).limit(1)
    if lines and tx.execute(known).first() is None:
        rows = [{"id": uuid4(), "invoice_id": invoice_id, **line} for line in lines]
        tx.execute(insert(InvoiceLineRow), rows)


def correct(tx: Transaction, told: Iterable[tuple[UUID, InvoiceSnapshot]]) -> list[Corrected]:
    """Let the covers of invoices (by our id) follow lines changed on the platform.

    Lines are known by the platform's line id. One that is not there any more keeps its amount:
    what looks unbilled by mistake would be billed twice.
    """
    amounts = {
        (invoice_id, line.platform_line_id): line.line_amount
        for invoice_id, snapshot in told
        for line in snapshot.lines
    }
    rows = tx.execute(
        select(
            InvoiceLineRow.id,
            InvoiceLineRow.invoice_id,
            InvoiceLineRow.deal_product_id,
            InvoiceLineRow.platform_line_id,
            InvoiceLineRow.amount,
        ).where(InvoiceLineRow.invoice_id.in_({invoice_id for invoice_id, _ in amounts}))
    )
    corrected = []
    for row in rows.all():
        after = amounts.get((row.invoice_id, row.platform_line_id), row.amount)
        if after != row.amount:
            changed = update(InvoiceLineRow).where(InvoiceLineRow.id == row.id)
            tx.execute(changed.values(amount=after))
            corrected.append(Corrected(row.invoice_id, row.deal_product_id, row.amount, after))
    return corrected


def products(tx: Transaction, invoice_id: UUID) -> list[UUID]:
    """Return the deal products an invoice covers, each once."""
    rows = tx.execute(
        select(InvoiceLineRow.deal_product_id)
        .where(InvoiceLineRow.invoice_id == invoice_id, InvoiceLineRow.deal_product_id.is_not(None))
        .distinct()
    )
    return sorted(one for one in rows.scalars() if one is not None)
