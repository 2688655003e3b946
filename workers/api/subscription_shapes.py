"""What the API answers with about subscriptions and their deliveries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.status import ActionStatus


@dataclass(frozen=True, slots=True)
class Subscription:
    """Events posted to `url`. Counts are of the deliveries kept; nothing secret is in it."""

    id: UUID
    url: str | None
    types: list[str] | None
    integration_id: UUID | None
    deal_id: UUID | None
    description: str | None
    status: str
    status_reason: str | None
    stopped_at: datetime | None
    created_at: datetime
    delivered: int
    waiting: int
    failed: int
    last_delivered_at: datetime | None
    oldest_waiting: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class SubscriptionList:
    """The workspace's subscriptions, oldest first."""

    items: list[Subscription]


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription and its signing secret, which nobody is shown again."""

    id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A new signing secret, which nobody is shown again."""

    secret: str


@dataclass(frozen=True, slots=True)
class Queued:
    """How many deliveries were queued."""

    queued: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way: its state, and the latest attempt's answer (redacted)."""

    id: UUID
    event_id: str
    type: str
    source: str
    status: ActionStatus
    status_reason: str | None
    due_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    attempts: int | None
    http_status: int | None
    response: Any
    seconds: float | None
    words: str | None
    last_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryList:
    """Deliveries, newest first."""

    items: list[Delivery]
