"""What one portion asks of one deal product: the money, and what stands in the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.invoices.ledger import Ledger, balance_open, remaining
from domain.invoices.portions import (
    DealProduct,
    LineAmountTypes,
    Portion,
    deposit_amount,
    full_amount,
    place_of,
)
from domain.money import worded


@dataclass(frozen=True, slots=True)
class Wish:
    """What the choice depends on. `named` maps each id asked for to its place in the request."""

    portion: Portion
    currency: str
    line_amount_types: LineAmountTypes
    ledger: Ledger
    named: Mapping[UUID, int] | None = None
    include_usage_based: bool = False

    def names(self, product: DealProduct) -> bool:
        """Tell whether the request names the product."""
        return self.named is not None and product.id in self.named

    def place(self, product: DealProduct) -> str:
        """Return where the request names the product, else the product itself."""
        index = (self.named or {}).get(product.id)
        return place_of(product) if index is None else f"params.deal_product_ids[{index}]"


@dataclass(frozen=True, slots=True)
class LineMoney:
    """What one product comes to under one wish; see `LineChoice` for the fields."""

    full: Decimal
    left: Decimal
    amount: Decimal
    over: Decimal
    balance_open: Decimal | None


def line_money(wish: Wish, product: DealProduct) -> LineMoney:
    """Work out what the wish bills of `product`, and how far that exceeds what is left.

    Ongoing exceeds nothing: each period bills anew.
    """
    full = full_amount(product, wish.currency)
    left = remaining(product, wish.ledger, wish.currency)
    unbilled = max(Decimal(0), left)
    amount = {
        Portion.FULL: full,
        Portion.DEPOSIT: deposit_amount(product, wish.currency),
        Portion.BALANCE: unbilled,
        Portion.ONGOING: full,
    }[wish.portion]
    recurs = wish.portion is Portion.ONGOING
    over = Decimal(0) if recurs else max(Decimal(0), amount - unbilled)
    return LineMoney(full, left, amount, over, balance_open(product, wish.ledger, wish.currency))


def obstacle(wish: Wish, product: DealProduct, money: LineMoney) -> str | None:
    """Say why the product cannot contribute a line to the portion at all, or return None."""
    return _OBSTACLES[wish.portion](wish, product, money)


def excess_in_words(wish: Wish, money: LineMoney) -> str | None:
    """Say by how much the line exceeds what is left to invoice, or return None."""
    if not money.over:
        return None
    left, full, over = (
        worded(amount, wish.currency)
        for amount in (max(Decimal(0), money.left), money.full, money.over)
    )
    return f"{left} of {full} is left to invoice, this bills {over} more"


def earlier_deposit(wish: Wish, product: DealProduct) -> str | None:
    """Say where a deposit was billed already, when the wish is for one; else return None."""
    if wish.portion is not Portion.DEPOSIT:
        return None
    labels = [c.label for c in wish.ledger.claims(product.id) if c.raised_as is Portion.DEPOSIT]
    return f"a deposit is already on {', '.join(labels)}" if labels else None


def _no_obstacle(_wish: Wish, _product: DealProduct, _money: LineMoney) -> str | None:
    return None


def _no_deposit(wish: Wish, product: DealProduct, money: LineMoney) -> str | None:
    if not product.deposit_percent:
        return "it has no deposit percentage"
    return None if money.amount else f"its deposit comes to {worded(money.amount, wish.currency)}"


def _nothing_left(wish: Wish, product: DealProduct, money: LineMoney) -> str | None:
    if money.amount:
        return None
    claims = [
        f"{worded(c.amount, c.currency)} on {c.label}" for c in wish.ledger.claims(product.id)
    ]
    billed = ": " + ", ".join(claims) if claims else ""
    return f"nothing of {worded(money.full, wish.currency)} is left to invoice{billed}"


def _usage_based(wish: Wish, product: DealProduct, _money: LineMoney) -> str | None:
    if wish.include_usage_based or not product.is_usage_based:
        return None
    return "it is Usage-Based; set include_usage_based to bill it on every cycle"


_OBSTACLES: Mapping[Portion, Callable[[Wish, DealProduct, LineMoney], str | None]] = {
    Portion.FULL: _no_obstacle,
    Portion.DEPOSIT: _no_deposit,
    Portion.BALANCE: _nothing_left,
    Portion.ONGOING: _usage_based,
}
"""Why a product cannot contribute a line to a portion at all."""
