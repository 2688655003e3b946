"""Statements for editing and paying one invoice that is stored."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update

from domain.actions.status import ActionStatus, EffectState
from domain.invoices.standing import Standing
from domain.invoices.xero_status import InvoiceStatus
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.tables import ActionRow, EffectRow, InvoiceRow

_OPEN = [state.value for state in EffectState if not state.is_settled]


def standing_of(stored: StoredInvoice) -> Standing:
    """Return where a stored invoice stands. Only for one read from its table."""
    told = stored.told
    return Standing(
        label=stored.number or f"the invoice {stored.platform_invoice_id}",
        status=stored.status,
        currency=told["currency"],
        total=told["total"],
        amount_due=told["amount_due"],
        due_date=told["due_date"],
        reference=told["reference"],
    )


def label_as(tx: Transaction, invoice_id: UUID, portion: str) -> None:
    """Set what an invoice is shown as; what it was raised as stays."""
    tx.execute(update(InvoiceRow).where(InvoiceRow.id == invoice_id).values(portion=portion))


@dataclass(frozen=True, slots=True)
class Paid:
    """What the platform says of an invoice in its answer to a payment."""

    status: InvoiceStatus
    amount_due: Decimal
    amount_paid: Decimal
    updated_utc: datetime


def take_payment(tx: Transaction, stored: StoredInvoice, paid: Paid) -> bool:
    """Take status and amounts from the answer to a payment; False when more is known already."""
    if paid.updated_utc < stored.updated_utc:
        return False
    tx.execute(
        update(InvoiceRow)
        .where(InvoiceRow.id == stored.id)
        .values(
            status=paid.status.value,
            amount_due=paid.amount_due,
            amount_paid=paid.amount_paid,
            updated_utc=paid.updated_utc,
        )
    )
    return True


@dataclass(frozen=True, slots=True)
class OpenEffect:
    """An effect that may still happen, or has without our knowing; and its action."""

    action_id: UUID
    is_parked: bool
    due_at: datetime


def open_effect(
    tx: Transaction, name: str, platform_invoice_id: str, *, but_of: UUID
) -> OpenEffect | None:
    """Return the effect of this kind on the invoice that was frozen and not yet settled, if any.

    Ask under the invoice's lock, which whoever freezes one holds. `but_of`: the effect that asks.
    """
    row = tx.execute(
        select(ActionRow.id, ActionRow.status, ActionRow.due_at)
        .join(EffectRow, EffectRow.action_id == ActionRow.id)
        .where(
            EffectRow.name == name,
            EffectRow.inputs["invoice_id"].astext == platform_invoice_id,
            EffectRow.call_id.is_not(None),
            EffectRow.state.in_(_OPEN),
            EffectRow.id != but_of,
        )
        .order_by(EffectRow.created_at)
    ).first()
    if row is None:
        return None
    return OpenEffect(row.id, row.status == ActionStatus.PARKED.value, row.due_at)
