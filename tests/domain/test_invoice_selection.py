from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from deals import (
    SOURCES,
    currencies,
    deal,
    in_currency,
    invoice,
    params,
    product,
    products,
    raised,
    reservation,
)
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.choices import DIMMED, PRESELECTED, LineState
from domain.invoices.draft import BalanceOpen, preview_tax
from domain.invoices.ledger import Ledger, remaining
from domain.invoices.lines import ROUNDING_ORDERS
from domain.invoices.portions import (
    LINE_AMOUNT_MAX,
    LineAmountTypes,
    Portion,
    deposit_amount,
    full_amount,
    product_problems,
)
from domain.invoices.refusal import InvoiceRefused
from domain.invoices.selection import draft_invoice, propose
from domain.invoices.xero_status import InvoiceStatus, promotion_for
from domain.payments.status import PaymentStatus

UNPAID, DEPOSITED, INVOICED, PAID = PaymentStatus
FULL, DEPOSIT, BALANCE, ONGOING = Portion
CHOSEN, OFFERED, DIM, SKIPPED = LineState
THIRTY = Decimal(30)


def refused(request, of_deal, sources=SOURCES):
    with pytest.raises(InvoiceRefused) as refusal:
        draft_invoice(request, of_deal, sources)
    return [(problem.path, problem.message) for problem in refusal.value.problems]


def row(request, of_deal):
    (only,) = propose(request, of_deal, SOURCES).rows
    return only


# --- the smart defaults ---------------------------------------------------------------------

DEFAULTS = {
    FULL: {UNPAID: CHOSEN, DEPOSITED: OFFERED, INVOICED: DIM, PAID: DIM},
    DEPOSIT: {UNPAID: CHOSEN, DEPOSITED: OFFERED, INVOICED: DIM, PAID: DIM},
    BALANCE: {UNPAID: OFFERED, DEPOSITED: CHOSEN, INVOICED: DIM, PAID: DIM},
    ONGOING: {UNPAID: CHOSEN, DEPOSITED: CHOSEN, INVOICED: CHOSEN, PAID: CHOSEN},
}


@pytest.mark.parametrize("status", PaymentStatus)
@pytest.mark.parametrize("portion", Portion)
def test_every_status_is_classified_for_every_portion(portion, status):
    line = row(params(portion), deal(product(payment_status=status, deposit_percent=THIRTY)))
    assert line.state is DEFAULTS[portion][status]
    assert line.reason
    assert set(PRESELECTED) == set(DIMMED) == set(Portion)


@pytest.mark.parametrize("portion", [FULL, DEPOSIT, BALANCE])
@pytest.mark.parametrize("status", PaymentStatus)
def test_naming_includes_any_line_and_warns_where_it_was_dimmed(portion, status):
    p = product(payment_status=status, deposit_percent=THIRTY)
    line = row(params(portion, p), deal(p))
    assert line.state is CHOSEN
    forced = DEFAULTS[portion][status] is DIM
    assert line.warning == (f"Product 1: it is already {status}" if forced else None)


def test_naming_some_leaves_the_others_out():
    first, second, paid = product(1), product(2), product(3, payment_status=PAID)
    proposal = propose(params(FULL, second), deal(first, second, paid), SOURCES)
    assert [r.state for r in proposal.rows] == [OFFERED, CHOSEN, DIM]
    assert [line.deal_product_id for line in proposal.draft.lines] == [second.id]


def test_usage_based_lines_recur_only_when_asked_for():
    usage, monthly = product(1, category="Usage-Based"), product(2, category="Recurring")
    both = deal(usage, monthly)
    for request in (params(ONGOING), params(ONGOING, usage, monthly)):
        draft = draft_invoice(request, both, SOURCES)
        assert [line.deal_product_id for line in draft.lines] == [monthly.id]
        assert [(r.product.id, r.state) for r in draft.skipped] == [(usage.id, SKIPPED)]
    asked = params(ONGOING, usage, include_usage_based=True)
    assert draft_invoice(asked, both, SOURCES).lines[0].deal_product_id == usage.id
    ((path, message),) = refused(params(ONGOING, usage), both)
    assert path == "params.deal_product_ids"
    assert "Usage-Based" in message
    assert draft_invoice(params(FULL), deal(usage), SOURCES).subtotal == 100


