"""A stored invoice as plain JSON, amounts as text: in an action's result, and for its email."""

from decimal import Decimal
from typing import Any

from domain.money import round_half_up
from infra.database.invoices import StoredInvoice


def invoice_json(stored: StoredInvoice) -> dict[str, Any]:
    """Write a stored invoice. Only for one read from its table."""
    told = stored.told

    def money(amount: Decimal) -> str:
        return f"{round_half_up(amount, told['currency']):f}"

    return {
        "invoice_id": stored.platform_invoice_id,
        "invoice_number": stored.number,
        "status": stored.status.value,
        "total": money(told["total"]),
        "amount_due": money(told["amount_due"]),
        "amount_paid": money(told["amount_paid"]),
        "currency": told["currency"],
        "date": told["date"] and told["date"].isoformat(),
        "due_date": told["due_date"] and told["due_date"].isoformat(),
        "reference": told["reference"],
        "portion": told["portion"],
        "contact_id": told["contact_id"],
        "online_url": told["online_url"],
    }


def to_email(stored: StoredInvoice) -> dict[str, Any]:
    """Write a stored invoice as far as its email shows it (see `snapshots.to_json`)."""
    told, due = stored.told, stored.told["due_date"]
    return {
        "platform_invoice_id": stored.platform_invoice_id,
        "number": stored.number,
        "status": stored.status.value,
        "contact_id": told["contact_id"],
        "currency": told["currency"],
        "total": str(told["total"]),
        "amount_due": str(told["amount_due"]),
        "due_date": None if due is None else due.isoformat(),
    }
