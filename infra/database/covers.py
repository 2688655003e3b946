"""Statements over covers: what each line of an invoice bills of which deal product."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from domain.invoices.snapshot import InvoiceSnapshot
from infra.database.engine import Transaction
from infra.database.tables import InvoiceLineRow


def write(tx: Transaction, invoice_id: UUID, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write an invoice's lines, once: what each bills of which deal product."""
    known = select(InvoiceLineRow.id).where(InvoiceLineRow.invoice_id == invoice_id).limit(1)
    if lines and tx.execute(known).first() is None:
        rows = [{"id": uuid4(), "invoice_id": invoice_id, **line} for line in lines]
        tx.execute(insert(InvoiceLineRow), rows)


def correct(
    tx: Transaction, invoice_id: UUID, snapshot: InvoiceSnapshot
) -> list[tuple[UUID | None, Decimal, Decimal]]:
    """Let the covers follow lines changed on the platform; return (deal product, before, after).

    Lines are known by the platform's line id. One that is not there any more keeps its amount:
    what looks unbilled by mistake would be billed twice.
    """
    amounts = {line.platform_line_id: line.line_amount for line in snapshot.lines}
    rows = tx.execute(
        select(
            InvoiceLineRow.id,
            InvoiceLineRow.deal_product_id,
            InvoiceLineRow.platform_line_id,
            InvoiceLineRow.amount,
        ).where(
            InvoiceLineRow.invoice_id == invoice_id,
            InvoiceLineRow.platform_line_id.in_(list(amounts)),
        )
    )
    changed = []
    for row in rows:
        after = amounts[row.platform_line_id]
        if after != row.amount:
            tx.execute(
                update(InvoiceLineRow).where(InvoiceLineRow.id == row.id).values(amount=after)
            )
            changed.append((row.deal_product_id, row.amount, after))
    return changed


def products(tx: Transaction, invoice_id: UUID) -> list[UUID]:
    """Return the deal products an invoice covers, each once."""
    rows = tx.execute(
        select(InvoiceLineRow.deal_product_id)
        .where(InvoiceLineRow.invoice_id == invoice_id, InvoiceLineRow.deal_product_id.is_not(None))
        .distinct()
    )
    return sorted(one for one in rows.scalars() if one is not None)
