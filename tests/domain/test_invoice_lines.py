from decimal import Decimal
from fractions import Fraction

import pytest
from deals import currencies, percentages, product, products
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices import lines
from domain.invoices.portions import LineAmountTypes, deposit_amount, full_amount, product_problems
from domain.invoices.tax import estimate_tax, line_tax
from domain.money import crosses_exactly, decimals_of, invoice_decimals


def rounded_half_up(exact: Fraction, decimals: int) -> Fraction:
    scaled = exact * 10**decimals
    return Fraction(
        (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator), 10**decimals
    )


@given(products(), currencies)
def test_a_line_is_quantity_times_price_less_discount_rounded_half_up(p, currency):
    exact = Fraction(p.quantity) * Fraction(p.unit_price) * (1 - Fraction(p.discount_percent) / 100)
    expected = rounded_half_up(exact, invoice_decimals(currency))
    assert Fraction(full_amount(p, currency)) == expected


@given(products(), currencies)
def test_a_deposit_is_its_percentage_of_the_rounded_line(p, currency):
    percent = Fraction(p.deposit_percent or 0)
    exact = Fraction(full_amount(p, currency)) * percent / 100
    deposit = deposit_amount(p, currency)
    assert Fraction(deposit) == rounded_half_up(exact, invoice_decimals(currency))
    assert 0 <= deposit <= full_amount(p, currency)


@given(products(), currencies)
def test_what_xero_computes_is_what_we_computed(p, currency):
    line = lines.itemised_line(p, currency)
    assert line.amount == full_amount(p, currency)
    rate = line.discount_rate or Decimal(0)
    for compute in lines.ROUNDING_ORDERS:
        assert compute(line.quantity, line.unit_amount, rate) == line.amount
    assert (
        lines.xero_line_amount(line.quantity, line.unit_amount, line.discount_rate) == line.amount
    )
    assert lines.is_certain(line.quantity, line.unit_amount, line.discount_rate)


@given(products(), currencies)
def test_every_line_stays_within_what_xero_and_its_sdk_take(p, currency):
    if product_problems(p, currency):
        return
    line = lines.itemised_line(p, currency)
    assert len(str(line.quantity.normalize())) <= 13
    assert decimals_of(line.quantity) <= 4
    assert decimals_of(line.unit_amount) <= 4
    assert decimals_of(line.discount_rate or Decimal(0)) <= 2
    assert line.discount_rate is None or 0 < line.discount_rate <= 100
    assert 1 <= len(line.description) <= 4000
    assert all(
        map(crosses_exactly, (line.quantity, line.unit_amount, line.discount_rate or Decimal(0)))
    )


def is_itemised(currency="AUD", **numbers):
    p = product(**{name: Decimal(value) for name, value in numbers.items()})
    line = lines.itemised_line(p, currency)
    as_is = (p.quantity, p.unit_price, p.discount_percent or None)
    sent = (line.quantity, line.unit_amount, line.discount_rate)
    if sent == as_is:
        return True
    assert sent == (1, full_amount(p, currency), None)
    assert lines.numbers_in_words(p, currency) in line.description
    return False


@pytest.mark.parametrize(
    ("itemised", "numbers"),
    [
        (True, {"quantity": "3", "unit_price": "33.33"}),
        (True, {"quantity": "1.2345", "unit_price": "10.0001"}),
        (False, {"quantity": "1.23456", "unit_price": "10"}),
        (False, {"quantity": "3", "unit_price": "33.33333"}),
        (True, {"quantity": "2", "unit_price": "50", "discount_percent": "12.5"}),
        (False, {"quantity": "2", "unit_price": "5000", "discount_percent": "12.345"}),
        (False, {"quantity": "1", "unit_price": "0.01", "discount_percent": "50"}),
        (False, {"quantity": "1", "unit_price": "0.125"}),
        (False, {"quantity": "0.001", "unit_price": "99999999999"}),
        (False, {"quantity": "1000000000.0001", "unit_price": "1"}),
        (True, {"quantity": "10000000.0001", "unit_price": "1"}),
        (True, {"quantity": "1", "unit_price": "10.00000000"}),
    ],
)
def test_a_line_is_itemised_only_where_the_amount_is_certain(itemised, numbers):
    assert is_itemised(**numbers) is itemised


def test_a_currency_without_cents_goes_as_one_amount_where_xero_would_keep_cents():
    assert is_itemised("JPY", quantity="3", unit_price="33")
    assert not is_itemised("JPY", quantity="1.5", unit_price="33")


def test_the_reported_refusal_of_a_tie_is_among_the_orders_considered():
    outcomes = {c(Decimal(1), Decimal("0.01"), Decimal(50)) for c in lines.ROUNDING_ORDERS}
    assert outcomes == {Decimal("0.00"), Decimal("0.01")}


