from decimal import Decimal

import pytest

from domain.invoices.portions import Portion
from domain.invoices.xero_status import (
    TRANSITIONS,
    InvoiceStatus,
    ended_cycle,
    promotion_for,
    transition_fault,
    void_fault,
    void_target,
)
from domain.payments.status import PaymentStatus

DRAFT, SUBMITTED, AUTHORISED, PAID, VOIDED, DELETED = InvoiceStatus
OPEN = {DRAFT, SUBMITTED, AUTHORISED}

PREDICATES = {
    "is_live": OPEN | {PAID},
    "is_locked": {PAID, VOIDED, DELETED},
    "is_editable": OPEN,
    "is_creatable": OPEN,
    "offers_payment": {SUBMITTED, AUTHORISED},
    "accepts_payment": {AUTHORISED},
    "is_emailable": {SUBMITTED, AUTHORISED},
    "is_outstanding": {AUTHORISED},
}


@pytest.mark.parametrize(("predicate", "holding"), PREDICATES.items())
def test_every_status_is_classified(predicate, holding):
    assert {status for status in InvoiceStatus if getattr(status, predicate)} == holding


def test_every_predicate_is_tested():
    on_enum = {name for name, value in vars(InvoiceStatus).items() if isinstance(value, property)}
    assert on_enum == set(PREDICATES)


def test_the_legal_changes_are_xeros():
    assert {status: set(TRANSITIONS[status]) for status in InvoiceStatus} == {
        DRAFT: {DRAFT, SUBMITTED, AUTHORISED, DELETED},
        SUBMITTED: {DRAFT, SUBMITTED, AUTHORISED, DELETED},
        AUTHORISED: {AUTHORISED, VOIDED},
        PAID: set(),
        VOIDED: set(),
        DELETED: set(),
    }


@pytest.mark.parametrize("status", InvoiceStatus)
def test_locked_means_no_legal_change(status):
    assert status.is_locked == (not TRANSITIONS[status])


def test_an_illegal_change_says_what_is_legal():
    assert transition_fault(DRAFT, AUTHORISED) is None
    assert transition_fault(AUTHORISED, DELETED) == (
        "an invoice that is AUTHORISED cannot become DELETED: it can become VOIDED"
    )
    assert "locked" in transition_fault(PAID, VOIDED)


def test_voiding_deletes_drafts_and_voids_what_was_approved():
    voided = {status: void_target(status) for status in InvoiceStatus if void_target(status)}
    assert voided == {DRAFT: DELETED, SUBMITTED: DELETED, AUTHORISED: VOIDED}
    for status, target in voided.items():
        assert target in TRANSITIONS[status]
        assert void_fault(status, Decimal(0)) is None
        assert "0.01 of it is already paid" in void_fault(status, Decimal("0.01"))
    for status in set(InvoiceStatus) - set(voided):
        fault = void_fault(status, Decimal(0))
        assert fault.startswith(f"an invoice that is {status} cannot be voided")
        assert ("remove its payments in Xero first" in fault) is (status is PAID)


RUNG_WHEN_OPEN = {
    Portion.FULL: PaymentStatus.INVOICED,
    Portion.DEPOSIT: PaymentStatus.DEPOSIT_INVOICED,
    Portion.BALANCE: PaymentStatus.INVOICED,
    Portion.ONGOING: None,
}


@pytest.mark.parametrize("status", InvoiceStatus)
@pytest.mark.parametrize("portion", Portion)
@pytest.mark.parametrize("cycle", [1, 2, 7])
def test_what_each_invoice_justifies(portion, status, cycle):
    if status in {VOIDED, DELETED} or portion is Portion.ONGOING:
        expected = None
    elif status is PAID:
        expected = PaymentStatus.PAID
    else:
        expected = RUNG_WHEN_OPEN[portion] if cycle == 1 else None
    assert promotion_for(portion, status, cycle) is expected


@pytest.mark.parametrize("before", InvoiceStatus)
@pytest.mark.parametrize("after", InvoiceStatus)
def test_a_cycle_ends_when_a_paid_invoice_is_seen_no_longer_paid(before, after):
    assert ended_cycle(before, after) == (before == PAID and after != PAID)
