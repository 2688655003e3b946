"""Booking a repeating invoice that has been set up: our record of it, the event, the result."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from domain.actions.outcome import JsonObject, Succeeded
from domain.events import Event, EventType
from domain.invoices.recurring import RecurringDraft
from domain.invoices.schedule import Schedule, in_words
from infra.database import outbox, repeating
from infra.platform import Settlement
from infra.platforms.xero.repeating_wish import RepeatingWish


def context_json(wish: RepeatingWish, found: RecurringDraft, when: Schedule) -> dict[str, Any]:
    """Write what was asked for and what each line bills, to be kept with the call."""
    terms = found.draft.terms
    return {
        "emails": wish.emails,
        "often": in_words(wish.period, wish.unit),
        "schedule": {
            "period": when.period,
            "unit": when.unit.value,
            "starts_on": when.starts_on.isoformat(),
            "due_days": when.due.days,
            "due_date_type": when.due.type.value,
        },
        "currency": terms.currency,
        "line_amount_types": terms.line_amount_types.value,
        "subtotal": str(found.draft.subtotal),
        "lines": [_line(found, line, on_deal=wish.deal is not None) for line in found.draft.lines],
        "skipped": [
            {
                "deal_product_id": one.deal_product_id and str(one.deal_product_id),
                "product_id": one.product_id and str(one.product_id),
                "name": one.name,
                "reason": one.reason,
            }
            for one in found.skipped
        ],
        "warnings": [when.warning] if when.warning else [],
    }


def _line(found: RecurringDraft, line: Any, *, on_deal: bool) -> dict[str, Any]:
    product = found.products[line.deal_product_id]
    return {
        "deal_product_id": str(product.id) if on_deal else None,
        "product_id": product.product_id and str(product.product_id),
        "description": line.description,
        "amount": str(line.amount),
    }


def differences(template: JsonObject, context: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """Yield the lines whose LineAmount is not ours, with Xero's figure."""
    for line, theirs in zip_longest(context["lines"], template["line_amounts"]):
        if line is not None and theirs is not None and Decimal(theirs) != Decimal(line["amount"]):
            yield line, theirs


def settle(done: Settlement) -> None:
    """Keep the template with what it bills, and tell of it."""
    if not isinstance(done.outcome, Succeeded):
        return
    deal_id, workspace_id = done.request.deal_id, done.request.workspace_id
    template: Mapping[str, Any] = done.outcome.result["template"]
    if deal_id is not None:
        outbox.lock_deal(done.tx, deal_id)
    stored_id = str(repeating.put(done.tx, done.effect_id, _row(done, template)))
    told = {
        "repeating_invoice_id": stored_id,
        "platform_repeating_invoice_id": template["template_id"],
        "status": template["status"],
        "contact_id": done.inputs["contact_id"],
        "schedule": done.context["schedule"],
        "next_date": template["next_date"],
        "subtotal": done.context["subtotal"],
        "currency": done.context["currency"],
        "deal_id": None if deal_id is None else str(deal_id),
        "action_id": str(done.request.action_id),
    }
    events = [Event(EventType.REPEATING_CREATED, stored_id, told, workspace_id, deal_id)]
    for line, theirs in differences(template, done.context):
        both = {"ours": line["amount"], "theirs": theirs}
        fact = {"repeating_invoice_id": stored_id, **both} | {
            name: line[name] for name in ("deal_product_id", "product_id")
        }
        kind = EventType.INVOICE_AMOUNT_DIFFERS
        events.append(Event(kind, stored_id, fact, workspace_id, deal_id))
    outbox.emit(done.tx, events, done.now)


def _row(done: Settlement, template: Mapping[str, Any]) -> dict[str, Any]:
    context, schedule = done.context, done.context["schedule"]
    next_date, total = template["next_date"], template["total"]
    return {
        "workspace_id": done.request.workspace_id,
        "integration_id": done.integration.id,
        "deal_id": done.request.deal_id,
        "platform_template_id": template["template_id"],
        "contact_id": done.inputs["contact_id"],
        "status": template["status"],
        "schedule_period": schedule["period"],
        "schedule_unit": schedule["unit"],
        "start_date": date.fromisoformat(schedule["starts_on"]),
        "next_date": None if next_date is None else date.fromisoformat(next_date),
        "due_days": schedule["due_days"],
        "due_date_type": schedule["due_date_type"],
        "approved_for_sending": template["approved_for_sending"] is not False,
        "reference": done.request.params.get("reference"),
        "currency": context["currency"],
        "line_amount_types": context["line_amount_types"],
        "subtotal": Decimal(context["subtotal"]),
        "total": None if total is None else Decimal(total),
        "lines": context["lines"],
    }
