"""Repeating invoices we have set up, and who may set one up for a contact right now."""

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key


class RepeatingInvoiceRow(FleetTable):
    """A repeating template as the platform returned it when an effect of ours created it.

    `lines` is a list of what each line bills of which (deal) product:
    `{"deal_product_id", "product_id", "description", "amount"}`. `next_date` is the platform's.
    """

    __tablename__ = "repeating_invoices"
    __table_args__ = (
        UniqueConstraint("integration_id", "platform_template_id"),
        Index(None, "deal_id"),
    )
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    integration_id: Mapped[UUID] = mapped_column(ForeignKey("integrations.id"))
    deal_id: Mapped[UUID | None]
    effect_id: Mapped[UUID] = mapped_column(unique=True)
    platform_template_id: Mapped[str]
    contact_id: Mapped[str]
    status: Mapped[str]
    schedule_period: Mapped[int]
    schedule_unit: Mapped[str]
    start_date: Mapped[dt.date]
    next_date: Mapped[dt.date | None]
    due_days: Mapped[int]
    due_date_type: Mapped[str]
    approved_for_sending: Mapped[bool]
    reference: Mapped[str | None]
    currency: Mapped[str]
    line_amount_types: Mapped[str]
    subtotal: Mapped[Decimal]
    total: Mapped[Decimal | None]
    lines: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RepeatingClaimRow(FleetTable):
    """The one action that may create a template for a contact; void once that action has ended."""

    __tablename__ = "repeating_claims"
    tenant_key: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(primary_key=True)
    action_id: Mapped[UUID]
    claimed_at: Mapped[datetime]
