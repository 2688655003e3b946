"""A deal's page, and the part of it that changes by itself."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from domain.contacts import Party
from infra.database import connections, console, contacts, crm, email_configs, facts, views
from infra.database.crm import DealFacts
from infra.database.engine import Transaction
from infra.database.views import Row, Wanted
from infra.http.problems import HttpProblem
from infra.platforms.xero import organisation, remembered
from workers.api.events import TYPES
from workers.console import asking, rendering
from workers.console.deal_view import (
    InvoiceView,
    invoice_view,
    outstanding_of,
    product_view,
    schedule_in_words,
    totals,
)
from workers.console.progress_view import progress
from workers.console.rendering import page
from workers.console.visit import Page, Visit

ACTIONS_SHOWN = 6
LINKED_NAME = "linked contact:"
"""The fact that keeps how a contact was called when somebody linked it here."""
EVER = timedelta(days=36_500)
READ, WRITE = Scope.INTEGRATIONS_READ, Scope.INVOICES_WRITE


@dataclass(frozen=True, slots=True)
class Xero:
    """A Xero integration of the workspace, and whom the deal is there. `today` is its date."""

    id: UUID
    name: str
    status: str
    reason: str | None
    settings: dict[str, Any]
    today: dt.date
    contact_id: str | None
    contact_name: str | None
    linked_on: str | None


def deal_of(visit: Visit) -> DealFacts:
    """Return the deal of the address.

    Raises:
        HttpProblem: the workspace has no such deal.
    """
    with visit.fleet.database.reading() as tx:
        found = crm.find_deal(tx, visit.caller.workspace_id, visit.ids["deal_id"])
    if found is None:
        raise HttpProblem("not_found", "There is no such deal in this workspace.")
    return found


def correspondents(visit: Visit, deal: DealFacts) -> Mapping[str, Any]:
    """Return what a dialog asks an email by: the sender, the company's people, the deal's own."""
    with visit.fleet.database.reading() as tx:
        return {
            "sender": email_configs.default(tx, deal.workspace_id),
            "people": console.people_of(tx, deal.workspace_id, deal.customer_id),
            "primary": deal.contact_id and crm.find_contact(tx, deal.workspace_id, deal.contact_id),
        }


def organisations_of(visit: Visit, deal: DealFacts) -> list[Xero]:
    """Return the workspace's Xero integrations; nothing is asked of Xero."""
    with visit.fleet.database.reading() as tx:
        rows = connections.listed(tx, deal.workspace_id, "xero")
        return [_xero(visit, tx, deal, row) for row in rows]


def _xero(visit: Visit, tx: Transaction, deal: DealFacts, row: Row) -> Xero:
    now, integration_id = visit.fleet.now(), row["id"]
    told = facts.fresh(tx, integration_id, organisation.FACT, EVER, now)
    today = organisation.today(told, row["settings"], now) if told else None
    link = contacts.link_of(tx, integration_id, deal)
    contact_id = link.contact_id if link else None
    known = [
        facts.fresh(tx, integration_id, f"{fact}{contact_id}", EVER, now)
        for fact in (remembered.FACT, LINKED_NAME)
    ]
    return Xero(
        id=integration_id,
        name=row["name"],
        status=row["status"],
        reason=row["status_reason"],
        settings=row["settings"],
        today=today or now.date(),
        contact_id=contact_id,
        contact_name=next((one["name"] for one in known if one), None),
        linked_on=link.on.value if link else None,
    )


def party_of(visit: Visit, deal: DealFacts) -> Party | None:
    """Return whom the CRM says the deal is with."""
    with visit.fleet.database.reading() as tx:
        return crm.party_of(tx, deal)


def invoices_of(visit: Visit, today: dt.date) -> tuple[list[InvoiceView], list[tuple[str, str]]]:
    """Return the deal's invoices, the newest first, and what is outstanding."""
    found = asking.ask(visit, "list_invoices")
    views_ = [invoice_view(one, today) for one in reversed(found.items)]
    return views_, list(outstanding_of(found.outstanding))


def invoice_of(visit: Visit, today: dt.date) -> InvoiceView:
    """Return the invoice of the address, one that the deal's page lists.

    Raises:
        HttpProblem: the deal has no such invoice.
    """
    shown, _ = invoices_of(visit, today)
    found = next((one for one in shown if one.id == visit.ids["invoice_id"]), None)
    if found is None:
        raise HttpProblem("not_found", "There is no such invoice on this deal.")
    return found


def shown(visit: Visit) -> dict[str, Any]:
    """Return everything the deal's page shows."""
    deal = deal_of(visit)
    organisations = organisations_of(visit, deal)
    today = organisations[0].today if organisations else visit.fleet.now().date()
    sees_money = visit.caller.sees_money
    products = asking.ask(visit, "list_products").items
    invoices, outstanding = invoices_of(visit, today) if sees_money else ([], [])
    currency = deal.currency or ""
    with visit.fleet.database.reading() as tx:
        templates = console.templates_of(tx, deal.workspace_id, deal.id) if sees_money else []
        wanted = Wanted(workspace=deal.workspace_id, deal=deal.id, limit=ACTIONS_SHOWN)
        rows = views.actions(tx, wanted)
    now = visit.fleet.now()
    actions = [progress(row, now, sees_money=sees_money) for row in rows]
    return {
        "deal": deal,
        "party": party_of(visit, deal),
        "currency": currency,
        "organisations": organisations,
        "products": [product_view(one, currency) for one in products],
        "totals": totals(products, currency),
        "invoices": invoices,
        "templates": [(row, schedule_in_words(row)) for row in templates],
        "outstanding": outstanding,
        "actions": actions,
        "busy": any(not one.is_final for one in actions),
        "sees_money": sees_money,
        "can_write": visit.visitor.may(WRITE),
        "can_link": visit.visitor.may(Scope.INTEGRATIONS_WRITE),
        "today": today,
        "now": now,
    }


def show_deal(visit: Visit) -> Response:
    """Show one deal."""
    given = shown(visit)
    return page("deal.html", visit, **given, seen=_digest(visit, given), event_types=TYPES)


def show_live(visit: Visit) -> Response:
    """Show what changes by itself, if it has: the browser says what it has seen."""
    given = shown(visit)
    seen = _digest(visit, given)
    if visit.query.one("seen") == seen:
        return Response(status_code=204, headers=rendering.HEADERS)
    return page("deal_live.html", visit, **given, seen=seen)


def _digest(visit: Visit, given: dict[str, Any]) -> str:
    body = rendering.html("deal_live.html", visitor=visit.visitor, **given, seen="")
    return hashlib.sha256(body.encode()).hexdigest()[:32]


_DEAL = "/deals/{deal_id:uuid}"
PAGES = (
    Page("GET", _DEAL, show_deal, READ),
    Page("GET", _DEAL + "/live", show_live, READ),
)
