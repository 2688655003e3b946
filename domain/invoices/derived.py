"""What a deal's money comes to: per deal product from its covers, and outstanding per currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.invoices.ledger import EarlierInvoice, Ledger, remaining
from domain.invoices.portions import DealProduct
from domain.invoices.xero_status import InvoiceStatus
from domain.money import exact_product, exact_sum, ratio, round_half_up


@dataclass(frozen=True, slots=True)
class ProductAmounts:
    """Where one deal product's money stands, in line amounts of one currency.

    `remaining_to_invoice` is never below 0 (what is billed beyond the full amount is
    `over_invoiced`); `remaining_to_pay` is what has been invoiced and not been paid.
    """

    invoiced_amount: Decimal
    paid_amount: Decimal
    remaining_to_invoice: Decimal
    remaining_to_pay: Decimal
    over_invoiced: Decimal


def product_amounts(product: DealProduct, ledger: Ledger, currency: str) -> ProductAmounts:
    """Derive the amounts of a deal product from the covers of live invoices in `currency`."""
    zero = round_half_up(Decimal(0), currency)
    live = [i for i in ledger.invoices if i.status.is_live and i.currency == currency]
    invoiced = exact_sum(
        [zero, *(c.amount for i in live for c in i.covers if c.deal_product_id == product.id)]
    )
    due = exact_sum([zero, *(due_by_product(i).get(product.id, zero) for i in live)])
    left = remaining(product, ledger, currency)
    return ProductAmounts(
        invoiced_amount=invoiced,
        paid_amount=invoiced - due,
        remaining_to_invoice=max(zero, left),
        remaining_to_pay=due,
        over_invoiced=max(zero, -left),
    )


def due_by_product(invoice: EarlierInvoice) -> Mapping[UUID, Decimal]:
    """Share an invoice's AmountDue among the deal products it covers, in line amounts.

    Each cover is unpaid in the proportion AmountDue / Total. The shares are cut from a running
    total, so they add up to the cent, none exceeds its cover, and nothing due leaves nothing due.
    """
    shares: dict[UUID, Decimal] = {}
    covered = cut = Decimal(0)
    for cover in invoice.covers:
        covered += cover.amount
        upto = round_half_up(_due_share(covered, invoice), invoice.currency)
        shares[cover.deal_product_id] = shares.get(cover.deal_product_id, Decimal(0)) + upto - cut
        cut = upto
    return shares


def _due_share(covered: Decimal, invoice: EarlierInvoice) -> Decimal:
    if not invoice.total:
        return Decimal(0)
    return ratio(exact_product((covered, invoice.amount_due)), invoice.total)


def outstanding(invoices: Iterable[tuple[InvoiceStatus, str, Decimal]]) -> dict[str, Decimal]:
    """Sum AmountDue of AUTHORISED invoices per currency, from (status, currency, AmountDue)."""
    sums: dict[str, Decimal] = {}
    for status, currency, amount_due in invoices:
        if status.is_outstanding:
            sums[currency] = sums.get(currency, Decimal(0)) + amount_due
    return sums
