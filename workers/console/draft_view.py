"""The lines of an invoice not yet raised, as the Create Invoice dialog shows them. Pure."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.invoices.choices import DIMMED, LineState
from domain.invoices.portions import USAGE_BASED, Portion
from domain.invoices.schedule import DUE_OTHERWISE, ScheduleUnit, schedule
from workers.api.shapes import Product
from workers.console.deal_view import unit_price
from workers.console.wording import money, number
from workers.preview import Preview, PreviewLine

PORTIONS: Mapping[Portion, str] = {
    Portion.FULL: "One invoice for the complete amount.",
    Portion.DEPOSIT: "An upfront part, by the deposit percentage of each product.",
    Portion.BALANCE: "What remains once a deposit has been raised.",
    Portion.ONGOING: "A repeating invoice: Xero raises the next one on its own schedule.",
}


@dataclass(frozen=True, slots=True)
class LineView:
    """A product in the dialog. `dimmed`: billed already; `disabled`: it can have no line at all."""

    id: UUID
    name: str
    detail: str
    status: str
    amount: str
    checked: bool
    disabled: bool
    dimmed: bool
    note: str | None
    warning: str | None


def lines_of(
    preview: Preview, products: Collection[Product], ticked: Collection[str] | None
) -> list[LineView]:
    """Return every product of the deal as a line; `ticked` None: as the defaults have it."""
    known = {one.id: one for one in products}
    return [
        _line(preview, one, known[one.deal_product_id], ticked)
        for one in preview.lines
        if one.deal_product_id in known
    ]


def nothing_chosen(portion: Portion, lines: Collection[LineView]) -> str:
    """Say why nothing is ticked, and what to do about it."""
    if not lines:
        return "The deal has no products: add some to it first."
    if all(one.disabled for one in lines):
        return f"No product can be invoiced as {portion.value}: choose another portion."
    return (
        f"Nothing is ticked by itself for {portion.value}: see the status of each. Tick what to"
        " invoice all the same, or choose another portion."
    )


def _line(
    preview: Preview, line: PreviewLine, product: Product, ticked: Collection[str] | None
) -> LineView:
    portion, currency = preview.portion, preview.currency
    by_use = portion is Portion.ONGOING and product.category == USAGE_BASED
    disabled = line.state is LineState.SKIPPED and not by_use
    chosen = line.is_chosen if ticked is None else str(line.deal_product_id) in ticked
    owed = portion is Portion.BALANCE and line.balance_open is not None
    return LineView(
        id=line.deal_product_id,
        name=line.name,
        detail=_detail(portion, line, product, currency),
        status=line.payment_status.value,
        amount=money(line.amount if not by_use or line.amount else product.amount, currency),
        checked=chosen and not disabled,
        disabled=disabled,
        dimmed=line.payment_status in DIMMED[portion] and not owed,
        note=_note(portion, line, product, currency, by_use=by_use),
        warning=None if disabled else _warning(line),
    )


def _detail(portion: Portion, line: PreviewLine, product: Product, currency: str) -> str:
    whole = money(product.amount, currency)
    if portion is Portion.DEPOSIT and product.deposit_percent:
        return f"{number(product.deposit_percent)} % of {whole}"
    if portion is Portion.BALANCE:
        return f"Left of {whole}"
    text = f"{number(line.quantity)} × {unit_price(line.unit_price, currency)}"  # noqa: RUF001
    less = line.discount_percent
    return f"{text}, less {number(less)} %" if less else text


def _note(
    portion: Portion, line: PreviewLine, product: Product, currency: str, *, by_use: bool
) -> str | None:
    if by_use:
        return "Usage-Based: usually billed by itself; ticked, it is billed every time"
    if line.state is LineState.SKIPPED:
        return _sentence(line.reason)
    if line.balance_open is not None:
        return f"Deposit paid, {money(line.balance_open, currency)} still to invoice"
    left = line.remaining_to_invoice
    part = left is not None and Decimal(0) < left < product.amount
    if part and left is not None and portion is not Portion.BALANCE:
        return f"{money(left, currency)} of {money(product.amount, currency)} is left to invoice"
    return None


def _warning(line: PreviewLine) -> str | None:
    if not line.warning:
        return None
    return _sentence(line.warning.removeprefix(f"{line.name}: "))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def first_day(today: dt.date, unit: str, period: str) -> dt.date | None:
    """Return the day of a schedule's first invoice, one full period from today; None: no period."""
    try:
        found = schedule(int(period), ScheduleUnit(unit), today, DUE_OTHERWISE)
    except ValueError:
        return None
    return found.starts_on
