"""Recording a payment: what may be paid, from which account, and the mark it is found again by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.invoices.refusal import Problem
from domain.invoices.standing import Standing
from domain.invoices.xero_status import InvoiceStatus
from domain.money import crosses_exactly, decimals_of, invoice_decimals, worded

REFERENCE_MAX = 255  # characters
_MARK_DIGITS = 12  # of the effect's id: 48 random bits, among the payments of one invoice
_MARK_MAX = len(" (AF-)") + _MARK_DIGITS
OWN_REFERENCE_MAX = REFERENCE_MAX - _MARK_MAX
"""How long the reference may be that a request gives: our mark follows it."""

_UNPAYABLE = {
    InvoiceStatus.DRAFT: "approve it first",
    InvoiceStatus.PAID: "nothing of it is due",
}


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An active bank account of the organisation; not every one has a code."""

    account_id: str
    code: str | None
    name: str

    @property
    def label(self) -> str:
        """What people call it: code and name."""
        return f"{self.code} {self.name}" if self.code else self.name


def payment_problems(invoice: Standing, amount: Decimal | None) -> tuple[Problem, ...]:
    """Return every reason why a payment may not be recorded; `amount` None pays what is due.

    SUBMITTED passes: Xero refuses it, in its own words.
    """
    if not invoice.status.offers_payment:
        cure = _UNPAYABLE.get(invoice.status)
        words = f"{invoice.label} is {invoice.status.value}, which takes no payment"
        return (Problem("params.invoice_id", f"{words}: {cure}" if cure else words),)
    if invoice.due <= 0:
        return (Problem("params.invoice_id", f"nothing of {invoice.label} is due"),)
    return () if amount is None else tuple(_amount_problems(invoice, amount))


def _amount_problems(invoice: Standing, amount: Decimal) -> Iterator[Problem]:
    places, currency = invoice_decimals(invoice.currency), invoice.currency
    if amount <= 0:
        yield Problem("params.amount", "must be more than 0")
    elif decimals_of(amount) > places:
        yield Problem("params.amount", f"{amount:f} has more than {places} decimals ({currency})")
    elif amount > invoice.due:
        more, due = worded(amount, currency), worded(invoice.due, currency)
        yield Problem("params.amount", f"{more} is more than the {due} due on {invoice.label}")
    elif not crosses_exactly(amount):
        yield Problem("params.amount", f"{amount:f} has too many digits")


def bank_account(accounts: Sequence[BankAccount], wanted: str) -> BankAccount | None:
    """Return the account `wanted` names by its id or its code, else None."""
    name = wanted.strip().casefold()
    by_id = (one for one in accounts if one.account_id.casefold() == name)
    by_code = (one for one in accounts if one.code is not None and one.code.casefold() == name)
    return next(by_id, None) or next(by_code, None)


def mark_of(effect_id: UUID) -> str:
    """Return the mark of a payment: short enough to be read out to a bookkeeper."""
    return f"AF-{effect_id.hex[:_MARK_DIGITS].upper()}"


def payment_reference(given: str | None, effect_id: UUID) -> str:
    """Return the Reference of a payment: what the request says, and our mark."""
    mark, text = mark_of(effect_id), (given or "").strip()
    return f"{text} ({mark})" if text else mark


def carries(reference: str | None, effect_id: UUID) -> bool:
    """Tell whether a payment's Reference ends with the mark of the effect."""
    return (reference or "").rstrip(" )").upper().endswith(mark_of(effect_id))
