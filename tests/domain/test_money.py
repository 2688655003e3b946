import decimal
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money

amounts = st.decimals(-(10**9), 10**9, places=6)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "AUD", "0.01"),
        ("0.0049999", "AUD", "0.00"),
        ("-0.005", "AUD", "-0.01"),
        ("2.675", "USD", "2.68"),
        ("2.5", "JPY", "3"),
        ("1.0005", "KWD", "1.00"),
        ("1.005", "KWD", "1.01"),
        ("1.23456", "CLF", "1.23"),
        ("1", "AUD", "1.00"),
    ],
)
def test_rounds_half_up_to_what_the_currency_shows(amount, currency, rounded):
    assert str(money.round_half_up(Decimal(amount), currency)) == rounded


@given(amounts, st.sampled_from(["AUD", "JPY", "KWD"]))
def test_rounding_is_never_further_than_half_a_unit_and_ties_leave_zero(amount, currency):
    rounded = money.round_half_up(amount, currency)
    unit = Fraction(1, 10 ** money.invoice_decimals(currency))
    off = abs(Fraction(rounded)) - abs(Fraction(amount))
    assert -unit / 2 < off <= unit / 2


def test_the_ambient_decimal_context_changes_nothing():
    factors = [Decimal("123456789.123456"), Decimal("987654321.987654"), Decimal("33.333333")]
    with decimal.localcontext(prec=4):
        product = money.exact_product(factors)
        total = money.exact_sum(factors)
    assert Fraction(product) == Fraction(factors[0]) * Fraction(factors[1]) * Fraction(factors[2])
    assert Fraction(total) == sum(map(Fraction, factors))


def test_a_product_that_cannot_be_exact_is_an_error_not_a_guess():
    with pytest.raises(decimal.Inexact):
        money.exact_product([Decimal(1) / 3] * 6)


@pytest.mark.parametrize(
    ("currency", "decimals"), [("AUD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)]
)
def test_minor_units_follow_iso_4217(currency, decimals):
    assert money.minor_units(currency) == decimals


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-12, 6))
def test_fifteen_digits_always_cross_exactly(digits, exponent):
    value = Decimal(digits).scaleb(exponent)
    assert money.crosses_exactly(value)
    assert Decimal(repr(float(value))) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_whatever_crosses_comes_back_equal(value):
    if money.crosses_exactly(value):
        assert Decimal(repr(float(value))) == value


@pytest.mark.parametrize(
    "value", ["1234567890.1234567", "0.1234567890123456", "NaN", "Infinity", "1E+400", "1E-400"]
)
def test_what_a_double_cannot_hold_does_not_cross(value):
    assert not money.crosses_exactly(Decimal(value))


def test_trailing_zeros_are_not_digits():
    assert money.crosses_exactly(Decimal("1.00000000000000000000"))
    assert money.decimals_of(Decimal("1.5000")) == 1
    assert money.decimals_of(Decimal("2E+3")) == 0
    assert money.plain(Decimal("2E+1")) == "20"


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("0", True),
        ("100", True),
        ("50.5", True),
        ("-0.01", False),
        ("100.01", False),
        ("NaN", False),
    ],
)
def test_a_percentage_is_0_to_100(value, holds):
    assert money.is_percentage(Decimal(value)) is holds


@pytest.mark.parametrize(
    ("code", "holds"),
    [("AUD", True), ("aud", False), ("AU", False), ("AUDX", False), ("A1D", False), ("ÅUD", False)],
)
def test_a_currency_code_has_three_capital_letters(code, holds):
    assert money.is_currency(code) is holds


@given(amounts)
def test_rounding_agrees_with_the_standard_library(amount):
    expected = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert money.round_half_up(amount, "AUD") == expected
