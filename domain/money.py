"""Money: `Decimal` amounts in units of a currency, rounded half up to what an invoice can show.

There is no Money type. An amount travels beside one currency per invoice, and every sum is within
one invoice, so a pair per amount would repeat the currency without ever being able to differ.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact

SIGNIFICANT_DIGITS_MAX = 15
"""Any decimal of up to 15 significant digits survives a binary double (IEEE 754, DBL_DIG)."""

INVOICE_DECIMALS_MAX = 2
"""Xero keeps totals and line amounts to 2 decimals in every currency (guide: Rounding in Xero)."""

_CURRENCY_LETTERS = 3
_DEFAULT_MINOR_UNITS = 2
# ISO 4217 list one, column "Minor unit", where it is not 2.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_MINOR_UNITS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
}

# The ambient decimal context keeps 28 digits; a quantity x price x percentage can need 48.
_DIGITS = 120
_EXACT = Context(prec=_DIGITS, traps=[Inexact])
_ROUNDING = Context(prec=_DIGITS)


def minor_units(currency: str) -> int:
    """Return how many decimals ISO 4217 gives `currency` (upper case): 0, 2, 3 or 4; else 2."""
    return _MINOR_UNITS.get(currency, _DEFAULT_MINOR_UNITS)


def invoice_decimals(currency: str) -> int:
    """Return the decimals an invoice amount has: 2, or the minor unit where that is fewer."""
    return min(INVOICE_DECIMALS_MAX, minor_units(currency))


def is_currency(code: str) -> bool:
    """Tell whether `code` has the shape of an ISO 4217 code: three capital letters A to Z."""
    return len(code) == _CURRENCY_LETTERS and code.isascii() and code.isalpha() and code.isupper()


def exact_product(factors: Iterable[Decimal]) -> Decimal:
    """Multiply without losing a digit.

    Raises:
        decimal.Inexact: the result needs more than 120 digits, which refused inputs alone can.
    """
    product = Decimal(1)
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add without losing a digit; an empty sum is 0.

    Raises:
        decimal.Inexact: the result needs more than 120 digits.
    """
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide to 120 digits: a tie at the cent is finite, so it is still seen as a tie."""
    return _ROUNDING.divide(numerator, denominator)


def round_half_up(amount: Decimal, currency: str) -> Decimal:
    """Round to what an invoice in `currency` can show; a tie goes away from zero."""
    return round_to(amount, invoice_decimals(currency))


def round_to(amount: Decimal, decimals: int, *, half_even: bool = False) -> Decimal:
    """Round `amount` to `decimals` places, half up, or half to even when asked."""
    rounding = ROUND_HALF_EVEN if half_even else ROUND_HALF_UP
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=rounding, context=_ROUNDING)


def decimals_of(value: Decimal) -> int:
    """Count the decimals `value` needs: 1 for 1.50, 0 for 20 and for 2E+1."""
    exponent = _ROUNDING.normalize(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def crosses_exactly(value: Decimal) -> bool:
    """Tell whether `value` survives an SDK that turns it into a binary double.

    It does when it is finite, has at most 15 significant digits and comes back equal from the
    shortest text of its double, which is what goes into the JSON. The check is the one place
    where a double is made; no arithmetic is done with it.
    """
    if not value.is_finite():
        return False
    digits = len(_ROUNDING.normalize(value).as_tuple().digits)
    return digits <= SIGNIFICANT_DIGITS_MAX and Decimal(repr(float(value))) == value


def is_percentage(value: Decimal) -> bool:
    """Tell whether `value` is a percentage: 0 to 100, both included."""
    return value.is_finite() and 0 <= value <= 100


def plain(value: Decimal) -> str:
    """Write a number for people: no exponent, no trailing zeros (`1.5`, `20`)."""
    return format(_ROUNDING.normalize(value), "f")


def worded(amount: Decimal, currency: str) -> str:
    """Write an amount for people: `1234.50 AUD`."""
    return f"{round_half_up(amount, currency):f} {currency}"
