"""Invoice lines whose amount Xero is certain to compute as we did.

Source: developer.xero.com, guide "Rounding in Xero" (UnitAmount has 2 decimals, 4 with `unitdp=4`;
line amounts 2) and Accounting API, Invoices, "Elements for Line Items" (Quantity at most 13
characters, Description at most 4,000, LineAmount = Quantity x UnitAmount x (100 - DiscountRate) /
100). Neither page says how a tie is rounded, nor whether the discount is rounded before it is
taken off; a reported refusal (XeroAPI/Xero-NetStandard issue 147: 1 x 0.01 less 50 % is expected
to be 0.00) rules out plain half up. So a line is itemised only where every plausible order of
rounding agrees with our amount, and otherwise goes as 1 x our amount with the numbers in words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from domain.invoices.portions import HUNDRED, LINE_AMOUNT_MAX, DealProduct, full_amount
from domain.money import decimals_of, exact_product, plain, round_to, worded

UNIT_DECIMALS = 4
TEMPLATE_UNIT_DECIMALS = 2
"""Of a repeating template: Xero documents no `unitdp` for those calls."""

QUANTITY_CHARACTERS_MAX = 13
DESCRIPTION_CHARACTERS_MAX = 4_000

DISCOUNT_DECIMALS_MAX = 2
"""Xero's edit page recomputes a DiscountRate with more decimals (XeroAPI/xero-node issue 592)."""

_LINE_DECIMALS = 2
_PERCENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class LineContent:
    """What a line says and bills: sent as it is, LineAmount left for Xero to compute.

    `discount_rate` is a percentage, None when there is no discount; `amount` is what
    quantity, unit_amount and discount_rate come to.
    """

    description: str
    quantity: Decimal
    unit_amount: Decimal
    discount_rate: Decimal | None
    amount: Decimal


def xero_line_amount(
    quantity: Decimal,
    unit_amount: Decimal,
    discount_rate: Decimal | None,
    unitdp: int = UNIT_DECIMALS,
) -> Decimal:
    """Return the LineAmount by Xero's published formula, ties away from zero, to 2 decimals."""
    return _net_half_up(quantity, round_to(unit_amount, unitdp), discount_rate or Decimal(0))


def is_certain(quantity: Decimal, unit_amount: Decimal, discount_rate: Decimal | None) -> bool:
    """Tell whether every plausible order of rounding gives the same LineAmount (`unitdp=4`)."""
    unit = round_to(unit_amount, UNIT_DECIMALS)
    rate = discount_rate or Decimal(0)
    return len({compute(quantity, unit, rate) for compute in ROUNDING_ORDERS}) == 1


def itemised_line(
    product: DealProduct, currency: str, unit_decimals: int = UNIT_DECIMALS
) -> LineContent:
    """Return the line for the full amount: itemised where that is exact, else as 1 x amount.

    `unit_decimals`: how many of a unit price the call keeps.
    """
    amount = full_amount(product, currency)
    quantity, unit = product.quantity, product.unit_price
    rate = product.discount_percent or None
    if (
        _fits(quantity, unit, product.discount_percent, unit_decimals)
        and is_certain(quantity, unit, rate)
        and xero_line_amount(quantity, unit, rate) == amount
    ):
        return LineContent(_cut(product.text), quantity, unit, rate, amount)
    return lump_line(product, amount, numbers_in_words(product, currency))


def lump_line(product: DealProduct, amount: Decimal, words: str) -> LineContent:
    """Return a line of 1 x `amount` whose description ends with `words`."""
    return LineContent(_cut(product.text, words), Decimal(1), amount, None, amount)


def numbers_in_words(product: DealProduct, currency: str) -> str:
    """Return quantity, price and discount as a sentence for a description."""
    discount = product.discount_percent
    less = f", less {plain(discount)}%" if discount else ""
    return f"Quantity {plain(product.quantity)} at {plain(product.unit_price)} {currency}{less}"


def deposit_in_words(product: DealProduct, currency: str) -> str:
    """Return what a deposit line bills, as a sentence for its description."""
    percent = plain(product.deposit_percent or Decimal(0))
    return f"Deposit: {percent}% of {worded(full_amount(product, currency), currency)}"


def balance_in_words(product: DealProduct, amount: Decimal, currency: str) -> str:
    """Return what a balance line of `amount` bills, as a sentence for its description."""
    full = full_amount(product, currency)
    billed = full - amount
    less = f" less {worded(billed, currency)} already invoiced" if billed else ""
    return f"Balance: {worded(full, currency)}{less}"


def _fits(quantity: Decimal, unit: Decimal, discount: Decimal, unit_decimals: int) -> bool:
    return (
        decimals_of(quantity) <= UNIT_DECIMALS
        and decimals_of(unit) <= unit_decimals
        and decimals_of(discount) <= DISCOUNT_DECIMALS_MAX
        and len(plain(quantity)) <= QUANTITY_CHARACTERS_MAX
        and unit <= LINE_AMOUNT_MAX
    )


def _cut(text: str, words: str = "") -> str:
    """Join `text` and `words` within Xero's limit; the words are kept, the text gives way."""
    ending = f"\n{words}" if words else ""
    room = DESCRIPTION_CHARACTERS_MAX - len(ending)
    return (text if len(text) <= room else f"{text[: room - 3]}...") + ending


def _net(quantity: Decimal, unit: Decimal, rate: Decimal) -> Decimal:
    return exact_product((quantity, unit, HUNDRED - rate, _PERCENT))


def _net_half_up(quantity: Decimal, unit: Decimal, rate: Decimal) -> Decimal:
    return round_to(_net(quantity, unit, rate), _LINE_DECIMALS)


def _net_half_even(quantity: Decimal, unit: Decimal, rate: Decimal) -> Decimal:
    return round_to(_net(quantity, unit, rate), _LINE_DECIMALS, half_even=True)


def _gross_less_rounded_discount(quantity: Decimal, unit: Decimal, rate: Decimal) -> Decimal:
    gross = round_to(exact_product((quantity, unit)), _LINE_DECIMALS)
    return gross - round_to(exact_product((gross, rate, _PERCENT)), _LINE_DECIMALS)


ROUNDING_ORDERS: tuple[Callable[[Decimal, Decimal, Decimal], Decimal], ...] = (
    _net_half_up,
    _net_half_even,
    _gross_less_rounded_discount,
)
"""The ways Xero may come to a LineAmount, each of (quantity, unit_amount, discount_rate)."""
