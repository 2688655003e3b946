"""The smart defaults: which deal products go on an invoice, and why the others do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.invoices.asking import (
    LineMoney,
    Wish,
    earlier_deposit,
    excess_in_words,
    line_money,
    obstacle,
)
from domain.invoices.portions import DealProduct, Portion, product_problems
from domain.invoices.refusal import Problem
from domain.money import worded
from domain.payments.status import PaymentStatus

_P = PaymentStatus

PRESELECTED: Mapping[Portion, frozenset[PaymentStatus]] = {
    Portion.FULL: frozenset({_P.UNPAID}),
    Portion.DEPOSIT: frozenset({_P.UNPAID}),
    Portion.BALANCE: frozenset({_P.DEPOSIT_INVOICED}),
    Portion.ONGOING: frozenset(PaymentStatus),
}
"""The payment statuses each portion chooses by itself, when the request names no lines."""

DIMMED: Mapping[Portion, frozenset[PaymentStatus]] = {
    Portion.FULL: frozenset({_P.INVOICED, _P.PAID}),
    Portion.DEPOSIT: frozenset({_P.INVOICED, _P.PAID}),
    Portion.BALANCE: frozenset({_P.INVOICED, _P.PAID}),
    Portion.ONGOING: frozenset(),
}
"""The statuses that need a person to insist: offered dimmed, with a warning when included."""


class LineState(StrEnum):
    """Where a deal product stands in the choice."""

    CHOSEN = "chosen"  # on the invoice
    OFFERED = "offered"  # may be named without more ado
    DIMMED = "dimmed"  # may be named, and then carries a warning
    SKIPPED = "skipped"  # contributes no line, even when named


@dataclass(frozen=True, slots=True)
class LineChoice:
    """One deal product in the preview: its state, the reason, and the money.

    `remaining` is what is still uninvoiced, below 0 when over-invoiced; `amount` is what this
    portion bills of it; `over_invoiced_by` what it would bill beyond `remaining`; `balance_open`
    what is still to invoice when it is paid through a deposit. All are 0 (None for the last) when
    its own numbers cannot be invoiced. `problems` refuse the whole invoice.
    """

    product: DealProduct
    state: LineState
    reason: str
    full_amount: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    over_invoiced_by: Decimal = Decimal(0)
    balance_open: Decimal | None = None
    warning: str | None = None
    problems: tuple[Problem, ...] = ()


def choose(wish: Wish, product: DealProduct) -> LineChoice:
    """Decide on one deal product."""
    faults = product_problems(product, wish.currency)
    if faults:
        reason = "; ".join(map(str, faults))
        problems = faults if _is_wanted(wish, product) else ()
        return LineChoice(product, LineState.SKIPPED, reason, problems=problems)
    money = line_money(wish, product)
    hindrance = obstacle(wish, product, money)
    state, reason = (LineState.SKIPPED, hindrance) if hindrance else _standing(wish, product, money)
    return LineChoice(
        product,
        state,
        reason,
        money.full,
        money.left,
        money.amount,
        money.over,
        money.balance_open,
        warning=_warning(wish, product, money, hindrance) if wish.names(product) else None,
        problems=tuple(_problems(wish, product, state, hindrance)),
    )


def open_balance_in_words(amount: Decimal, currency: str) -> str:
    """Label a product that is paid through a deposit and not fully invoiced."""
    return f"deposit paid, {worded(amount, currency)} still to invoice"


def _is_wanted(wish: Wish, product: DealProduct) -> bool:
    """Named, or chosen by status when the request names none."""
    if wish.named is not None:
        return wish.names(product)
    return product.payment_status in PRESELECTED[wish.portion]


def _standing(wish: Wish, product: DealProduct, money: LineMoney) -> tuple[LineState, str]:
    if wish.names(product):
        return LineState.CHOSEN, "named in the request"
    if money.balance_open is not None and wish.portion is Portion.BALANCE:
        return LineState.OFFERED, open_balance_in_words(money.balance_open, wish.currency)
    if product.payment_status in DIMMED[wish.portion]:
        return LineState.DIMMED, f"already {product.payment_status.value}"
    return _default_standing(wish, product, money)


def _default_standing(wish: Wish, product: DealProduct, money: LineMoney) -> tuple[LineState, str]:
    if wish.named is not None:
        return LineState.OFFERED, "not named in the request"
    status = product.payment_status.value
    if not _is_wanted(wish, product):
        return LineState.OFFERED, f"it is {status}; {wish.portion.value} takes it when it is named"
    excess = earlier_deposit(wish, product) or excess_in_words(wish, money)
    return (LineState.OFFERED, excess) if excess else (LineState.CHOSEN, status)


def _warning(
    wish: Wish, product: DealProduct, money: LineMoney, hindrance: str | None
) -> str | None:
    """Return what a person who named the product should know."""
    if hindrance:
        return f"{product.name} contributes no line: {hindrance}"
    owed = wish.portion is Portion.BALANCE and money.balance_open is not None
    forced = product.payment_status in DIMMED[wish.portion] and not owed
    parts = (
        f"it is already {product.payment_status.value}" if forced else None,
        earlier_deposit(wish, product),
        excess_in_words(wish, money),
    )
    said = "; ".join(part for part in parts if part)
    return f"{product.name}: {said}" if said else None


def _problems(
    wish: Wish, product: DealProduct, state: LineState, hindrance: str | None
) -> Iterator[Problem]:
    if hindrance and wish.portion is Portion.BALANCE and wish.names(product):
        yield Problem(wish.place(product), f"{product.name}: {hindrance}; leave it out")
    if state is LineState.CHOSEN and wish.portion is not Portion.ONGOING:
        yield from _basis_problems(wish, product)


def _basis_problems(wish: Wish, product: DealProduct) -> Iterator[Problem]:
    """Deposit and balance add up only in one currency and on one tax basis."""
    for claim in wish.ledger.claims(product.id):
        for field, theirs, ours in (
            ("currency", claim.currency, wish.currency),
            ("line_amount_types", claim.line_amount_types, wish.line_amount_types),
        ):
            if theirs != ours:
                yield Problem(
                    f"params.{field}",
                    f"{product.name} is on {claim.label} as {theirs}, not {ours}; "
                    f"use {theirs}, or void that invoice first",
                )
