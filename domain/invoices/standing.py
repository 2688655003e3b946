"""Where an invoice stands, as the platform last told: what an edit or a payment starts from."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from domain.invoices.xero_status import InvoiceStatus
from domain.money import round_half_up


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts are in `currency`; `label` is what people call the invoice."""

    label: str
    status: InvoiceStatus
    currency: str
    total: Decimal
    amount_due: Decimal
    due_date: dt.date | None = None
    reference: str | None = None

    @property
    def settled(self) -> Decimal:
        """What payments and credits have taken off it."""
        return round_half_up(self.total - self.amount_due, self.currency)

    @property
    def due(self) -> Decimal:
        """What is left to pay."""
        return round_half_up(self.amount_due, self.currency)
