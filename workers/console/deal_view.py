"""A deal as its page shows it: pure functions from what is known to what is shown."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.invoices.xero_status import InvoiceStatus, void_target
from domain.money import exact_sum, round_half_up
from domain.payments.status import PaymentStatus
from workers.api.shapes import Invoice, Product
from workers.console.wording import money, number

BAR = Decimal(100)


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product of the deal. `paid` and `invoiced` are the bar's parts, in percent of the amount.

    `detail` is how its amount comes about; `note` what a person should know of its money.
    """

    id: UUID
    name: str
    detail: str
    category: str
    status: str
    product: Product
    paid: Decimal
    invoiced: Decimal
    note: str | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice's card, and what may be done about it as it stands."""

    id: UUID
    name: str
    invoice: Invoice
    is_locked: bool
    is_overdue: bool
    can_be_paid: bool
    can_be_sent: bool
    can_be_voided: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What the deal's products come to together."""

    amount: Decimal
    invoiced: Decimal
    paid: Decimal
    to_invoice: Decimal


def product_view(product: Product, currency: str) -> ProductView:
    """Return a product as it is shown."""
    return ProductView(
        id=product.id,
        name=product.name,
        detail=_detail(product, currency),
        category=product.category,
        status=PaymentStatus(product.payment_status).value,
        product=product,
        paid=_share(product.paid_amount, product.amount),
        invoiced=_share(product.invoiced_amount, product.amount),
        note=_note(product, currency),
    )


def _detail(product: Product, currency: str) -> str:
    text = f"{number(product.quantity)} × {unit_price(product.unit_price, currency)}"  # noqa: RUF001
    if product.discount_percent:
        text += f", less {number(product.discount_percent)} %"
    if product.deposit_percent:
        text += f" · deposit {number(product.deposit_percent)} %"
    return text


def unit_price(price: Decimal, currency: str) -> str:
    """Write a price with as many decimals as it has: usage is priced in parts of a cent."""
    rounded = round_half_up(price, currency)
    if rounded == price:
        return money(price, currency)
    return money(rounded, currency).replace(f"{rounded:,f}", number(price))


def _share(part: Decimal, whole: Decimal) -> Decimal:
    """Return a part in percent of the whole, 0 to 100, for the bar alone."""
    if whole <= 0:
        return Decimal(0)
    return min(BAR, max(Decimal(0), part / whole * BAR)).quantize(Decimal("0.1"))


def _note(product: Product, currency: str) -> str | None:
    if product.over_invoiced:
        return f"{money(product.over_invoiced, currency)} more than its amount is invoiced"
    owes = product.invoiced_amount and product.remaining_to_invoice
    if product.payment_status == PaymentStatus.PAID and owes:
        left = money(product.remaining_to_invoice, currency)
        return f"Deposit paid, {left} still to invoice"
    return None


def totals(products: Iterable[Product], currency: str) -> Totals:
    """Add up the deal's products."""
    rows = list(products)
    zero = round_half_up(Decimal(0), currency)
    return Totals(
        amount=exact_sum([zero, *(one.amount for one in rows)]),
        invoiced=exact_sum([zero, *(one.invoiced_amount for one in rows)]),
        paid=exact_sum([zero, *(one.paid_amount for one in rows)]),
        to_invoice=exact_sum([zero, *(one.remaining_to_invoice for one in rows)]),
    )


def invoice_view(invoice: Invoice, today: dt.date) -> InvoiceView:
    """Return an invoice as its card shows it."""
    status = InvoiceStatus(invoice.status)
    nothing_paid = invoice.total == invoice.amount_due
    overdue = status.is_outstanding and invoice.due_date is not None and invoice.due_date < today
    return InvoiceView(
        id=invoice.id,
        name=invoice.number or f"Draft {invoice.platform_invoice_id[:8]}",
        invoice=invoice,
        is_locked=status.is_locked,
        is_overdue=overdue and invoice.amount_due > 0,
        can_be_paid=status.offers_payment and invoice.amount_due > 0,
        can_be_sent=status.is_emailable,
        can_be_voided=void_target(status) is not None and nothing_paid,
    )


def outstanding_of(rows: Mapping[str, Decimal]) -> Sequence[tuple[str, str]]:
    """Return what is outstanding as (amount, currency), the currencies in order."""
    return [(money(amount, currency), currency) for currency, amount in sorted(rows.items())]


def schedule_in_words(row: Mapping[str, Any]) -> str:
    """Say how often a repeating invoice is raised: `every month`, `every 12 months`."""
    period = int(row["schedule_period"])
    unit = {"WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[row["schedule_unit"]]
    return f"every {unit}" if period == 1 else f"every {period} {unit}s"
