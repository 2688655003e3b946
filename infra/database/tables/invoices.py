"""Our snapshots of invoices, what they cover, what is reserved, and the promotion ledger."""

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key


class InvoiceRow(FleetTable):
    """Our snapshot of one platform invoice. `raised_as` never changes; `portion` is a label.

    `promoted` is `<status>/<cycle>` as of which the ledger holds all that it justifies.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("integration_id", "platform_invoice_id"),
        Index(None, "deal_id"),
        Index(None, "effect_id"),
        Index(None, "integration_id", "status"),
        Index(None, "number"),
        Index(
            "ix_invoices_may_be_due",
            "integration_id",
            postgresql_where=text(
                "effect_id IS NOT NULL AND promoted IS DISTINCT FROM (status || '/' || cycle::text)"
            ),
        ),
    )
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    integration_id: Mapped[UUID] = mapped_column(ForeignKey("integrations.id"))
    deal_id: Mapped[UUID | None]
    effect_id: Mapped[UUID | None]
    origin: Mapped[str]
    portion: Mapped[str | None]
    raised_as: Mapped[str | None]
    platform_invoice_id: Mapped[str]
    number: Mapped[str | None]
    status: Mapped[str]
    contact_id: Mapped[str | None]
    currency: Mapped[str]
    line_amount_types: Mapped[str | None]
    subtotal: Mapped[Decimal | None]
    tax: Mapped[Decimal | None]
    total: Mapped[Decimal]
    amount_due: Mapped[Decimal]
    amount_paid: Mapped[Decimal]
    date: Mapped[dt.date | None]
    due_date: Mapped[dt.date | None]
    reference: Mapped[str | None]
    online_url: Mapped[str | None]
    repeating_invoice_id: Mapped[str | None]
    updated_utc: Mapped[datetime]
    cycle: Mapped[int] = mapped_column(server_default="1")
    promoted: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InvoiceLineRow(FleetTable):
    """A cover: what one invoice line bills of one deal product, as the platform returned it."""

    __tablename__ = "invoice_lines"
    __table_args__ = (Index(None, "invoice_id"), Index(None, "deal_product_id"))
    id: Mapped[Key]
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id", ondelete="CASCADE"))
    deal_product_id: Mapped[UUID | None]
    position: Mapped[int]
    platform_line_id: Mapped[str | None]
    description: Mapped[str]
    amount: Mapped[Decimal]
    tax: Mapped[Decimal | None]


class ReservationRow(FleetTable):
    """Money of a deal product that an effect under way may bill; open until its fate is known."""

    __tablename__ = "reservations"
    __table_args__ = (
        UniqueConstraint("effect_id", "deal_product_id"),
        Index(None, "deal_id", postgresql_where=text("released_at IS NULL")),
    )
    id: Mapped[Key]
    deal_id: Mapped[UUID]
    deal_product_id: Mapped[UUID]
    effect_id: Mapped[UUID]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    line_amount_types: Mapped[str]
    raised_as: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    released_at: Mapped[datetime | None]


class PromotionRow(FleetTable):
    """The ledger: a rung of (deal product, invoice, cycle) that has been consumed."""

    __tablename__ = "promotions"
    deal_product_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle: Mapped[int] = mapped_column(primary_key=True)
    rung: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID | None]
    moved: Mapped[bool]
    applied_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaymentStatusHistoryRow(FleetTable):
    """Every change of a deal product's payment status, and every cycle that ended."""

    __tablename__ = "payment_status_history"
    __table_args__ = (Index(None, "deal_product_id"), Index(None, "deal_id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    workspace_id: Mapped[UUID]
    deal_id: Mapped[UUID]
    deal_product_id: Mapped[UUID]
    before: Mapped[str]
    after: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str | None]
    event_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class SyncCursorRow(FleetTable):
    """How far the incremental sync of an integration has read. Times are the platform's."""

    __tablename__ = "sync_cursors"
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    modified_since: Mapped[datetime | None]
    state: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    finished_at: Mapped[datetime | None]
