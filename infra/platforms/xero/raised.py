"""After an invoice was created: its online address, its email, and what the action returns."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.actions.outcome import Succeeded
from domain.actions.plan import Done, Effect, Known, Request, Result, Step
from domain.invoices.xero_status import InvoiceStatus
from domain.money import round_half_up
from infra.platforms.xero import online
from infra.platforms.xero.emailing import Tail
from infra.platforms.xero.wishes import email_wish


def after_created(
    request: Request, known: Known, created: Result, results: tuple[Result, ...]
) -> Step:
    """Return the next effect after the invoice was created, or the action's result."""
    told = created.outcome.result if isinstance(created.outcome, Succeeded) else {}
    invoice = told["invoice"]
    asked = next((r.outcome for r in results if r.name == online.READ.name), None)
    has_address = invoice["status"] != InvoiceStatus.DRAFT
    if asked is None and has_address and told.get("together", 1) == 1:
        return Effect(online.READ.name, {"invoice_id": invoice["platform_invoice_id"]})
    contact = contact_json(results, invoice["contact_id"])
    email = Tail(email_wish(request.params), known, results, invoice, contact).next()
    if isinstance(email, Effect):
        return email
    address = asked.result if isinstance(asked, Succeeded) else {}
    if asked is None and has_address:
        address = {"warning": online.NOT_READ}
    warnings = [*told["warnings"], address.get("warning")]
    currency = invoice["currency"]

    def money(amount: str) -> str:
        return f"{round_half_up(Decimal(amount), currency):f}"

    return Done(
        {
            "invoice_id": invoice["platform_invoice_id"],
            "invoice_number": invoice["number"],
            "status": invoice["status"],
            "total": money(invoice["total"]),
            "amount_due": money(invoice["amount_due"]),
            "currency": currency,
            "due_date": invoice["due_date"],
            "contact_id": invoice["contact_id"],
            "online_url": address.get("online_url"),
            "email": dict(email),
            "lines": [
                {name: line[name] for name in ("deal_product_id", "description", "warning")}
                | {"amount": money(line["billed"])}
                | {"over_invoiced_by": money(line["over_invoiced_by"])}
                for line in told["lines"]
            ],
            "warnings": [warning for warning in warnings if warning],
        }
    )


def contact_json(results: tuple[Result, ...], contact_id: str) -> Mapping[str, Any]:
    """Return what was last read of a contact; nothing when it was used unseen."""
    for result in reversed(results):
        if isinstance(result.outcome, Succeeded):
            for contact in result.outcome.result.get("contacts", ()):
                if contact["contact_id"] == contact_id:
                    return dict(contact)
    return {}
