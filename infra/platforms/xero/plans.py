"""The plans of `xero_create_contact` and `xero_create_invoice`: which effect comes next."""

from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.contacts import Create, Entity, Party, Read, Use, resolve
from domain.contacts import Refuse as NoContact
from domain.invoices.precedence import InvoiceSources
from domain.invoices.selection import propose
from domain.invoices.xero_status import InvoiceStatus
from infra.clock import utc_now
from infra.database import billing, contacts, crm, facts
from infra.database.engine import Transaction
from infra.platform import Integration
from infra.platforms.xero import contacts as effects
from infra.platforms.xero import emailable, invoices, organisation, remembered
from infra.platforms.xero.errors import CONTACT_ARCHIVED
from infra.platforms.xero.raised import after_created, contact_json
from infra.platforms.xero.wishes import EmailWish, email_wish, invoice_wish, unavailable

Problems = list[tuple[str, str]]
_LOOKS = frozenset({effects.READ.name, effects.CREATE.name})


# --- what the plans know beside the results -------------------------------------------------------


def known_contact(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return whose contact is wanted (`party`) and what is linked already (`link`)."""
    customer_id, contact_id = (request.params.get(n) for n in ("customer_id", "contact_id"))
    workspace_id, deal = request.workspace_id, None
    if customer_id is not None:
        party = crm.find_customer(tx, workspace_id, UUID(customer_id))
    elif contact_id is not None:
        party = crm.find_contact(tx, workspace_id, UUID(contact_id))
    else:
        deal = request.deal_id and crm.find_deal(tx, workspace_id, request.deal_id)
        party = crm.party_of(tx, deal) if deal else None
    return {
        "party": None if party is None else effects.party_json(party),
        "link": _link(tx, integration, party, deal.id if deal else None),
    }


def _link(
    tx: Transaction, integration: Integration, party: Party | None, deal_id: UUID | None
) -> dict[str, Any] | None:
    """Return the link that counts: the deal's, else the party's own (perhaps still without)."""
    of_deal = deal_id and contacts.linked(tx, integration.id, deal_id)
    if of_deal:
        return {"entity": Entity.DEAL.value, "id": str(deal_id), "contact_id": of_deal}
    if party is None:
        return None
    own = contacts.linked(tx, integration.id, party.id)
    return {"entity": party.entity.value, "id": str(party.id), "contact_id": own}


def known_invoice(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return the contact's facts, the organisation's, and what stands in the way of invoicing."""
    now = utc_now()
    fact = facts.fresh(tx, integration.id, organisation.FACT, organisation.KEPT_FOR, now)
    party = known_contact(tx, request, integration)
    linked = (party["link"] or {}).get("contact_id")
    return {
        **party,
        "contact": remembered.recalled(tx, integration, linked, now),
        **emailable.known(tx, request, email_wish(request.params), request.deal_id),
        "organisation": fact,
        "problems": _obstacles(tx, request, integration, fact) + _email_obstacles(tx, request),
    }


def _obstacles(
    tx: Transaction, request: Request, integration: Integration, fact: JsonObject | None
) -> Problems:
    """Return why no invoice could be raised now, so that no contact is created in vain.

    Whoever raises it looks again under the deal's lock. A missing due date is no obstacle yet: the
    contact may have terms.
    """
    deal = request.deal_id and crm.find_deal(tx, request.workspace_id, request.deal_id)
    if not deal:
        return [("data.deal.id", f"no deal {request.deal_id} in this workspace")]
    if fact is None:
        return []
    found = propose(
        invoice_wish(request.params),
        billing.billing_of(tx, deal.id),
        InvoiceSources(
            today=utc_now().date(),
            base_currency=fact["base_currency"],
            deal_currency=deal.currency,
            settings=invoices.settings_of(integration.settings),
        ),
    ).problems
    return [(p.path, p.message) for p in found if p.path != "params.due_date"]


def _email_obstacles(tx: Transaction, request: Request) -> Problems:
    status = request.params.get("status", InvoiceStatus.AUTHORISED)
    return emailable.obstacles(tx, request, email_wish(request.params), request.deal_id, status)


# --- checks at intake -----------------------------------------------------------------------------


def check_contact(tx: Transaction, request: Request) -> Problems:
    """Find what only the database can tell of a request for a contact."""
    explicit = {"customer_id": crm.find_customer, "contact_id": crm.find_contact}
    for name, find in explicit.items():
        wanted = request.params.get(name)
        if wanted is not None:
            found = find(tx, request.workspace_id, UUID(wanted))
            return [] if found else [(f"params.{name}", f"no such record: {wanted}")]
    if request.deal_id is None:
        return [("data.deal.id", "give the deal, or params.customer_id or params.contact_id")]
    return _check_deal(tx, request)


def check_invoice(tx: Transaction, request: Request) -> Problems:
    """Find what only the database can tell of a request for an invoice."""
    named = invoice_wish(request.params).deal_product_ids
    problems = [*unavailable(request.params), *_email_obstacles(tx, request)]
    problems += _check_deal(tx, request)
    if named == ():
        words = "names no product; name some, or leave it out for the defaults"
        problems.append(("params.deal_product_ids", words))
    if request.deal_id is not None and named:
        known = {product.id for product in crm.deal_products(tx, request.deal_id)}
        problems += [
            (f"params.deal_product_ids[{place}]", f"{one} is no product of this deal")
            for place, one in enumerate(named)
            if one not in known
        ]
    return problems


def _check_deal(tx: Transaction, request: Request) -> Problems:
    deal = request.deal_id and crm.find_deal(tx, request.workspace_id, request.deal_id)
    if not deal:
        return [("data.deal.id", f"no deal {request.deal_id} in this workspace")]
    if crm.party_of(tx, deal) or contacts.linked(tx, request.integration_id, deal.id):
        return []
    return [("data.deal.id", "the deal has neither a customer nor a primary contact")]


# --- the plans ------------------------------------------------------------------------------------


def create_contact(_request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """Look, create if need be, and say which contact it is and why."""
    step = _contact(known, results, check_link=True)
    if not isinstance(step, Use):
        return step
    contact = contact_json(results, step.contact_id)
    return Done({"contact_id": step.contact_id, "how": step.how, "name": contact.get("name")})


def create_invoice(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """Organisation, contact, invoice, online address, email."""
    wish = email_wish(request.params)
    if not wish.reads_contact:  # nobody is written to at an address that may have changed
        results = remembered.with_recalled(known, results, _LOOKS, effects.READ.name)
    attempts = [r for r in results if r.name == invoices.CREATE.name]
    refused = [r.outcome for r in attempts if isinstance(r.outcome, Rejected)]
    if attempts and isinstance(attempts[-1].outcome, Succeeded):
        return after_created(request, known, attempts[-1], results)
    if len(refused) > 1 or (refused and refused[-1].code != CONTACT_ARCHIVED):
        return Refuse(refused[-1])
    if known["problems"] and not refused:
        return Refuse(invoices.refused_invoice(known["problems"]))
    facts_read = [r.outcome for r in results if r.name == organisation.READ.name]
    fact = known["organisation"] or (facts_read and getattr(facts_read[-1], "result", None))
    if not fact:
        return Effect(organisation.READ.name)
    if refused:  # its contact turned out to be archived: see what became of it
        place = results.index(attempts[-1])
        link = {**known["link"], "contact_id": attempts[-1].inputs["contact_id"]}
        step = _contact({**known, "link": link}, results[place:], check_link=True)
    else:
        unread = request.params.get("due_date") is not None and not wish.reads_contact
        step = _contact(known, results, check_link=not unread)
    return step if not isinstance(step, Use) else _raise(step, fact, wish, known, results)


def _raise(
    contact_used: Use, fact: JsonObject, wish: EmailWish, known: Known, results: tuple[Result, ...]
) -> Step:
    contact = contact_json(results, contact_used.contact_id)
    nobody = emailable.unsendable(wish, known, contact)
    if nobody is not None:
        return Refuse(nobody)
    inputs = {
        "contact_id": contact_used.contact_id,
        "terms": contact.get("terms"),
        "organisation": {name: fact[name] for name in ("base_currency", "time_zone")},
    }
    return Effect(invoices.CREATE.name, inputs)


def _contact(known: Known, results: tuple[Result, ...], *, check_link: bool) -> Step | Use:
    created = [r.outcome for r in results if r.name == effects.CREATE.name]
    if created and isinstance(created[-1], Succeeded):
        return Use(str(created[-1].external_id), "created")
    party = known["party"] and effects.party_from(known["party"])
    # As it was when this action began to look: what it finds is linked at once.
    link = next((r.inputs["link"] for r in results if r.name in _LOOKS), known["link"]) or {}
    seen = effects.seen_in(results)
    base = {"party": known["party"], "link": link or None}
    match resolve(party or None, link.get("contact_id"), seen, check_link=check_link):
        case Read(by, value):
            return Effect(effects.READ.name, {"by": by.value, "value": value, **base})
        case Create(name):
            return Effect(effects.CREATE.name, {"name": name, **base})
        case NoContact(message):
            return Refuse(Rejected("contact_unclear", message))
        case Use() as use:
            return use
