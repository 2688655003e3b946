"""Endpoints over deals (opportunities): their products and their invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access import Scope
from domain.invoices.derived import outstanding
from domain.invoices.portions import Portion
from domain.invoices.xero_status import InvoiceStatus
from domain.payments.status import PaymentStatus
from infra.database import connections, contacts, crm, invoices, promotions
from infra.database.crm import DealFacts
from infra.database.engine import Transaction
from infra.envelope import Problem
from infra.http.problems import HttpProblem, invalid
from infra.platforms.xero.read_params import PreviewInvoice
from workers import preview
from workers.api import submitting
from workers.api.actions import integration_in
from workers.api.checking import adapter
from workers.api.endpoint import Accepted, Asked, Endpoint, ParamsBody
from workers.api.shapes import (
    Action,
    InvoiceList,
    Product,
    ProductList,
    shown_invoice,
)
from workers.deal_products import products_of
from workers.preview import Preview


@dataclass(frozen=True)
class Through:
    """The Xero integration; not needed where the workspace has only one."""

    integration_id: UUID | None = None


@dataclass(frozen=True)
class PreviewWish(PreviewInvoice):
    """What the invoice would say, and through which integration it would be raised."""

    integration_id: UUID | None = None


@dataclass(frozen=True)
class Correction:
    """The payment status as a person wants it."""

    payment_status: PaymentStatus


CREATE, REPEAT = "xero_create_invoice", "xero_create_repeating_invoice"
ONGOING = {REPEAT: ("portion", Portion.ONGOING.value)}


def deal_of(asked: Asked) -> DealFacts:
    """Return the deal of the address.

    Raises:
        HttpProblem: the workspace has no such deal.
    """
    with asked.fleet.database.reading() as tx:
        found = crm.find_deal(tx, asked.workspace_id, asked.ids["deal_id"])
    if found is None:
        words = f"there is no deal {asked.ids['deal_id']} in this workspace"
        raise HttpProblem("not_found", words)
    return found


def xero_of(asked: Asked, given: Any) -> UUID:
    """Return the Xero integration a call is for: the one it names, else the workspace's only one.

    Raises:
        HttpProblem: it names none, or none that is there.
    """
    if given is not None:
        try:
            named = given if isinstance(given, UUID) else UUID(given)
        except (ValueError, TypeError, AttributeError) as error:
            raise invalid([Problem("integration_id", "must be a UUID")]) from error
        return integration_in(asked, named, "xero")
    before = submitting.integration_before(asked)
    if before is not None:
        return before
    with asked.fleet.database.reading() as tx:
        found = [row["id"] for row in connections.listed(tx, asked.workspace_id, "xero")]
    if len(found) != 1:
        names = ", ".join(map(str, found))
        words = f"is required: there are several ({names})" if found else "Xero is not connected"
        raise invalid([Problem("integration_id", words)])
    only: UUID = found[0]
    return only


def list_products(asked: Asked) -> ProductList:
    """Return the deal's products with their money."""
    deal = deal_of(asked)
    with asked.fleet.database.reading() as tx:
        rows = products_of(tx, deal.id, deal.currency)
    shown = [Product(**{name: row[name] for name in Product.__slots__}) for row in rows]
    return ProductList(deal.id, deal.currency, shown)


def correct_product(asked: Asked) -> Product:
    """Set a product's payment status by a person's hand."""
    if asked.ids["product_id"] not in {one.id for one in list_products(asked).items}:
        words = f"the deal has no product {asked.ids['product_id']}"
        raise HttpProblem("not_found", words)
    fleet = asked.fleet
    with fleet.database.transaction() as tx:
        promotions.set_by_person(
            tx,
            asked.ids["product_id"],
            asked.body.payment_status,
            asked.caller.who,
            fleet.now(),
            workspace_id=asked.workspace_id,
        )
    return next(p for p in list_products(asked).items if p.id == asked.ids["product_id"])


