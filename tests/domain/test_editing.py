"""What may be edited, voided and paid, for every invoice and every wish."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoices.editing import Edit, edit_problems, has_been_made, void_problems, withdrawal
from domain.invoices.paying import (
    OWN_REFERENCE_MAX,
    REFERENCE_MAX,
    BankAccount,
    bank_account,
    carries,
    mark_of,
    payment_problems,
    payment_reference,
)
from domain.invoices.standing import Standing
from domain.invoices.xero_status import TRANSITIONS, InvoiceStatus

STATUSES = st.sampled_from(InvoiceStatus)
CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))
TEXTS = st.text(max_size=OWN_REFERENCE_MAX)


@st.composite
def standings(draw):
    total = draw(CENTS)
    due = min(total, draw(CENTS))
    status = draw(STATUSES)
    return Standing("INV-1", status, "AUD", total, due, draw(st.none() | DAYS), draw(TEXTS))


EDITS = st.builds(Edit, st.none() | STATUSES, st.none() | DAYS, st.none() | TEXTS)


@given(standings(), EDITS)
def test_an_edit_without_problems_is_one_xero_allows(invoice, edit):
    if edit_problems(invoice, edit) or edit.is_empty:
        return
    assert not invoice.status.is_locked
    if edit.status is not None:
        assert edit.status in TRANSITIONS[invoice.status]
        assert edit.status.is_live or (edit.due_date, edit.reference) == (None, None)
        assert edit.status.is_live or not invoice.settled


@given(standings(), EDITS)
def test_a_locked_invoice_takes_no_edit(invoice, edit):
    if invoice.status.is_locked and not edit.is_empty:
        (problem,) = edit_problems(invoice, edit)
        assert problem.path == "params.invoice_id"


@given(standings())
def test_what_may_be_voided_goes_to_a_status_that_bills_nothing(invoice):
    if not void_problems(invoice):
        edit = withdrawal(invoice)
        assert not edit.status.is_live
        assert edit_problems(invoice, edit) == ()


@given(standings(), EDITS)
def test_an_edit_is_made_once_its_values_are_there_and_not_while_one_is_not(invoice, edit):
    after = Standing(
        invoice.label,
        edit.status or invoice.status,
        invoice.currency,
        invoice.total,
        invoice.amount_due,
        edit.due_date or invoice.due_date,
        invoice.reference if edit.reference is None else edit.reference,
    )
    assert has_been_made(edit, after)
    other = Edit(reference=(after.reference or "") + "!")
    assert not has_been_made(other, after)
    assert has_been_made(edit, invoice) == (invoice == after) or _paid_by_now(edit, invoice)


def _paid_by_now(edit, invoice):
    return (edit.status, invoice.status) == (InvoiceStatus.AUTHORISED, InvoiceStatus.PAID)


def test_an_approval_is_made_when_the_invoice_is_paid_by_now():
    paid = Standing("INV-1", InvoiceStatus.PAID, "AUD", Decimal(1), Decimal(0))
    assert has_been_made(Edit(InvoiceStatus.AUTHORISED), paid)
    assert not has_been_made(Edit(InvoiceStatus.DRAFT), paid)


@given(standings(), st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_payment_without_problems_is_within_what_is_due(invoice, amount):
    if payment_problems(invoice, amount):
        return
    assert invoice.status.offers_payment
    assert invoice.due > 0
    assert amount is None or 0 < amount <= invoice.due
    assert amount is None or amount == amount.quantize(Decimal("0.01"))


@given(TEXTS, st.uuids(version=4), st.uuids(version=4))
def test_a_reference_fits_says_what_was_given_and_is_found_by_its_mark_alone(text, mine, other):
    reference = payment_reference(text, mine)
    assert len(reference) <= REFERENCE_MAX
    assert text.strip() in reference
    assert carries(reference, mine)
    assert carries(reference, other) is (mark_of(mine) == mark_of(other))


@pytest.mark.parametrize("reference", [None, "", "AF-", "Deposit", "(AF-000000000001) twice"])
def test_what_only_looks_like_a_mark_is_none(reference):
    assert not carries(reference, UUID(int=1 << 80))


def test_an_account_is_named_by_its_id_before_its_code():
    accounts = [BankAccount("A-1", "A-2", "One"), BankAccount("a-2", None, "Two")]
    assert bank_account(accounts, " A-2 ") == accounts[1]
    assert bank_account(accounts, "a-1") == accounts[0]
    assert bank_account(accounts, "") is None
