"""What a repeating invoice bills, and what it leaves out."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given

from domain.invoices.ledger import Ledger
from domain.invoices.portions import full_amount, product_problems
from domain.invoices.precedence import InvoiceParams
from domain.invoices.recurring import CatalogueProduct, Wanted, draft_recurring
from domain.invoices.refusal import InvoiceRefused
from domain.invoices.selection import Deal
from domain.money import decimals_of
from domain.payments.status import PaymentStatus
from tests.domain.deals import DEAL, SOURCES, invoice, product, products

HOSTING, TRAFFIC, DOMAIN = (UUID(int=n) for n in (11, 12, 13))
CATALOGUE = (
    CatalogueProduct(HOSTING, "Hosting", Decimal("320.00"), "Recurring"),
    CatalogueProduct(TRAFFIC, "Traffic", Decimal("0.0875"), "Usage-Based"),
    CatalogueProduct(DOMAIN, "Domain name", None),
)
LINES = (
    product(1, name="Hosting", product_id=HOSTING, quantity=Decimal(3)),
    product(2, name="Traffic", product_id=TRAFFIC, category="Usage-Based"),
    product(3, name="Hosting, second site", product_id=HOSTING),
)
A_DEAL = Deal(DEAL, LINES)
TERMS = InvoiceParams(account_code="200", tax_type="OUTPUT")


def by_line(*lines, deal=A_DEAL, terms=TERMS):
    wanted = Wanted(terms, deal_product_ids=tuple(line.id for line in lines))
    return draft_recurring(wanted, deal, (), SOURCES)


def by_product(*ids, deal=A_DEAL, terms=TERMS):
    return draft_recurring(Wanted(terms, product_ids=ids), deal, CATALOGUE, SOURCES)


def refused(call):
    with pytest.raises(InvoiceRefused) as told:
        call()
    return {problem.path: problem.message for problem in told.value.problems}


def names(found):
    return [found.products[line.deal_product_id].name for line in found.draft.lines]


def test_usage_based_lines_are_skipped_and_reported():
    found = by_line(*LINES)
    assert names(found) == ["Hosting", "Hosting, second site"]
    (skipped,) = found.skipped
    assert (skipped.name, skipped.deal_product_id) == ("Traffic", LINES[1].id)
    assert "Usage-Based" in skipped.reason


def test_usage_based_lines_are_billed_when_a_person_ticked_one():
    terms = InvoiceParams(account_code="200", tax_type="OUTPUT", include_usage_based=True)
    found = by_line(*LINES, terms=terms)
    assert len(found.draft.lines) == 3
    assert found.skipped == ()


def test_all_skipped_is_an_error_that_says_why():
    told = refused(lambda: by_line(LINES[1]))
    assert "Usage-Based" in told["params.deal_product_ids"]


def test_products_are_resolved_against_the_deal():
    found = by_product(HOSTING)
    assert names(found) == ["Hosting", "Hosting, second site"]
    assert found.draft.lines[0].amount == Decimal("300.00")


def test_a_product_that_is_not_on_the_deal_is_left_out_and_said():
    found = by_product(HOSTING, DOMAIN)
    (skipped,) = found.skipped
    assert (skipped.name, skipped.product_id, skipped.deal_product_id) == (
        "Domain name",
        DOMAIN,
        None,
    )


def test_none_of_the_products_on_the_deal_is_an_error():
    assert "none of: Domain name" in refused(lambda: by_product(DOMAIN))["params.product_ids"]


def test_without_a_deal_the_catalogue_is_billed_one_of_each():
    found = by_product(HOSTING, TRAFFIC, deal=None)
    (line,) = found.draft.lines
    assert (line.quantity, line.unit_amount, line.amount) == (1, Decimal("320.00"), 320)
    (skipped,) = found.skipped
    assert (skipped.product_id, skipped.deal_product_id) == (TRAFFIC, None)


def test_a_product_without_a_price_is_refused_by_its_place():
    told = refused(lambda: by_product(HOSTING, DOMAIN, deal=None))
    assert "no price" in told["params.product_ids[1]"]


def test_problems_name_the_field_the_request_has():
    for deal in (None, A_DEAL):
        told = refused(lambda deal=deal: by_product(HOSTING, HOSTING, deal=deal))
        assert "twice" in told["params.product_ids[1]"]
    stranger = UUID(int=99)
    assert set(refused(lambda: by_line(product(9, id=stranger)))) == {"params.deal_product_ids[0]"}


def test_what_was_invoiced_before_does_not_matter_each_period_bills_anew():
    deal = Deal(
        DEAL,
        (product(1, payment_status=PaymentStatus.PAID),),
        Ledger((invoice((product(1), Decimal("100.00"))),)),
    )
    (line,) = by_line(deal.products[0], deal=deal).draft.lines
    assert (line.amount, line.over_invoiced_by) == (100, 0)


@given(products())
def test_a_template_line_keeps_its_amount_with_two_decimals_of_unit_price(line):
    deal = Deal(DEAL, (line,))
    if product_problems(line, "AUD") or not full_amount(line, "AUD"):
        return
    (made,) = by_line(line, deal=deal).draft.lines
    assert made.amount == full_amount(line, "AUD")
    assert decimals_of(made.unit_amount) <= 2
