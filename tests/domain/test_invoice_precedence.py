from dataclasses import replace
from datetime import date

import pytest
from deals import SETTINGS, SOURCES, params, product

from domain.invoices.due_dates import PaymentTerms, PaymentTermType
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import (
    InvoiceSettings,
    code_problems,
    first_given,
    line_codes,
    resolve_terms,
)
from domain.invoices.xero_status import InvoiceStatus

TERMS = PaymentTerms(20, PaymentTermType.OF_FOLLOWING_MONTH)


@pytest.mark.parametrize("code", ["account_code", "tax_type"])
def test_codes_come_from_the_request_then_the_product_then_the_integration(code):
    of_product = product(**{code: "product"})
    settings = InvoiceSettings(**{code: "setting"})
    said = params(**{code: "request"})
    assert getattr(line_codes(of_product, said, settings), code) == "request"
    assert getattr(line_codes(of_product, params(), settings), code) == "product"
    assert getattr(line_codes(product(), params(), settings), code) == "setting"
    assert getattr(line_codes(product(), params(), InvoiceSettings()), code) is None


def test_each_missing_code_is_refused_naming_field_and_products_unless_a_draft():
    lacking = [product(1), product(2, account_code="200")]
    problems = code_problems(lacking, params(), InvoiceSettings())
    assert [p.path for p in problems] == ["params.account_code", "params.tax_type"]
    assert "missing for Product 1:" in problems[0].message
    assert "missing for Product 1, Product 2:" in problems[1].message
    assert code_problems(lacking, params(status=InvoiceStatus.DRAFT), InvoiceSettings()) == ()


def test_the_due_date_is_the_requests_then_the_contacts_then_the_settings():
    said = params(due_date=date(2027, 1, 1))
    with_contact = replace(SOURCES, contact_terms=TERMS)
    assert resolve_terms(said, with_contact)[0].due_date == date(2027, 1, 1)
    assert resolve_terms(params(), with_contact)[0].due_date == date(2026, 12, 20)
    assert resolve_terms(params(), SOURCES)[0].due_date == date(2026, 12, 7)


@pytest.mark.parametrize("status", InvoiceStatus)
def test_a_missing_due_date_is_refused_unless_a_draft(status):
    bare = replace(SOURCES, settings=InvoiceSettings())
    terms, problems = resolve_terms(params(status=status), bare)
    assert terms.due_date is None
    paths = [p.path for p in problems]
    assert ("params.due_date" in paths) == (status is not InvoiceStatus.DRAFT)
    assert ("params.status" in paths) == (not status.is_creatable)


def test_an_ongoing_invoice_needs_no_due_date():
    bare = replace(SOURCES, settings=InvoiceSettings())
    assert resolve_terms(params(Portion.ONGOING), bare)[1] == ()


@pytest.mark.parametrize("days", [-1, 1000])
def test_due_days_beyond_reason_are_refused(days):
    sources = replace(SOURCES, settings=replace(SETTINGS, due_days=days))
    (problem,) = resolve_terms(params(), sources)[1]
    assert problem.path == "settings.due_days"


def test_the_currency_is_the_requests_then_the_deals_then_the_organisations():
    of_deal = replace(SOURCES, deal_currency="NZD")
    assert resolve_terms(params(currency="USD"), of_deal)[0].currency == "USD"
    assert resolve_terms(params(), of_deal)[0].currency == "NZD"
    assert resolve_terms(params(), SOURCES)[0].currency == "AUD"
    (problem,) = resolve_terms(params(currency="usd"), of_deal)[1]
    assert (problem.path, "'usd'" in problem.message) == ("params.currency", True)


def test_line_amount_types_are_the_requests_then_the_settings_then_exclusive():
    inclusive = replace(SETTINGS, line_amount_types=LineAmountTypes.INCLUSIVE)
    of_setting = replace(SOURCES, settings=inclusive)
    said = params(line_amount_types=LineAmountTypes.NO_TAX)
    assert resolve_terms(said, of_setting)[0].line_amount_types == "NoTax"
    assert resolve_terms(params(), of_setting)[0].line_amount_types == "Inclusive"
    assert resolve_terms(params(), SOURCES)[0].line_amount_types == "Exclusive"


def test_empty_text_is_not_given():
    assert first_given("", None, "x") == "x"
    assert first_given(None, "") is None
