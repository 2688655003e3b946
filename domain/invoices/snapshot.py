"""What the platform last told us of an invoice, and which of two tellings stands."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from domain.invoices.portions import LineAmountTypes
from domain.invoices.xero_status import InvoiceStatus


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """A line as the platform returned it; `line_amount` is on the invoice's tax basis."""

    platform_line_id: str
    description: str
    quantity: Decimal
    unit_amount: Decimal
    line_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceSnapshot:
    """An invoice as the platform returned it. Amounts are in `currency`, dates the organisation's.

    `updated_utc` is Xero's UpdatedDateUTC; `repeating_invoice_id` names the template that
    generated it, None for an invoice raised by itself.

    Raises:
        ValueError: `updated_utc` has no time zone, so it could not be compared.
    """

    platform_invoice_id: str
    number: str | None
    status: InvoiceStatus
    contact_id: str
    currency: str
    line_amount_types: LineAmountTypes
    total: Decimal
    amount_due: Decimal
    amount_paid: Decimal
    date: dt.date
    due_date: dt.date | None
    reference: str | None
    url: str | None
    updated_utc: dt.datetime
    lines: tuple[SnapshotLine, ...] = ()
    repeating_invoice_id: str | None = None

    def __post_init__(self) -> None:
        if self.updated_utc.tzinfo is None:
            raise ValueError(f"updated_utc: {self.updated_utc} has no time zone; give it in UTC")


def supersedes(new: InvoiceSnapshot, old: InvoiceSnapshot | None) -> bool:
    """Tell whether `new` may overwrite `old`: it is the first, or its UpdatedDateUTC is no older.

    Equal counts as newer, since not every change in Xero raises UpdatedDateUTC.

    Raises:
        ValueError: they are two different invoices.
    """
    if old is None:
        return True
    if new.platform_invoice_id != old.platform_invoice_id:
        raise ValueError(
            f"platform_invoice_id: {new.platform_invoice_id} cannot stand for "
            f"{old.platform_invoice_id}; compare snapshots of one invoice"
        )
    return new.updated_utc >= old.updated_utc
