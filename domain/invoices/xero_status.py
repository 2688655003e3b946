"""Xero's invoice statuses: what each allows, which may follow, and what each justifies.

Source: developer.xero.com, Accounting API, Invoices ("Invoice status codes", "Updating status").
"""

from decimal import Decimal
from enum import StrEnum

from domain.invoices.portions import Portion
from domain.payments.promotion import FIRST_CYCLE
from domain.payments.status import PaymentStatus


class InvoiceStatus(StrEnum):
    """The status of a sales invoice, spelled as Xero spells it."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    AUTHORISED = "AUTHORISED"
    PAID = "PAID"
    VOIDED = "VOIDED"
    DELETED = "DELETED"

    @property
    def is_live(self) -> bool:
        """It bills its lines: its covers count."""
        return self not in _WITHDRAWN

    @property
    def is_locked(self) -> bool:
        """Nothing about it may be changed: refused before any call."""
        return self in _LOCKED

    @property
    def is_editable(self) -> bool:
        """Status, due date and reference may be written back."""
        return not self.is_locked

    @property
    def is_creatable(self) -> bool:
        """An invoice may be created with it."""
        return self in _CREATABLE

    @property
    def offers_payment(self) -> bool:
        """Mark as Paid is offered (Xero itself takes payments on AUTHORISED only)."""
        return self in _SENT_OUT

    @property
    def accepts_payment(self) -> bool:
        """Xero takes a payment: "Payments can only be made against Authorised documents"."""
        return self is InvoiceStatus.AUTHORISED

    @property
    def is_emailable(self) -> bool:
        """Send Invoice is offered."""
        return self in _SENT_OUT

    @property
    def is_outstanding(self) -> bool:
        """Its AmountDue counts towards the deal's outstanding amount."""
        return self is InvoiceStatus.AUTHORISED


_S = InvoiceStatus
_WITHDRAWN = frozenset({_S.VOIDED, _S.DELETED})
_LOCKED = _WITHDRAWN | {_S.PAID}
_CREATABLE = frozenset({_S.DRAFT, _S.SUBMITTED, _S.AUTHORISED})
_SENT_OUT = frozenset({_S.SUBMITTED, _S.AUTHORISED})

TRANSITIONS: dict[InvoiceStatus, frozenset[InvoiceStatus]] = {
    _S.DRAFT: frozenset({_S.DRAFT, _S.SUBMITTED, _S.AUTHORISED, _S.DELETED}),
    _S.SUBMITTED: frozenset({_S.DRAFT, _S.SUBMITTED, _S.AUTHORISED, _S.DELETED}),
    _S.AUTHORISED: frozenset({_S.AUTHORISED, _S.VOIDED}),
    _S.PAID: frozenset(),
    _S.VOIDED: frozenset(),
    _S.DELETED: frozenset(),
}
"""The status changes a caller may ask Xero for. PAID comes from payments and is never asked for."""

_WITHDRAWN_AS: dict[InvoiceStatus, InvoiceStatus] = {
    _S.DRAFT: _S.DELETED,
    _S.SUBMITTED: _S.DELETED,
    _S.AUTHORISED: _S.VOIDED,
}

_RUNG_WHEN_OPEN: dict[Portion, PaymentStatus | None] = {
    Portion.FULL: PaymentStatus.INVOICED,
    Portion.DEPOSIT: PaymentStatus.DEPOSIT_INVOICED,
    Portion.BALANCE: PaymentStatus.INVOICED,
    Portion.ONGOING: None,  # what a template generates is Xero's own and promotes nothing
}


def transition_fault(before: InvoiceStatus, after: InvoiceStatus) -> str | None:
    """Say why an invoice may not be taken from `before` to `after`, or return None when it may."""
    if after in TRANSITIONS[before]:
        return None
    allowed = ", ".join(sorted(TRANSITIONS[before] - {before}))
    cure = f"it can become {allowed}" if allowed else "it is locked; change it in Xero"
    return f"an invoice that is {before.value} cannot become {after.value}: {cure}"


def void_target(status: InvoiceStatus) -> InvoiceStatus | None:
    """Return what voiding makes of it: VOIDED for AUTHORISED, DELETED for drafts, else None."""
    return _WITHDRAWN_AS.get(status)


def void_fault(status: InvoiceStatus, settled: Decimal) -> str | None:
    """Say why an invoice may not be voided, or return None when it may.

    `settled` is what payments and credits have taken off it (Total less AmountDue). Xero refuses
    with "This document cannot be edited as it has a payment or credit note allocated to it."
    """
    if status not in _WITHDRAWN_AS:
        cure = "; remove its payments in Xero first" if status is InvoiceStatus.PAID else ""
        return f"an invoice that is {status.value} cannot be voided{cure}"
    if settled > 0:
        return f"{settled:f} of it is already paid or credited: remove that in Xero, then void it"
    return None


def promotion_for(
    raised_as: Portion, status: InvoiceStatus, cycle: int = FIRST_CYCLE
) -> PaymentStatus | None:
    """Return the rung an invoice justifies for the lines it covers, or None.

    PAID justifies paid; DRAFT, SUBMITTED and AUTHORISED justify deposit_invoiced (deposit) or
    invoiced (full, balance); VOIDED and DELETED nothing. After a payment was deleted (`cycle` > 1)
    only paid is justified: the lower rungs belong to the first cycle and stay used up.
    """
    rung = _RUNG_WHEN_OPEN[raised_as]
    if rung is None or not status.is_live:
        return None
    if status is InvoiceStatus.PAID:
        return PaymentStatus.PAID
    return rung if cycle == FIRST_CYCLE else None


def ended_cycle(before: InvoiceStatus, after: InvoiceStatus) -> bool:
    """Tell whether a PAID invoice is seen no longer PAID: its next PAID is a new cycle."""
    return before is InvoiceStatus.PAID and after is not InvoiceStatus.PAID
