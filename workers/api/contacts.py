"""Endpoints over the Xero contact of a deal: which it is, linking another, having one created."""

from collections.abc import Sequence
from uuid import UUID

from domain.access import Scope
from domain.contacts import Entity
from infra.database import contacts
from infra.database.crm import DealFacts
from infra.envelope import Problem
from infra.http.problems import invalid
from workers import reading
from workers.api import submitting
from workers.api.deals import DEAL, Through, deal_of, xero_of
from workers.api.endpoint import Accepted, Asked, Endpoint, ParamsBody
from workers.api.shapes import XeroContact


def get_contact(asked: Asked) -> XeroContact:
    """Return whom the deal is invoiced to."""
    deal = deal_of(asked)
    integration_id = xero_of(asked, asked.query.integration_id)
    return _contact(asked, deal, integration_id)


def _contact(
    asked: Asked, deal: DealFacts, integration_id: UUID, name: str | None = None
) -> XeroContact:
    with asked.fleet.database.reading() as tx:
        link = contacts.link_of(tx, integration_id, deal)
    if link is None:
        return XeroContact(integration_id, None, None, None, None)
    return XeroContact(integration_id, link.contact_id, link.on.value, link.linked_by, name)


def link_contact(asked: Asked) -> XeroContact | Accepted:
    """Link the deal to a contact that Xero has, or have one found or created for it."""
    deal = deal_of(asked)
    params = dict(asked.body)
    integration_id = xero_of(asked, params.pop("integration_id", None))
    if "contact_id" not in params:
        action_type = "xero_create_contact"
        return submitting.params_submitted(asked, action_type, integration_id, params, deal.id)
    contact_id = params.pop("contact_id")
    if params:
        words = "unknown field; remove it or mend its name"
        raise invalid(Problem(name, words) for name in params)
    told = reading.ask(
        asked.fleet,
        integration_id,
        "xero_contact",
        {"contact_id": contact_id},
        asked_by=asked.caller.who,
        workspace_id=asked.workspace_id,
    )
    if not told.items:
        words = f"Xero has no active contact {contact_id}; look it up with the read xero_contacts"
        raise invalid([Problem("contact_id", words)])
    found = told.items[0]
    fleet, by = asked.fleet, asked.caller.who
    with fleet.database.transaction() as tx:
        kept = found["contact_id"]
        contacts.link(tx, integration_id, Entity.DEAL, deal.id, kept, by=by, now=fleet.now())
    return _contact(asked, deal, integration_id, found["name"])


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET", DEAL + "/xero-contact", "get_contact", Scope.INTEGRATIONS_READ, get_contact,
        "Show whom a deal is invoiced to in Xero", XeroContact, query=Through,
    ),
    Endpoint(
        "POST", DEAL + "/xero-contact", "link_contact", Scope.INTEGRATIONS_WRITE, link_contact,
        "Link a deal to a Xero contact, or find or create it", XeroContact, asks_platform=True,
        body=ParamsBody(("xero_create_contact",), frozenset({"customer_id"}), Through),
        errors=("conflict", "unavailable"),
        description="With `contact_id` (Xero's) the deal is linked to it at once, which outranks"
        " every other link: 200 with the link. Without it the contact of the deal's customer or"
        " primary contact is found or created: 202 with the action.",
    ),
)  # fmt: skip