def test_ongoing_bills_anew_and_reserves_nothing():
    p = product(payment_status=PAID)
    billed = invoice((p, Decimal(100)), raised_as=FULL, currency="NZD")
    draft = draft_invoice(params(ONGOING), deal(p, invoices=[billed]), SOURCES)
    assert (draft.subtotal, draft.warnings, draft.lines[0].over_invoiced_by) == (100, (), 0)
    assert draft.reservations(UUID(int=1)) == ()


def test_a_product_without_deposit_percentage_contributes_no_line():
    none, zero, some = (
        product(1),
        product(2, deposit_percent=Decimal(0)),
        product(3, deposit_percent=THIRTY),
    )
    for request in (params(DEPOSIT), params(DEPOSIT, none, zero, some)):
        draft = draft_invoice(request, deal(none, zero, some), SOURCES)
        assert [(line.deal_product_id, line.amount) for line in draft.lines] == [(some.id, 30)]
        assert {r.product.id for r in draft.skipped} == {none.id, zero.id}
    assert {r.reason for r in draft.skipped} == {"it has no deposit percentage"}
    assert "Product 1 contributes no line: it has no deposit percentage" in draft.warnings


def test_a_deposit_too_small_to_bill_contributes_no_line():
    p = product(unit_price=Decimal("0.01"), deposit_percent=THIRTY)
    assert row(params(DEPOSIT), deal(p)).state is SKIPPED


# --- remaining, over-invoicing, reservations ------------------------------------------------


def test_a_full_invoice_after_a_deposit_is_only_by_name_and_says_by_how_much():
    p = product(payment_status=UNPAID)
    billed = deal(p, invoices=[invoice((p, THIRTY))])
    assert row(params(FULL), billed).state is OFFERED
    draft = draft_invoice(params(FULL, p), billed, SOURCES)
    assert draft.lines[0].over_invoiced_by == 30
    assert draft.warnings == (
        "Product 1: 70.00 AUD of 100.00 AUD is left to invoice, this bills 30.00 AUD more",
    )
    assert draft.lines[0].warning == draft.warnings[0]


@pytest.mark.parametrize(("percent", "over"), [("30", 0), ("60", 20)])
def test_a_second_deposit_is_only_by_name_even_where_it_would_fit(percent, over):
    p = product(deposit_percent=Decimal(percent))
    billed = deal(p, invoices=[invoice((p, Decimal(percent)))])
    assert row(params(DEPOSIT), billed).state is OFFERED
    (line,) = draft_invoice(params(DEPOSIT, p), billed, SOURCES).lines
    assert "a deposit is already on invoice INV-1" in line.warning
    assert line.over_invoiced_by == over


def test_rebilling_what_is_over_invoiced_already_counts_the_new_line_only():
    p = product(payment_status=INVOICED)
    billed = deal(p, invoices=[invoice((p, Decimal(130)), raised_as=FULL)])
    (line,) = draft_invoice(params(FULL, p), billed, SOURCES).lines
    assert line.over_invoiced_by == 100
    assert "it is already invoiced; 0.00 AUD of 100.00 AUD" in line.warning


def test_a_balance_with_nothing_left_is_refused_when_named_and_skipped_by_default():
    done, owing = product(1, payment_status=DEPOSITED), product(2, payment_status=DEPOSITED)
    of_deal = deal(done, owing, invoices=[invoice((done, Decimal(100)), (owing, THIRTY))])
    draft = draft_invoice(params(BALANCE), of_deal, SOURCES)
    assert [(line.deal_product_id, line.amount) for line in draft.lines] == [(owing.id, 70)]
    ((path, message),) = refused(params(BALANCE, owing, done), of_deal)
    assert path == "params.deal_product_ids[1]"
    assert "nothing of 100.00 AUD is left to invoice: 100.00 AUD on invoice INV-1" in message


def test_withdrawn_invoices_free_their_money():
    p = product(payment_status=DEPOSITED)
    for status in InvoiceStatus:
        left = 70 if status.is_live else 100
        of_deal = deal(p, invoices=[invoice((p, THIRTY), status=status)])
        assert draft_invoice(params(BALANCE), of_deal, SOURCES).subtotal == left


def test_an_open_reservation_counts_until_its_invoice_takes_its_place():
    p = product(payment_status=DEPOSITED)
    held = reservation(p, THIRTY, effect=7)
    assert remaining(p, Ledger((), (held,)), "AUD") == 70
    made = invoice((p, THIRTY), effect_id=UUID(int=7))
    assert remaining(p, Ledger((made,), (held,)), "AUD") == 70
    voided = replace(made, status=InvoiceStatus.VOIDED)
    assert remaining(p, Ledger((voided,), (held,)), "AUD") == 100
    another = invoice((p, THIRTY), effect_id=UUID(int=8))
    assert remaining(p, Ledger((another,), (held,)), "AUD") == 40


