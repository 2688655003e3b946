"""What a deal product comes to, in full and by deposit, and which numbers are refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.invoices.refusal import Problem
from domain.money import crosses_exactly, exact_product, is_percentage, plain, round_half_up
from domain.payments.status import PaymentStatus

LINE_AMOUNT_MAX = Decimal("9999999999.99")
"""The largest LineAmount Xero takes (Accounting API, Invoices, "Elements for Line Items")."""

HUNDRED = Decimal(100)


class Portion(StrEnum):
    """Which part of its deal products an invoice bills."""

    FULL = "full"
    DEPOSIT = "deposit"
    BALANCE = "balance"
    ONGOING = "ongoing"


class LineAmountTypes(StrEnum):
    """Whether line amounts exclude or include tax, spelled as Xero spells it."""

    EXCLUSIVE = "Exclusive"
    INCLUSIVE = "Inclusive"
    NO_TAX = "NoTax"


@dataclass(frozen=True, slots=True)
class DealProduct:
    """A product line on a deal.

    `unit_price` is in the deal's currency and on the invoice's tax basis; the percentages are
    0 to 100; `deposit_percent` is the line's own, else its product's, else None; `account_code`
    and `tax_type` are its product's.
    """

    id: UUID
    deal_id: UUID
    name: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = Decimal(0)
    deposit_percent: Decimal | None = None
    payment_status: PaymentStatus = PaymentStatus.UNPAID
    category: str = "One-Off"
    description: str | None = None
    product_id: UUID | None = None
    account_code: str | None = None
    tax_type: str | None = None

    @property
    def is_usage_based(self) -> bool:
        """It is billed by use, so recurring invoices leave it out unless it is asked for."""
        return self.category == USAGE_BASED

    @property
    def text(self) -> str:
        """What its invoice line says: the name, and the description under it when there is one."""
        return "\n".join(part.strip() for part in (self.name, self.description) if part)


USAGE_BASED = "Usage-Based"


def full_amount(product: DealProduct, currency: str) -> Decimal:
    """Return quantity x unit_price x (1 - discount_percent / 100), rounded half up."""
    kept = HUNDRED - product.discount_percent
    return round_half_up(
        exact_product((product.quantity, product.unit_price, kept, Decimal("0.01"))), currency
    )


def deposit_amount(product: DealProduct, currency: str) -> Decimal:
    """Return the full amount x deposit_percent / 100, rounded half up; 0 without a percentage."""
    percent = product.deposit_percent or Decimal(0)
    return round_half_up(
        exact_product((full_amount(product, currency), percent, Decimal("0.01"))), currency
    )


def product_problems(product: DealProduct, currency: str) -> tuple[Problem, ...]:
    """Return every number of `product` that cannot be invoiced; empty when all can."""
    problems = tuple(_number_problems(product))
    if problems:
        return problems
    amount = full_amount(product, currency)
    if amount <= LINE_AMOUNT_MAX:
        return ()
    message = f"comes to {plain(amount)}; Xero takes at most {plain(LINE_AMOUNT_MAX)} a line"
    return (Problem(place_of(product), message),)


def place_of(product: DealProduct, field: str = "") -> str:
    """Return the path of a deal product, or of one of its fields, in a problem."""
    return f"deal_products[{product.id}]{'.' if field else ''}{field}"


def _number_problems(product: DealProduct) -> Iterator[Problem]:
    for field in ("quantity", "unit_price"):
        fault = _number_fault(getattr(product, field))
        if fault:
            yield Problem(place_of(product, field), fault)
    for field in ("discount_percent", "deposit_percent"):
        percent: Decimal | None = getattr(product, field)
        if percent is not None and not is_percentage(percent):
            yield Problem(place_of(product, field), f"{percent} is not between 0 and 100; mend it")
        elif percent is not None and not crosses_exactly(percent):
            yield Problem(place_of(product, field), _TOO_PRECISE.format(percent))


def _number_fault(value: Decimal) -> str | None:
    if not value.is_finite():
        return f"{value} is not a number; mend it on the deal"
    if value < 0:
        return f"{value} is negative; invoices bill, credit is given with a credit note in Xero"
    return None if crosses_exactly(value) else _TOO_PRECISE.format(value)


_TOO_PRECISE = "{} has more than 15 significant digits; round it on the deal"
