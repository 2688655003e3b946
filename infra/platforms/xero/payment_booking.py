"""Booking a payment that has been recorded: what is due at once; no product's status moves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Succeeded
from domain.events import Event, EventType
from domain.invoices.xero_status import InvoiceStatus
from infra.database import invoice_edits, invoices, outbox
from infra.database.named_invoices import named
from infra.platform import Settlement
from infra.platforms.xero import bank_accounts
from infra.platforms.xero.retelling import status_news

DELETED = "DELETED"


def settle(done: Settlement) -> None:
    """Take status and amounts from Xero's answer, tell of the payment, remember the account.

    A payment that is found deleted again leaves no trace here: how the invoice stands is read next.
    """
    if not isinstance(done.outcome, Succeeded):
        return
    payment = done.outcome.result["payment"]
    if payment["status"] == DELETED:
        return
    bank_accounts.remember(done.tx, done.integration.id, done.inputs["account"]["id"], done.now)
    stored = named(
        done.tx,
        done.integration.id,
        UUID(done.inputs["invoice_id"]),
        lock=True,
    )
    if stored is None:
        return
    events = [_recorded(done, stored, payment)]
    if done.outcome.result["invoice"] is not None:
        events += _take(done, stored, done.outcome.result["invoice"])
    outbox.emit(done.tx, events, done.now)


def _take(done: Settlement, stored: invoices.StoredInvoice, summary: JsonObject) -> Iterator[Event]:
    paid = invoice_edits.Paid(
        InvoiceStatus(summary["status"]),
        Decimal(summary["amount_due"]),
        Decimal(summary["amount_paid"]),
        datetime.fromisoformat(summary["updated_utc"]),
    )
    if invoice_edits.take_payment(done.tx, stored, paid):
        now = replace(stored, status=paid.status, updated_utc=paid.updated_utc)
        yield from status_news(done.tx, invoices.Put(stored, now), done.now)


def _recorded(done: Settlement, stored: invoices.StoredInvoice, payment: dict[str, Any]) -> Event:
    deal_id = stored.provenance.deal_id
    told = {
        "payment_id": payment["payment_id"],
        "invoice_id": str(stored.id),
        "platform_invoice_id": stored.platform_invoice_id,
        "number": stored.number,
        "amount": done.context["asked"]["amount"],
        "currency": stored.told["currency"],
        "date": done.context["asked"]["date"],
        "bank_account_id": done.inputs["account"]["id"],
        "reference": done.context["asked"]["reference"],
        "deal_id": None if deal_id is None else str(deal_id),
        "action_id": str(done.request.action_id),
    }
    scope = (done.request.workspace_id, deal_id)
    return Event(EventType.PAYMENT_RECORDED, payment["payment_id"], told, *scope)