@pytest.mark.parametrize(("unitdp", "amount"), [(4, "12.40"), (2, "10.00")])
def test_xero_rounds_the_unit_first_to_the_decimals_asked_for(unitdp, amount):
    computed = lines.xero_line_amount(Decimal(1000), Decimal("0.01235"), None, unitdp)
    assert computed == Decimal(amount)


def test_words_tell_quantity_price_discount_and_portion():
    p = product(
        quantity=Decimal("2.50"),
        unit_price=Decimal("1E+2"),
        discount_percent=Decimal("10.0"),
        deposit_percent=Decimal(30),
    )
    assert lines.numbers_in_words(p, "AUD") == "Quantity 2.5 at 100 AUD, less 10%"
    assert lines.deposit_in_words(p, "AUD") == "Deposit: 30% of 225.00 AUD"
    assert lines.balance_in_words(p, Decimal("157.50"), "AUD") == (
        "Balance: 225.00 AUD less 67.50 AUD already invoiced"
    )
    assert lines.balance_in_words(p, Decimal(225), "AUD") == "Balance: 225.00 AUD"


def test_a_long_description_gives_way_to_the_numbers():
    p = product(description="x" * 5000)
    line = lines.lump_line(p, Decimal(30), "Deposit: 30%")
    assert len(line.description) == 4000
    assert line.description.endswith("...\nDeposit: 30%")
    assert lines.itemised_line(product(description="d"), "AUD").description == "Product 1\nd"


BAD = [
    ({"quantity": "-1"}, ["quantity"]),
    ({"unit_price": "-0.01"}, ["unit_price"]),
    ({"quantity": "NaN"}, ["quantity"]),
    ({"unit_price": "1234567890.1234567"}, ["unit_price"]),
    ({"discount_percent": "100.01"}, ["discount_percent"]),
    ({"deposit_percent": "-1"}, ["deposit_percent"]),
    ({"discount_percent": "0.1234567890123456"}, ["discount_percent"]),
    (
        {
            "quantity": "-1",
            "unit_price": "Infinity",
            "discount_percent": "-5",
            "deposit_percent": "101",
        },
        ["quantity", "unit_price", "discount_percent", "deposit_percent"],
    ),
]


@pytest.mark.parametrize(("numbers", "fields"), BAD)
def test_bad_numbers_are_refused_every_one_by_its_path(numbers, fields):
    p = product(**{name: Decimal(value) for name, value in numbers.items()})
    paths = [problem.path for problem in product_problems(p, "AUD")]
    assert paths == [f"deal_products[{p.id}].{field}" for field in fields]


def test_a_line_beyond_xeros_largest_amount_is_refused():
    assert not product_problems(product(unit_price=Decimal("9999999999.99")), "AUD")
    (problem,) = product_problems(product(unit_price=Decimal(10000000000)), "AUD")
    assert "at most 9999999999.99" in problem.message


EXAMPLE = [(Decimal("25.06"), "T15"), (Decimal("25.61"), "T15"), (Decimal("25.63"), "T15")]


def test_tax_is_rounded_per_line_and_then_summed_as_in_xeros_guide():
    taxed = estimate_tax(EXAMPLE, {"T15": Decimal(15)}, LineAmountTypes.EXCLUSIVE, "NZD")
    assert (taxed.tax, taxed.total) == (Decimal("11.44"), Decimal("87.74"))


def test_tax_within_inclusive_amounts_adds_nothing_and_notax_is_none():
    within = estimate_tax(
        [(Decimal(110), "T10")], {"T10": Decimal(10)}, LineAmountTypes.INCLUSIVE, "AUD"
    )
    assert (within.tax, within.total) == (Decimal("10.00"), Decimal(110))
    none = estimate_tax([(Decimal(110), None)], {}, LineAmountTypes.NO_TAX, "AUD")
    assert (none.tax, none.total, none.unknown_tax_types) == (0, 110, ())


def test_an_unknown_tax_type_is_named_not_guessed():
    mixed = [(Decimal(100), "T10"), (Decimal(100), "ODD"), (Decimal(100), None)]
    estimate = estimate_tax(mixed, {"T10": Decimal(10)}, LineAmountTypes.EXCLUSIVE, "AUD")
    assert estimate.per_line == (Decimal("10.00"), None, None)
    assert (estimate.total, estimate.unknown_tax_types) == (Decimal(310), ("ODD", "none"))


@given(st.decimals(0, 10**6, places=2), percentages, st.sampled_from(LineAmountTypes))
def test_line_tax_is_exact_to_half_a_cent(amount, rate, types):
    base = {"Exclusive": 100, "Inclusive": 100 + Fraction(rate), "NoTax": None}[types]
    exact = Fraction(amount) * Fraction(rate) / base if base else Fraction(0)
    assert Fraction(line_tax(amount, rate, types, "AUD")) == rounded_half_up(exact, 2)