def billable(number=1, **fixed):
    return products(number, **fixed).filter(
        lambda p: not product_problems(p, "KWD") and full_amount(p, "JPY") > 0
    )


@given(billable(payment_status=DEPOSITED), currencies)
def test_two_balances_at_once_never_bill_the_same_money(p, currency):
    sources = in_currency(currency)
    first = draft_invoice(params(BALANCE), deal(p), sources)
    assert first.subtotal == full_amount(p, currency)
    held = first.reservations(UUID(int=1))
    meanwhile = deal(p, reservations=held)
    for request in (params(BALANCE), params(BALANCE, p)):
        ((path, message),) = refused(request, meanwhile, sources)
        assert path.startswith("params.deal_product_ids")
        assert "an invoice being created" in message
    made = deal(p, invoices=[raised(first, 1)], reservations=held)
    assert refused(params(BALANCE, p), made, sources)


@given(billable(payment_status=UNPAID), currencies, st.sampled_from(LineAmountTypes))
def test_deposit_and_balance_are_the_full_amount_to_the_cent(p, currency, types):
    sources = in_currency(currency)
    billed = []
    if deposit_amount(p, currency):
        deposit = draft_invoice(params(DEPOSIT, line_amount_types=types), deal(p), sources)
        billed.append(raised(deposit, 1))
    after = replace(p, payment_status=DEPOSITED)
    total = sum((i.total for i in billed), Decimal(0))
    if total < full_amount(p, currency):
        request = params(BALANCE, line_amount_types=types)
        balance = draft_invoice(request, deal(after, invoices=billed), sources)
        assert balance.lines[0].amount > 0
        total += balance.subtotal
    assert total == full_amount(p, currency)


steps = st.lists(
    st.tuples(
        st.sampled_from([FULL, DEPOSIT, BALANCE]),
        st.sampled_from(["created", "paid", "withdrawn", "rejected", "unknown"]),
        st.none() | st.sampled_from(PaymentStatus),
    ),
    max_size=8,
)


@given(st.lists(st.integers(1, 2), min_size=1, max_size=2, unique=True), steps, st.data())
def test_default_selections_never_bill_more_than_there_is(numbers, life, data):
    """Any life of a deal: invoices made, paid, withdrawn, lost; statuses corrected by hand."""
    lines = {n: data.draw(billable(n)) for n in numbers}
    invoices, held = [], []
    for effect, (portion, outcome, corrected) in enumerate(life, start=1):
        of_deal = deal(*lines.values(), invoices=invoices, reservations=held)
        proposal = propose(params(portion), of_deal, SOURCES)
        assert proposal.draft.warnings == ()
        assert all(line.amount >= 0 for line in proposal.draft.lines)
        assert not any(line.over_invoiced_by for line in proposal.draft.lines)
        if not proposal.problems and outcome != "rejected":
            held += proposal.draft.reservations(UUID(int=effect))
            if outcome != "unknown":
                status = {
                    "created": InvoiceStatus.AUTHORISED,
                    "paid": InvoiceStatus.PAID,
                    "withdrawn": InvoiceStatus.VOIDED,
                }[outcome]
                invoices.append(raised(proposal.draft, effect, status))
                rung = promotion_for(portion, status)
                for line in proposal.draft.lines:
                    (n,) = (n for n, p in lines.items() if p.id == line.deal_product_id)
                    risen = max(lines[n].payment_status, rung or UNPAID)
                    lines[n] = replace(lines[n], payment_status=risen)
        if corrected:
            lines = {n: replace(p, payment_status=corrected) for n, p in lines.items()}
        ledger = Ledger(tuple(invoices), tuple(held))
        for p in lines.values():
            assert remaining(p, ledger, "AUD") >= 0


