"""What has been billed of a deal's products already, and what is being billed right now."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.invoices.portions import DealProduct, LineAmountTypes, Portion, full_amount
from domain.invoices.xero_status import InvoiceStatus
from domain.money import exact_sum
from domain.payments.status import PaymentStatus


@dataclass(frozen=True, slots=True)
class Cover:
    """What an invoice line bills of one deal product: the LineAmount the platform returned."""

    deal_product_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EarlierInvoice:
    """An invoice raised for the deal, live or not.

    Amounts are in `currency`; `total` and `amount_due` include tax, covers are line amounts on
    the basis of `line_amount_types`. `effect_id` is the effect that created it.
    """

    invoice_id: UUID
    number: str | None
    status: InvoiceStatus
    raised_as: Portion
    currency: str
    line_amount_types: LineAmountTypes
    total: Decimal
    amount_due: Decimal
    covers: tuple[Cover, ...]
    effect_id: UUID | None = None

    @property
    def label(self) -> str:
        """What people call it: its number, else its id."""
        return f"invoice {self.number or self.invoice_id}"


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount frozen for an invoice that is being created, until its effect is settled."""

    effect_id: UUID
    deal_product_id: UUID
    amount: Decimal
    raised_as: Portion
    currency: str
    line_amount_types: LineAmountTypes

    @property
    def label(self) -> str:
        """What people are told of it."""
        return f"an invoice being created (effect {self.effect_id})"


@dataclass(frozen=True, slots=True)
class Claim:
    """One amount that counts against a deal product: a live cover or an open reservation."""

    label: str
    amount: Decimal
    raised_as: Portion
    currency: str
    line_amount_types: LineAmountTypes


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every invoice of the deal (withdrawn ones too) and every open reservation."""

    invoices: tuple[EarlierInvoice, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    def claims(self, deal_product_id: UUID) -> tuple[Claim, ...]:
        """Return what counts against a deal product, invoices first.

        Covers of VOIDED and DELETED invoices do not count. A reservation whose effect has its
        invoice here does not count either: the covers have taken its place, or the invoice was
        withdrawn.
        """
        covered = [
            Claim(i.label, c.amount, i.raised_as, i.currency, i.line_amount_types)
            for i in self.invoices
            if i.status.is_live
            for c in i.covers
            if c.deal_product_id == deal_product_id
        ]
        settled = {i.effect_id for i in self.invoices}
        reserved = [
            Claim(r.label, r.amount, r.raised_as, r.currency, r.line_amount_types)
            for r in self.reservations
            if r.deal_product_id == deal_product_id and r.effect_id not in settled
        ]
        return (*covered, *reserved)


def remaining(product: DealProduct, ledger: Ledger, currency: str) -> Decimal:
    """Return the full amount less all live covers and open reservations.

    Below 0 when the product is billed beyond its full amount.
    """
    claimed = exact_sum(claim.amount for claim in ledger.claims(product.id))
    return full_amount(product, currency) - claimed


def balance_open(product: DealProduct, ledger: Ledger, currency: str) -> Decimal | None:
    """Return what is still to invoice of a product that is paid through a deposit, else None.

    Such a product stands on the top of the ladder although part of it was never billed; whoever
    sees it raises `deal_product.balance_open`.
    """
    if product.payment_status is not PaymentStatus.PAID:
        return None
    left = remaining(product, ledger, currency)
    through_deposit = any(c.raised_as is Portion.DEPOSIT for c in ledger.claims(product.id))
    return left if through_deposit and left > 0 else None
