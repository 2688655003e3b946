"""Params of `xero_create_repeating_invoice`. Loaded only where requests are checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.invoices.due_dates import TERM_DAYS_MAX
from domain.invoices.portions import LineAmountTypes
from domain.invoices.schedule import PERIOD_MAX, DueDateType, ScheduleUnit
from infra.platforms.xero.params import Code, Currency, Ids, Reference

Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class CreateRepeatingInvoice:
    """`xero_create_repeating_invoice`: `contact_id` is Xero's id of the contact."""

    contact_id: UUID
    schedule_period: Annotated[int, Field(ge=1, le=PERIOD_MAX)]
    schedule_unit: ScheduleUnit
    account_code: Code
    tax_type: Code
    deal_product_ids: Ids | None = None
    product_ids: Ids | None = None
    approve_for_sending: bool = True
    include_usage_based: bool = False
    due_date_type: DueDateType | None = None
    due_days: Annotated[int, Field(ge=0, le=TERM_DAYS_MAX)] | None = None
    reference: Reference | None = None
    line_amount_types: LineAmountTypes | None = None
    currency: Currency | None = None
    branding_theme_id: UUID | None = None

    @staticmethod
    def between(given: Mapping[str, Any]) -> Problems:
        """Tell what is wrong between fields, as (field, words), with what is wrong within them."""
        yield from _which_products(given)
        yield from _when_due(given)


def _which_products(given: Mapping[str, Any]) -> Problems:
    named = [n for n in ("deal_product_ids", "product_ids") if given.get(n) is not None]
    if not named:
        yield "deal_product_ids", "give exactly one of deal_product_ids and product_ids"
    if len(named) > 1:
        yield "product_ids", "give exactly one of deal_product_ids and product_ids, not both"
    for name in named:
        if given[name] == []:
            yield name, "names no product; name at least one"


def _when_due(given: Mapping[str, Any]) -> Problems:
    kind, days = given.get("due_date_type"), given.get("due_days")
    if kind is not None and days is None:
        yield "due_days", "is required with due_date_type"
    months = {one.value for one in DueDateType if one.names_a_day_of_the_month}
    if kind in months and isinstance(days, int) and not 1 <= days <= 31:
        yield "due_days", f"is a day of the month with {kind}: 1 to 31"
