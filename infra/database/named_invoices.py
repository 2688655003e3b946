"""Finding the invoice a request names: by our id, or by the platform's."""

from uuid import UUID

from sqlalchemy import or_, select

from infra.database import invoices
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.tables import InvoiceRow


def named(tx: Transaction, integration_id: UUID, invoice_id: UUID) -> StoredInvoice | None:
    """Return an invoice of the integration, or None."""
    key = tx.execute(
        select(InvoiceRow.platform_invoice_id).where(
            InvoiceRow.integration_id == integration_id,
            or_(
                InvoiceRow.platform_invoice_id == str(invoice_id),
                InvoiceRow.id == invoice_id,
            ),
        )
    ).scalar_one_or_none()
    return None if key is None else invoices.find(tx, integration_id, [key])[key]
