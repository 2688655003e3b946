"""What a request for a repeating invoice asks for, completed from the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject
from domain.actions.plan import Request
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams, InvoiceSources
from domain.invoices.recurring import CatalogueProduct, Wanted
from domain.invoices.schedule import Due, DueDateType, ScheduleUnit, due_of_terms, resolve_due
from domain.invoices.selection import Deal
from infra.database import billing, crm
from infra.database.engine import Transaction
from infra.platform import Integration
from infra.platforms.xero.invoices import settings_of, terms_of


@dataclass(frozen=True, slots=True)
class RepeatingWish:
    """A request for a repeating invoice, and the products it may bill."""

    wanted: Wanted
    deal: Deal | None
    catalogue: tuple[CatalogueProduct, ...]
    period: int
    unit: ScheduleUnit
    asked_due: Due | None
    emails: bool

    def due(self, organisation: JsonObject) -> Due:
        """When each invoice falls due, given what is known of the organisation."""
        return resolve_due(self.asked_due, due_of_terms(terms_of(organisation.get("terms"))))


def repeating_wish(tx: Transaction, request: Request) -> RepeatingWish:
    """Read a request's params (checked at intake), its deal, and the catalogue's products."""
    given = request.params
    product_ids = _ids(given, "product_ids")
    return RepeatingWish(
        wanted=Wanted(_terms(given), _ids(given, "deal_product_ids"), product_ids),
        deal=None if request.deal_id is None else billing.billing_of(tx, request.deal_id),
        catalogue=crm.catalogue_products(tx, request.workspace_id, product_ids or ()),
        period=given["schedule_period"],
        unit=ScheduleUnit(given["schedule_unit"]),
        asked_due=_asked_due(given),
        emails=given["approve_for_sending"],
    )


def sources_of(
    tx: Transaction,
    request: Request,
    integration: Integration,
    organisation: JsonObject,
    today: date,
) -> InvoiceSources:
    """Return where what the request leaves out comes from."""
    deal = request.deal_id and crm.find_deal(tx, request.workspace_id, request.deal_id)
    return InvoiceSources(
        today=today,
        base_currency=organisation["base_currency"],
        deal_currency=deal.currency if deal else None,
        settings=settings_of(integration.settings),
    )


def check(tx: Transaction, request: Request) -> list[tuple[str, str]]:
    """Find what only the database can tell of a request for a repeating invoice."""
    return list(_problems(tx, request))


def _problems(tx: Transaction, request: Request) -> Iterator[tuple[str, str]]:
    given, deal_id = request.params, request.deal_id
    if deal_id is not None and crm.find_deal(tx, request.workspace_id, deal_id) is None:
        yield "data.deal.id", f"no deal {deal_id} in this workspace"
        return
    if deal_id is None and given.get("deal_product_ids") is not None:
        yield "data.deal.id", "is required with deal_product_ids; or give product_ids"
        return
    lines = {one.id for one in crm.deal_products(tx, deal_id)} if deal_id else set()
    yield from _strangers(given, "deal_product_ids", lines, "is no product of this deal")
    named = _ids(given, "product_ids") or ()
    known = {one.id for one in crm.catalogue_products(tx, request.workspace_id, named)}
    yield from _strangers(given, "product_ids", known, "is no product of this workspace")


def _strangers(
    given: JsonObject, name: str, known: set[UUID], words: str
) -> Iterator[tuple[str, str]]:
    ids = _ids(given, name) or ()
    for place, one in enumerate(ids):
        if one not in known:
            yield f"params.{name}[{place}]", f"{one} {words}"
        elif one in ids[:place]:
            yield f"params.{name}[{place}]", f"{one} is named twice; name it once"


def _terms(given: JsonObject) -> InvoiceParams:
    basis = given.get("line_amount_types")
    return InvoiceParams(
        portion=Portion.ONGOING,
        account_code=given["account_code"],
        tax_type=given["tax_type"],
        currency=given.get("currency"),
        line_amount_types=None if basis is None else LineAmountTypes(basis),
        include_usage_based=given["include_usage_based"],
    )


def _asked_due(given: JsonObject) -> Due | None:
    days, kind = given.get("due_days"), given.get("due_date_type")
    if days is None:
        return None
    return Due(days, DueDateType(kind) if kind else DueDateType.DAYS_AFTER_BILL_DATE)


def _ids(given: JsonObject, name: str) -> tuple[UUID, ...] | None:
    ids: Any = given.get(name)
    return None if ids is None else tuple(map(UUID, ids))
