"""Booking an invoice that has been created: snapshot, covers, reservations, events."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Succeeded
from domain.events import Event, EventType
from domain.invoices.draft import InvoiceDraft
from domain.invoices.portions import Portion
from domain.invoices.snapshot import InvoiceSnapshot
from infra.database import billing, covers, invoices, outbox, promotions, promotions_due
from infra.platform import Settlement
from infra.platforms.xero.snapshots import from_json


def covers_json(draft: InvoiceDraft) -> dict[str, Any]:
    """Write what an invoice covers, in the order of its lines, to be kept with the call."""
    return {
        "raised_as": draft.portion.value,
        "covers": [
            {
                "deal_product_id": str(line.deal_product_id),
                "amount": str(line.amount),
                "description": line.description,
                "warning": line.warning,
                "over_invoiced_by": str(line.over_invoiced_by),
            }
            for line in draft.lines
        ],
        "warnings": list(draft.warnings),
        "balance_open": [
            {"deal_product_id": str(one.deal_product_id), "amount": str(one.amount)}
            for one in draft.balance_open
        ],
    }


def lines_json(snapshot: InvoiceSnapshot, context: JsonObject) -> dict[str, Any]:
    """Join what was sent with what Xero made of it, line by line.

    `billed` is Xero's LineAmount. A line Xero does not return is taken to be billed as sent.
    """
    lines = [
        {
            **cover,
            "billed": cover["amount"] if line is None else str(line.line_amount),
            "tax": None if line is None else str(line.tax_amount),
            "line_id": None if line is None else line.platform_line_id,
        }
        for cover, line in zip_longest(context["covers"], snapshot.lines)
        if cover is not None
    ]
    return {"lines": lines, "warnings": context["warnings"]}


def settle(done: Settlement) -> None:
    """Book the invoice; harmless when a sync has stored it already."""
    deal_id = done.request.deal_id
    if not isinstance(done.outcome, Succeeded) or deal_id is None:
        return
    # The deal before the invoice's row, as everywhere: two orders would be a deadlock.
    outbox.lock_deal(done.tx, deal_id)
    snapshot = from_json(done.outcome.result["invoice"])
    provenance = invoices.Provenance(
        done.request.workspace_id,
        done.integration.id,
        invoices.FLEET,
        deal_id,
        done.effect_id,
        Portion(done.context["raised_as"]),
    )
    stored = invoices.put(done.tx, provenance, snapshot).now
    lines = done.outcome.result["lines"]
    covers.write(done.tx, stored.id, [_row(place, line) for place, line in enumerate(lines)])
    billing.release(done.tx, done.effect_id, done.now)
    outbox.emit(done.tx, _events(done, stored, snapshot, deal_id), done.now)
    promotions_due.tell(done.tx, done.integration.id, done.now, invoice_ids=[stored.id])


def abandon(given_up: Settlement) -> None:
    """Let go of the amounts reserved for an invoice that does not exist."""
    billing.release(given_up.tx, given_up.effect_id, given_up.now)


def _row(place: int, line: JsonObject) -> dict[str, Any]:
    return {
        "deal_product_id": UUID(line["deal_product_id"]),
        "position": place,
        "platform_line_id": line["line_id"],
        "description": line["description"],
        "amount": Decimal(line["billed"]),
        "tax": None if line["tax"] is None else Decimal(line["tax"]),
    }


def _events(
    done: Settlement, stored: invoices.StoredInvoice, snapshot: InvoiceSnapshot, deal_id: UUID
) -> Iterator[Event]:
    scope = (done.request.workspace_id, deal_id)
    told = {
        "invoice_id": str(stored.id),
        "platform_invoice_id": snapshot.platform_invoice_id,
        "number": snapshot.number,
        "status": snapshot.status.value,
        "raised_as": done.context["raised_as"],
        "total": str(snapshot.total),
        "amount_due": str(snapshot.amount_due),
        "currency": snapshot.currency,
        "deal_id": str(deal_id),
        "action_id": str(done.request.action_id),
    }
    yield Event(EventType.INVOICE_CREATED, str(stored.id), told, *scope)
    for line in done.outcome.result["lines"] if isinstance(done.outcome, Succeeded) else ():
        if Decimal(line["billed"]) != Decimal(line["amount"]):
            yield Event(
                EventType.INVOICE_AMOUNT_DIFFERS,
                str(stored.id),
                {
                    "invoice_id": str(stored.id),
                    "number": snapshot.number,
                    "deal_product_id": line["deal_product_id"],
                    "ours": line["amount"],
                    "theirs": line["billed"],
                },
                *scope,
            )
    covered = {cover["deal_product_id"] for cover in done.context["covers"]}
    for one in done.context["balance_open"]:
        if one["deal_product_id"] not in covered:
            product_id = UUID(one["deal_product_id"])
            yield promotions.balance_event(*scope, product_id, one["amount"])
