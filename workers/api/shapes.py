"""What the API answers with: one class for each thing, from which the OpenAPI is made too.

Amounts are decimals as text, moments ISO 8601 in UTC.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.actions.status import ActionStatus
from domain.payments.status import PaymentStatus
from infra.database import views
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers.api.endpoint import BASE
from workers.fleet import Fleet

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """A request and what became of it; `result` and `error` once it has ended (or is parked)."""

    id: UUID
    url: str
    key: str
    action_type: str
    platform: str
    integration_id: UUID | None
    deal_id: UUID | None
    status: ActionStatus
    status_reason: str | None
    is_final: bool
    params: Json
    data: Json
    requested_by: str | None
    source: str
    request_id: str | None
    result: Json | None
    error: Json | None
    partial: bool
    due_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActionList:
    """Actions, newest first; `next` is the cursor of the page after this one."""

    items: list[Action]
    next: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything kept about one action, each part in the order it happened."""

    action: Action
    effects: list[Json]
    attempts: list[Json]
    transitions: list[Json]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did, in a sentence, and the action as it is now."""

    said: str
    action: Action


@dataclass(frozen=True, slots=True)
class Revealed:
    """What an action brought for its asker alone (a meeting's start URL)."""

    secrets: Json


@dataclass(frozen=True, slots=True)
class Integration:
    """One connection to a platform's tenant; its credentials are never shown."""

    id: UUID
    url: str
    platform: str
    name: str
    status: str
    status_reason: str | None
    tenant: str
    settings: Json
    created_at: datetime
    action_types: list[str]
    reads: list[str]


@dataclass(frozen=True, slots=True)
class IntegrationList:
    """The workspace's integrations, by platform and name."""

    items: list[Integration]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a platform answered. `more`: it has more; `stale`: why it is not a newer answer."""

    items: list[Json]
    more: bool
    read_at: datetime
    stale: str | None


@dataclass(frozen=True, slots=True)
class BankAccounts(Answers):
    """Where payments may be recorded to; `last_used` is the account of the last one."""

    last_used: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a deal, and where its money stands, in the deal's currency."""

    id: UUID
    name: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    deposit_percent: Decimal | None
    category: str
    payment_status: PaymentStatus
    amount: Decimal
    invoiced_amount: Decimal
    paid_amount: Decimal
    remaining_to_invoice: Decimal
    remaining_to_pay: Decimal
    over_invoiced: Decimal


@dataclass(frozen=True, slots=True)
class ProductList:
    """A deal's products, in their order."""

    deal_id: UUID
    currency: str | None
    items: list[Product]


@dataclass(frozen=True, slots=True)
class Invoice:
    """Our snapshot of an invoice. `origin` is `fleet` (raised by us) or `xero`."""

    id: UUID
    url: str
    integration_id: UUID
    deal_id: UUID | None
    platform_invoice_id: str
    number: str | None
    status: str
    portion: str | None
    raised_as: str | None
    origin: str
    contact_id: str | None
    currency: str
    subtotal: Decimal | None
    tax: Decimal | None
    total: Decimal
    amount_due: Decimal
    amount_paid: Decimal
    date: dt.date | None
    due_date: dt.date | None
    reference: str | None
    online_url: str | None
    repeating_invoice_id: str | None
    updated_utc: datetime


@dataclass(frozen=True, slots=True)
class InvoiceList:
    """A deal's invoices, oldest first, and what is due on its authorised ones, per currency."""

    items: list[Invoice]
    outstanding: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class XeroContact:
    """Whom the deal is invoiced to in Xero. `linked_on`: deal, customer or contact; else null."""

    integration_id: UUID
    contact_id: str | None
    linked_on: str | None
    linked_by: str | None
    name: str | None


def action_of(fleet: Fleet, workspace_id: UUID, action_id: UUID) -> Action:
    """Return an action of the workspace.

    Raises:
        HttpProblem: there is none.
    """
    with fleet.database.reading() as tx:
        row = views.action(tx, action_id, workspace_id)
    if row is None:
        raise no_action(action_id)
    return shown_action(row)


def no_action(action_id: UUID) -> HttpProblem:
    """Return what to raise when the workspace has no such action."""
    return HttpProblem("not_found", f"there is no action {action_id} in this workspace")


def shown_action(row: Row) -> Action:
    """Return an action's row as the API shows it."""
    status = ActionStatus(row["status"])
    made = {
        "url": f"{BASE}/actions/{row['id']}",
        "status": status,
        "is_final": status.is_final,
        "due_at": None if status.is_final else row["due_at"],
    }
    return Action(**_columns(Action, row, made))


def shown_invoice(row: Row) -> Invoice:
    """Return an invoice's row as the API shows it."""
    return Invoice(**_columns(Invoice, row, {"url": f"{BASE}/invoices/{row['id']}"}))


def _columns(shape: Any, row: Row, made: Mapping[str, Any]) -> Json:
    return {name: made.get(name, row.get(name)) for name in shape.__slots__}
