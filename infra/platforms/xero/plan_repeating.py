"""The plan of `xero_create_repeating_invoice`: organisation, what is there already, create."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.invoices.recurring import propose_recurring
from domain.money import round_half_up
from infra.clock import utc_now
from infra.database import facts
from infra.database.engine import Transaction
from infra.platform import Integration
from infra.platforms.xero import organisation, repeating
from infra.platforms.xero.invoices import refused_invoice
from infra.platforms.xero.repeating_booking import differences
from infra.platforms.xero.repeating_wish import repeating_wish, sources_of
from infra.platforms.xero.templates import Sending


def known(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return the organisation's facts, and what stands in the way before anything is called.

    Without the facts nothing is known to stand in the way; whoever creates looks again.
    """
    fact = facts.fresh(tx, integration.id, organisation.FACT, organisation.KEPT_FOR, utc_now())
    if fact is None:
        return {"organisation": None, "problems": []}
    wish = repeating_wish(tx, request)
    sources = sources_of(tx, request, integration, fact, utc_now().date())
    found = propose_recurring(wish.wanted, wish.deal, wish.catalogue, sources)
    problems = [(one.path, one.message) for one in found.problems]
    return {"organisation": fact, "problems": problems}


def next_effect(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """Organisation (once a day), the templates that are there, the new one."""
    ended = {result.name: result.outcome for result in results}
    created = ended.get(repeating.CREATE.name)
    if isinstance(created, Succeeded):
        return _after_created(created.result)
    refused = [one for one in ended.values() if isinstance(one, Rejected)]
    if refused:
        return Refuse(refused[-1])
    if known["problems"]:
        return Refuse(refused_invoice(known["problems"]))
    read = ended.get(organisation.READ.name)
    fact = known["organisation"] or (read.result if isinstance(read, Succeeded) else None)
    if not fact:
        return Effect(organisation.READ.name)
    contact = {"contact_id": request.params["contact_id"]}
    listed = ended.get(repeating.LIST.name)
    if not isinstance(listed, Succeeded):
        return Effect(repeating.LIST.name, contact)
    facts_used = {name: fact.get(name) for name in ("base_currency", "time_zone", "terms")}
    inputs = {**contact, "present": listed.result["present"], "organisation": facts_used}
    return Effect(repeating.CREATE.name, inputs)


def _after_created(told: JsonObject) -> Step:
    template, asked = told["template"], told["asked"]
    sending = Sending(template["approved_for_sending"], template["marked_as_sent"])
    if not sending.is_as_asked(emails=asked["emails"]):
        return Refuse(_sends_otherwise(template, asked, sending))
    return Done(_result(template, asked))


def _sends_otherwise(template: JsonObject, asked: JsonObject, sending: Sending) -> Rejected:
    template_id = template["template_id"]
    wish = "email each invoice" if asked["emails"] else "never email"
    found = f"ApprovedForSending {sending.approved}, MarkAsSent {sending.marked_as_sent}"
    return Rejected(
        "sending_not_as_asked",
        f"Xero has set up the repeating invoice {template_id}, but not to {wish} as asked: it "
        f"returned {found}. Mend it in Xero, or delete it there and ask again",
        {"repeating_invoice_id": template_id, **_result(template, asked)},
    )


def _result(template: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    currency, when = asked["currency"], asked["schedule"]

    def money(amount: str | None) -> str | None:
        return None if amount is None else f"{round_half_up(Decimal(amount), currency):f}"

    differing = [
        f"Xero bills {money(theirs)} {currency}, not {money(line['amount'])}, for: "
        f"{line['description'].splitlines()[0]}"
        for line, theirs in differences(template, asked)
    ]
    return {
        "repeating_invoice_id": template["template_id"],
        "status": template["status"],
        "contact_id": template["contact_id"],
        "schedule": {**when, "often": asked["often"]},
        "next_date": template["next_date"] or when["starts_on"],
        "approve_for_sending": asked["emails"],
        "currency": currency,
        "subtotal": money(template["subtotal"] or asked["subtotal"]),
        "total": money(template["total"]),
        "lines": [{**line, "amount": money(line["amount"])} for line in asked["lines"]],
        "skipped": asked["skipped"],
        "warnings": [*asked["warnings"], *differing],
    }