@given(
    billable(payment_status=DEPOSITED),
    st.sampled_from([FULL, DEPOSIT, BALANCE]),
    st.decimals(0, 200, places=2),
    currencies,
)
def test_what_a_draft_bills_is_what_xero_will_compute(p, portion, billed, currency):
    sources = in_currency(currency)
    earlier = invoice((p, billed), currency=currency)
    draft = propose(params(portion, p), deal(p, invoices=[earlier]), sources).draft
    for line in draft.lines:
        for compute in ROUNDING_ORDERS:
            rate = line.discount_rate or Decimal(0)
            assert compute(line.quantity, line.unit_amount, rate) == line.amount
        if portion in {DEPOSIT, BALANCE}:
            assert (line.quantity, line.unit_amount, line.discount_rate) == (1, line.amount, None)
        left = max(Decimal(0), full_amount(p, currency) - billed)
        assert line.over_invoiced_by == max(Decimal(0), line.amount - left)
    assert draft.subtotal == sum(line.amount for line in draft.lines)
    reserved = [(r.deal_product_id, r.amount) for r in draft.reservations(UUID(int=1))]
    assert reserved == [(line.deal_product_id, line.amount) for line in draft.lines]


# --- paid through a deposit -----------------------------------------------------------------


def paid_through_deposit(number=1, amount=THIRTY):
    p = product(number, payment_status=PAID, deposit_percent=THIRTY)
    return p, invoice((p, amount), number=f"INV-{number}", status=InvoiceStatus.PAID)


def test_a_line_paid_through_its_deposit_is_offered_and_naming_it_is_no_force():
    p, deposit = paid_through_deposit()
    of_deal = deal(p, invoices=[deposit])
    line = row(params(BALANCE), of_deal)
    assert (line.state, line.reason) == (OFFERED, "deposit paid, 70.00 AUD still to invoice")
    draft = draft_invoice(params(BALANCE, p), of_deal, SOURCES)
    assert (draft.subtotal, draft.warnings) == (70, ())
    assert draft.balance_open == (BalanceOpen(p.id, Decimal("70.00")),)
    assert row(params(FULL), of_deal).state is DIM


def test_an_empty_default_names_the_lines_paid_through_a_deposit():
    p, deposit = paid_through_deposit()
    for portion in (BALANCE, FULL):
        ((path, message),) = refused(params(portion), deal(p, invoices=[deposit]))
        assert path == "params.deal_product_ids"
        assert message.count("deposit paid, 70.00 AUD still to invoice") == 1
        assert f"name {p.id} with portion balance" in message


@pytest.mark.parametrize(
    "claim",
    [
        {"raised_as": FULL},
        {"status": InvoiceStatus.VOIDED},
    ],
)
def test_paid_by_other_means_is_dimmed_and_forced(claim):
    p = product(payment_status=PAID)
    of_deal = deal(p, invoices=[invoice((p, THIRTY), **claim)])
    assert row(params(BALANCE), of_deal).state is DIM
    assert row(params(BALANCE), of_deal).balance_open is None
    assert "already paid" in row(params(BALANCE, p), of_deal).warning


def test_a_deposit_that_paid_everything_leaves_no_balance_open():
    p, deposit = paid_through_deposit(amount=Decimal(100))
    assert row(params(BALANCE), deal(p, invoices=[deposit])).balance_open is None


# --- refusals -------------------------------------------------------------------------------


def test_another_currency_or_tax_basis_is_refused_naming_the_earlier_invoice():
    p = product(payment_status=DEPOSITED)
    inclusive = LineAmountTypes.INCLUSIVE
    earlier = invoice((p, THIRTY), number="INV-9", currency="NZD", line_amount_types=inclusive)
    found = refused(params(BALANCE), deal(p, invoices=[earlier]))
    assert [path for path, _ in found] == ["params.currency", "params.line_amount_types"]
    assert found[0][1].startswith("Product 1 is on invoice INV-9 as NZD, not AUD;")
    assert "as Inclusive, not Exclusive" in found[1][1]
    draft_invoice(
        params(BALANCE, currency="NZD", line_amount_types=inclusive),
        deal(p, invoices=[earlier]),
        SOURCES,
    )
    withdrawn = replace(earlier, status=InvoiceStatus.DELETED)
    draft_invoice(params(BALANCE), deal(p, invoices=[withdrawn]), SOURCES)


def test_a_reservation_in_another_currency_refuses_as_well():
    p = product(payment_status=DEPOSITED)
    held = reservation(p, THIRTY, currency="NZD")
    ((path, message),) = refused(params(BALANCE), deal(p, reservations=[held]))
    assert path == "params.currency"
    assert "an invoice being created" in message


def test_another_products_currency_is_its_own_affair():
    p, other = product(1), product(2, payment_status=INVOICED)
    earlier = invoice((other, Decimal(100)), currency="NZD", raised_as=FULL)
    assert draft_invoice(params(FULL), deal(p, other, invoices=[earlier]), SOURCES).subtotal == 100


