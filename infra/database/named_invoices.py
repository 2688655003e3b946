"""Finding one invoice: as a request names it, or by the platform's id as it stands now."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from domain.invoices.xero_status import InvoiceStatus
from infra.database import invoices, outbox
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.tables import InvoiceRow


def named(
    tx: Transaction, integration_id: UUID, invoice_id: UUID, *, lock: bool = False
) -> StoredInvoice | None:
    """Return an invoice of the integration, or None.

    `lock` holds its deal's lock and its row until the commit, in the order kept everywhere.
    """
    row = tx.execute(
        select(InvoiceRow.platform_invoice_id, InvoiceRow.deal_id).where(
            InvoiceRow.integration_id == integration_id,
            or_(
                InvoiceRow.platform_invoice_id == str(invoice_id),
                InvoiceRow.id == invoice_id,
            ),
        )
    ).first()
    if row is None:
        return None
    if lock and row.deal_id is not None:
        outbox.lock_deal(tx, row.deal_id)
    found = invoices.find(tx, integration_id, [row.platform_invoice_id], lock=lock)
    return found.get(row.platform_invoice_id)


def in_workspace(tx: Transaction, workspace_id: UUID, invoice_id: UUID) -> dict[str, Any] | None:
    """Return an invoice of the workspace by our id, else by the platform's; None: it has none."""
    found = tx.execute(
        select(*InvoiceRow.__table__.columns)
        .where(
            InvoiceRow.workspace_id == workspace_id,
            or_(InvoiceRow.id == invoice_id, InvoiceRow.platform_invoice_id == str(invoice_id)),
        )
        .order_by((InvoiceRow.id == invoice_id).desc(), InvoiceRow.id)
        .limit(1)
    )
    row = found.mappings().one_or_none()
    return None if row is None else dict(row)


def status_now(tx: Transaction, integration_id: UUID, invoice_id: str) -> InvoiceStatus | None:
    """Return the status an invoice was last seen with, by the platform's id; None: never seen."""
    stored = invoices.find(tx, integration_id, [invoice_id]).get(invoice_id)
    return None if stored is None else stored.status