def list_invoices(asked: Asked) -> InvoiceList:
    """Return the deal's invoices, and those raised in Xero for its linked contacts."""
    deal = deal_of(asked)
    with asked.fleet.database.reading() as tx:
        linked = _contacts_of(tx, deal)
        rows = [dict(row._mapping) for row in  # noqa: SLF001 - SQLAlchemy's public name for it
                invoices.of_deal(tx, deal.workspace_id, deal.id, linked)]  # fmt: skip
    own = [row for row in rows if row["deal_id"] == deal.id]
    due = outstanding((InvoiceStatus(r["status"]), r["currency"], r["amount_due"]) for r in own)
    return InvoiceList([shown_invoice(row) for row in rows], due)


def _contacts_of(tx: Transaction, deal: DealFacts) -> list[str]:
    ours = [one for one in (deal.id, deal.customer_id, deal.contact_id) if one is not None]
    xero = [row["id"] for row in connections.listed(tx, deal.workspace_id, "xero")]
    return [one for each in xero for one in contacts.linked_to_any(tx, each, ours)]


def create_invoice(asked: Asked) -> Accepted:
    """Raise an invoice for the deal; an ongoing one is a repeating invoice."""
    deal = deal_of(asked)
    params = dict(asked.body)
    integration_id = xero_of(asked, params.pop("integration_id", None))
    action_type = CREATE
    if params.get("portion") == Portion.ONGOING:
        action_type = REPEAT
        del params["portion"]
    return submitting.params_submitted(asked, action_type, integration_id, params, deal.id)


def preview_invoice(asked: Asked) -> Preview:
    """Return the invoice as it would be raised."""
    deal = deal_of(asked)
    given = adapter(PreviewWish).dump_python(asked.query, mode="json", exclude_none=True)
    given.pop("integration_id", None)
    return preview.preview(
        asked.fleet,
        xero_of(asked, asked.query.integration_id),
        deal.id,
        given,
        asked_by=asked.caller.who,
        workspace_id=asked.workspace_id,
    )


def sync_invoices(asked: Asked) -> Accepted:
    """Pull the latest of the deal's invoices from Xero."""
    deal = deal_of(asked)
    params = dict(asked.body)
    integration_id = xero_of(asked, params.pop("integration_id", None))
    return submitting.params_submitted(asked, "xero_sync_invoices", integration_id, params, deal.id)


DEAL = "/opportunities/{deal_id:uuid}"
READ, WRITE = Scope.INVOICES_READ, Scope.INVOICES_WRITE

ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET", DEAL + "/products", "list_products", Scope.INTEGRATIONS_READ, list_products,
        "List a deal's products with what is invoiced and paid", ProductList,
    ),
    Endpoint(
        "PATCH", DEAL + "/products/{product_id:uuid}", "correct_product", WRITE, correct_product,
        "Set a product's payment status by hand", Product, body=Correction,
        description="A person may set any status; what automation has used up stays used up, so no"
        " late event undoes it.",
    ),
    Endpoint(
        "GET", DEAL + "/invoices", "list_invoices", READ, list_invoices,
        "List a deal's invoices and what is outstanding", InvoiceList,
    ),
    Endpoint(
        "POST", DEAL + "/invoices", "create_invoice", WRITE, create_invoice,
        "Raise an invoice for a deal", Action, errors=("conflict",),
        body=ParamsBody((CREATE, REPEAT), besides=Through, chosen_by=ONGOING),
        description="The params of xero_create_invoice; with portion `ongoing` those of"
        " xero_create_repeating_invoice.",
    ),
    Endpoint(
        "GET", DEAL + "/invoices/preview", "preview_invoice", READ, preview_invoice,
        "Show an invoice as it would be raised, and raise nothing", Preview, query=PreviewWish,
        asks_platform=True, errors=("unavailable",),
    ),
    Endpoint(
        "POST", DEAL + "/invoices/sync", "sync_invoices", WRITE, sync_invoices,
        "Pull the latest of a deal's invoices from Xero", Action, errors=("conflict",),
        body=ParamsBody(("xero_sync_invoices",), besides=Through),
    ),
)  # fmt: skip