def test_unknown_and_repeated_names_are_each_refused_by_place():
    p, stranger = product(1), product(9)
    found = refused(params(FULL, p, stranger, p), deal(p))
    assert [path for path, _ in found] == [
        "params.deal_product_ids[1]",
        "params.deal_product_ids[2]",
    ]
    assert str(stranger.id) in found[0][1]
    assert "twice" in found[1][1]


def test_naming_nothing_is_not_the_same_as_not_naming():
    request = replace(params(FULL), deal_product_ids=())
    ((path, message),) = refused(request, deal(product()))
    assert (path, "names no product" in message) == ("params.deal_product_ids", True)


def test_nothing_to_invoice_says_why_for_each_line():
    assert "no products" in refused(params(FULL), deal())[0][1]
    ((_, zero),) = refused(params(FULL), deal(product(unit_price=Decimal(0))))
    assert "every chosen line comes to 0.00 AUD" in zero
    ((_, none),) = refused(params(DEPOSIT), deal(product(1), product(2, payment_status=PAID)))
    assert "Product 1: it has no deposit percentage; Product 2: it has no deposit" in none
    free, sold = product(1, unit_price=Decimal(0)), product(2)
    assert len(draft_invoice(params(FULL), deal(free, sold), SOURCES).lines) == 2


def test_a_bad_number_refuses_the_invoice_it_would_be_on_and_no_other():
    bad = product(1, quantity=Decimal(-1), unit_price=Decimal("NaN"))
    good = product(2)
    found = refused(params(FULL), deal(bad, good))
    assert [path for path, _ in found] == [
        f"deal_products[{bad.id}].quantity",
        f"deal_products[{bad.id}].unit_price",
    ]
    assert refused(params(FULL, bad), deal(bad, good)) == found
    draft = draft_invoice(params(FULL, good), deal(bad, good), SOURCES)
    assert [r.product.id for r in draft.skipped] == [bad.id]


def test_every_problem_is_reported_at_once():
    bad, p = product(1, quantity=Decimal(-1)), product(2, payment_status=DEPOSITED)
    earlier = invoice((p, THIRTY), currency="NZD")
    request = params(FULL, bad, product(9), p, status=InvoiceStatus.PAID, currency="usd")
    bare = replace(SOURCES, settings=type(SOURCES.settings)())
    paths = [path for path, _ in refused(request, deal(bad, p, invoices=[earlier]), bare)]
    assert paths == [
        "params.status",
        "params.currency",
        "params.due_date",
        "params.deal_product_ids[1]",
        f"deal_products[{bad.id}].quantity",
        "params.currency",
        "params.account_code",
        "params.tax_type",
    ]


def test_a_refusal_reads_as_its_problems():
    with pytest.raises(InvoiceRefused, match=r"params\.deal_product_ids: nothing to invoice"):
        draft_invoice(params(FULL), deal(), SOURCES)


@given(
    st.lists(st.integers(1, 4), max_size=4, unique=True).flatmap(
        lambda ns: st.tuples(*(products(n) for n in ns))
    ),
    st.sampled_from(Portion),
    st.booleans(),
    st.data(),
)
def test_a_preview_has_a_row_for_every_product_and_never_raises(lines, portion, usage, data):
    of_deal = deal(*lines)
    names = data.draw(st.lists(st.sampled_from(lines), unique=True)) if lines else []
    proposal = propose(params(portion, *names, include_usage_based=usage), of_deal, SOURCES)
    assert [r.product.id for r in proposal.rows] == [p.id for p in lines]
    chosen = [r for r in proposal.rows if r.state is CHOSEN]
    assert [line.deal_product_id for line in proposal.draft.lines] == [r.product.id for r in chosen]
    assert all(0 <= r.amount <= LINE_AMOUNT_MAX for r in proposal.rows)
    assert all(r.reason for r in proposal.rows)
    assert bool(proposal.problems) or any(r.amount for r in chosen)


def test_lines_carry_their_codes_and_the_preview_its_tax():
    p = product(account_code="410", deposit_percent=THIRTY)
    draft = draft_invoice(params(DEPOSIT), deal(p), SOURCES)
    (line,) = draft.lines
    assert (line.account_code, line.tax_type) == ("410", "OUTPUT")
    tax = preview_tax(draft, {"OUTPUT": Decimal(10)})
    assert (tax.tax, tax.total) == (Decimal("3.00"), Decimal("33.00"))
    assert "by a cent a line" in tax.note
    assert preview_tax(draft_invoice(params(FULL), deal(p), SOURCES), {}).note is None
