"""Facts, in the past tense, that others may act on. Published as CloudEvents 1.0."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventType(StrEnum):
    """Every event the fleet publishes; the value is also its routing key."""

    ACTION_SUCCEEDED = "action.succeeded"
    ACTION_REJECTED = "action.rejected"
    ACTION_PARKED = "action.parked"
    ACTION_CANCELLED = "action.cancelled"
    INVOICE_CREATED = "invoice.created"
    INVOICE_STATUS_CHANGED = "invoice.status_changed"
    INVOICE_SYNCED = "invoice.synced"
    INVOICE_AMOUNT_DIFFERS = "invoice.amount_differs"
    INVOICE_CYCLE_ENDED = "invoice.cycle_ended"
    REPEATING_CREATED = "repeating_invoice.created"
    PROMOTION_DUE = "invoice.promotion_due"
    PAYMENT_RECORDED = "payment.recorded"
    PAYMENT_STATUS_CHANGED = "deal_product.payment_status_changed"
    BALANCE_OPEN = "deal_product.balance_open"
    INTEGRATION_PAUSED = "integration.paused"
    INTEGRATION_RESUMED = "integration.resumed"
    SUBSCRIPTION_DISABLED = "subscription.disabled"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `subject` is the entity's id; `data` is plain JSON without secrets."""

    type: EventType
    subject: str
    data: Mapping[str, Any]
    workspace_id: UUID
    deal_id: UUID | None = None
