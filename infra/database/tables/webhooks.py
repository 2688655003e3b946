"""What platforms tell by themselves, and what is to be read because of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable


class WebhookEventRow(FleetTable):
    """One thing a platform told, once however often it is told. `ignored` says why, if it was."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint(
            "platform",
            "tenant",
            "resource",
            "event_at",
            "event_type",
            "category",
            name="uq_webhook_events_told_once",
        ),
        Index(None, "received_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    platform: Mapped[str]
    tenant: Mapped[str]
    resource: Mapped[str]
    event_at: Mapped[datetime]
    event_type: Mapped[str]
    category: Mapped[str]
    received_at: Mapped[datetime]
    ignored: Mapped[str | None]


class StaleInvoiceRow(FleetTable):
    """An invoice that has changed on the platform since anybody read it for this integration."""

    __tablename__ = "stale_invoices"
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_invoice_id: Mapped[str] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]
    noted_at: Mapped[datetime]


class CallbackRow(FleetTable):
    """What a platform called back about an effect (`mark`), once however often it calls."""

    __tablename__ = "callbacks"
    __table_args__ = (
        UniqueConstraint(
            "integration_id", "event_id", "mark", name="uq_callbacks_called_back_once"
        ),
        Index(None, "mark"),
        Index(None, "received_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    integration_id: Mapped[UUID]
    event_id: Mapped[str]
    mark: Mapped[UUID]
    body: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
