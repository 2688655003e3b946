from decimal import Decimal

from deals import deal, invoice, product, reservation
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.derived import due_by_product, outstanding, product_amounts
from domain.invoices.portions import Portion
from domain.invoices.xero_status import InvoiceStatus

cents = st.integers(0, 10**6).map(lambda n: Decimal(n).scaleb(-2))


def test_the_four_amounts_of_a_half_paid_deposit():
    p = product()
    deposit = invoice((p, Decimal("30.00")), total=Decimal("33.00"), amount_due=Decimal("11.00"))
    amounts = product_amounts(p, deal(invoices=[deposit]).ledger, "AUD")
    assert amounts.invoiced_amount == Decimal("30.00")
    assert amounts.paid_amount == Decimal("20.00")
    assert amounts.remaining_to_pay == Decimal("10.00")
    assert amounts.remaining_to_invoice == Decimal("70.00")
    assert amounts.over_invoiced == 0


def test_withdrawn_invoices_do_not_count_and_reservations_only_as_not_remaining():
    p = product()
    ledger = deal(
        invoices=[
            invoice((p, Decimal(50)), number="A", status=InvoiceStatus.VOIDED),
            invoice((p, Decimal(50)), number="B", status=InvoiceStatus.DELETED),
        ],
        reservations=[reservation(p, Decimal(40))],
    ).ledger
    amounts = product_amounts(p, ledger, "AUD")
    assert (amounts.invoiced_amount, amounts.paid_amount, amounts.remaining_to_pay) == (0, 0, 0)
    assert amounts.remaining_to_invoice == Decimal(60)


def test_over_invoicing_shows_and_remaining_stays_at_zero():
    p = product()
    billed = invoice((p, Decimal(130)), raised_as=Portion.FULL, status=InvoiceStatus.PAID)
    amounts = product_amounts(p, deal(invoices=[billed]).ledger, "AUD")
    assert (amounts.remaining_to_invoice, amounts.over_invoiced) == (0, 30)
    assert (amounts.paid_amount, amounts.remaining_to_pay) == (130, 0)


def test_a_product_on_two_lines_of_one_invoice_owes_both_shares():
    p = product()
    twice = invoice((p, Decimal(30)), (p, Decimal(20)), amount_due=Decimal(25))
    assert due_by_product(twice) == {p.id: Decimal(25)}


def test_another_currency_is_no_part_of_the_amounts():
    p = product()
    foreign = invoice((p, Decimal(30)), currency="NZD")
    amounts = product_amounts(p, deal(invoices=[foreign]).ledger, "AUD")
    assert (amounts.invoiced_amount, amounts.paid_amount, amounts.remaining_to_pay) == (0, 0, 0)


@given(st.lists(cents, min_size=1, max_size=6), cents, cents)
def test_due_shares_add_up_and_never_exceed_their_covers(amounts, tax, paid):
    covered = [product(n, unit_price=amount) for n, amount in enumerate(amounts)]
    total = sum(amounts) + tax
    due = max(Decimal(0), total - paid)
    billed = invoice(*zip(covered, amounts, strict=True), total=total, amount_due=due)
    shares = due_by_product(billed)
    assert all(0 <= shares[p.id] <= p.unit_price for p in covered)
    if due == total:
        assert sum(shares.values()) == sum(amounts)
    if not due:
        assert not any(shares.values())
    if total:
        assert abs(sum(shares.values()) * total - sum(amounts) * due) <= total * Decimal("0.005")


def test_outstanding_is_what_is_due_on_authorised_invoices_per_currency():
    of_each = [(status, "AUD", Decimal(7)) for status in InvoiceStatus]
    more = [
        (InvoiceStatus.AUTHORISED, "AUD", Decimal("0.50")),
        (InvoiceStatus.AUTHORISED, "NZD", Decimal(3)),
    ]
    assert outstanding(of_each + more) == {"AUD": Decimal("7.50"), "NZD": Decimal(3)}
