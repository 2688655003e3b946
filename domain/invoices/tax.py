"""What tax an invoice is likely to carry: an estimate for previews, Xero's own figure decides.

Source: developer.xero.com, guide "Rounding in Xero": tax is computed per line, rounded to 2
decimals, and then summed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.invoices.portions import HUNDRED, LineAmountTypes
from domain.money import exact_product, exact_sum, ratio, round_half_up


@dataclass(frozen=True, slots=True)
class TaxEstimate:
    """Tax per line (None where the rate is not known), their sum, and the invoice total.

    `tax` and `total` leave out the tax of lines whose tax type is in `unknown_tax_types`. `note`
    says what else may make Xero's figure differ.
    """

    per_line: tuple[Decimal | None, ...]
    tax: Decimal
    total: Decimal
    unknown_tax_types: tuple[str, ...]
    note: str | None = None


def line_tax(
    amount: Decimal, rate: Decimal, line_amount_types: LineAmountTypes, currency: str
) -> Decimal:
    """Return the tax on (Exclusive) or within (Inclusive) a line amount; `rate` is in percent."""
    if line_amount_types is LineAmountTypes.NO_TAX:
        return round_half_up(Decimal(0), currency)
    base = HUNDRED + rate if line_amount_types is LineAmountTypes.INCLUSIVE else HUNDRED
    return round_half_up(ratio(exact_product((amount, rate)), base), currency)


def estimate_tax(
    lines: Iterable[tuple[Decimal, str | None]],
    rates: Mapping[str, Decimal],
    line_amount_types: LineAmountTypes,
    currency: str,
) -> TaxEstimate:
    """Estimate the tax of lines given as (amount, tax type), by `rates` in percent per tax type."""
    priced = list(lines)
    untaxed = line_amount_types is LineAmountTypes.NO_TAX
    per_line = tuple(
        line_tax(amount, rates.get(kind or "", Decimal(0)), line_amount_types, currency)
        if untaxed or kind in rates
        else None
        for amount, kind in priced
    )
    tax = exact_sum(line for line in per_line if line is not None)
    unknown = {
        kind or "none" for (_, kind), line in zip(priced, per_line, strict=True) if line is None
    }
    subtotal = exact_sum(amount for amount, _ in priced)
    added = tax if line_amount_types is LineAmountTypes.EXCLUSIVE else Decimal(0)
    return TaxEstimate(per_line, tax, subtotal + added, tuple(sorted(unknown)))
