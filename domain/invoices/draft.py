"""An invoice ready to be raised: its lines, its sum, and what must be reserved for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from domain.invoices.choices import LineChoice
from domain.invoices.ledger import Reservation
from domain.invoices.portions import Portion
from domain.invoices.precedence import InvoiceTerms
from domain.invoices.tax import TaxEstimate, estimate_tax

_TAX_NOTE = "Tax on a deposit and its balance may differ from tax on the whole by a cent a line."


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice, ready to send; `amount` is what Xero will compute for it."""

    deal_product_id: UUID
    description: str
    quantity: Decimal
    unit_amount: Decimal
    discount_rate: Decimal | None
    amount: Decimal
    account_code: str | None
    tax_type: str | None
    warning: str | None
    over_invoiced_by: Decimal


@dataclass(frozen=True, slots=True)
class BalanceOpen:
    """A deal product is paid through a deposit while `amount` of it was never invoiced."""

    deal_product_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice to raise. `subtotal` is the sum of the line amounts, in `terms.currency`."""

    portion: Portion
    terms: InvoiceTerms
    lines: tuple[InvoiceLine, ...]
    subtotal: Decimal
    warnings: tuple[str, ...]
    skipped: tuple[LineChoice, ...]
    balance_open: tuple[BalanceOpen, ...]

    def reservations(self, effect_id: UUID) -> tuple[Reservation, ...]:
        """Return what to reserve, under the deal's lock, for the effect that will create it.

        Ongoing invoices reserve nothing: Xero bills them anew each period.
        """
        if self.portion is Portion.ONGOING:
            return ()
        terms = self.terms
        return tuple(
            Reservation(
                effect_id,
                line.deal_product_id,
                line.amount,
                self.portion,
                terms.currency,
                terms.line_amount_types,
            )
            for line in self.lines
        )


def preview_tax(draft: InvoiceDraft, rates: Mapping[str, Decimal]) -> TaxEstimate:
    """Estimate a draft's tax and total; `rates` gives the percentage of each tax type."""
    estimate = estimate_tax(
        [(line.amount, line.tax_type) for line in draft.lines],
        rates,
        draft.terms.line_amount_types,
        draft.terms.currency,
    )
    is_part = draft.portion in {Portion.DEPOSIT, Portion.BALANCE}
    return replace(estimate, note=_TAX_NOTE if is_part else None)
