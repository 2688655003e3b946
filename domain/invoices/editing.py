"""Editing an invoice: what may be changed of it, and whether it has been.

Source: developer.xero.com, Accounting API, Invoices ("Updating status", "Voiding").
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from domain.invoices.refusal import Problem
from domain.invoices.standing import Standing
from domain.invoices.xero_status import InvoiceStatus, transition_fault, void_fault, void_target


@dataclass(frozen=True, slots=True)
class Edit:
    """The values wanted; None leaves a field as it is. An empty `reference` clears it."""

    status: InvoiceStatus | None = None
    due_date: dt.date | None = None
    reference: str | None = None

    @property
    def is_empty(self) -> bool:
        """It changes nothing at the platform."""
        return self == Edit()


def edit_problems(invoice: Standing, edit: Edit) -> tuple[Problem, ...]:
    """Return every reason why `edit` may not be sent for the invoice; none when it may."""
    if edit.is_empty:
        return ()
    if invoice.status.is_locked:
        words = f"{invoice.label} is {invoice.status.value}, which locks it: change it in Xero"
        return (Problem("params.invoice_id", words),)
    return tuple(_status_problems(invoice, edit))


def _status_problems(invoice: Standing, edit: Edit) -> Iterator[Problem]:
    if edit.status is None:
        return
    fault = transition_fault(invoice.status, edit.status)
    if fault is None and not edit.status.is_live:
        fault = void_fault(invoice.status, invoice.settled)
    if fault is not None:
        yield Problem("params.status", fault)
    if not edit.status.is_live:
        words = f"cannot be changed by a request that takes the invoice to {edit.status.value}"
        if edit.due_date is not None:
            yield Problem("params.due_date", words)
        if edit.reference is not None:
            yield Problem("params.reference", words)


def void_problems(invoice: Standing) -> tuple[Problem, ...]:
    """Return why the invoice may not be voided; none when it may."""
    fault = void_fault(invoice.status, invoice.settled)
    return () if fault is None else (Problem("params.invoice_id", f"{invoice.label}: {fault}"),)


def withdrawal(invoice: Standing) -> Edit:
    """Return the edit that voids the invoice: VOIDED, or DELETED for one not yet approved."""
    return Edit(status=void_target(invoice.status))


def has_been_made(edit: Edit, invoice: Standing) -> bool:
    """Tell whether the invoice, as just read, has the values wanted.

    An approved invoice that is PAID by now has been approved.
    """
    reached = {edit.status, InvoiceStatus.PAID} if edit.status == _APPROVED else {edit.status}
    return (
        (edit.status is None or invoice.status in reached)
        and (edit.due_date is None or invoice.due_date == edit.due_date)
        and (edit.reference is None or (invoice.reference or "") == edit.reference)
    )


_APPROVED = InvoiceStatus.AUTHORISED
