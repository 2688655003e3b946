"""Deals, requests and Hypothesis strategies for the tests of invoices."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from domain.invoices.draft import InvoiceDraft
from domain.invoices.ledger import Cover, EarlierInvoice, Ledger, Reservation
from domain.invoices.portions import DealProduct, LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams, InvoiceSettings, InvoiceSources
from domain.invoices.selection import Deal
from domain.invoices.xero_status import InvoiceStatus
from domain.payments.status import PaymentStatus

DEAL = UUID(int=1)
TODAY = date(2026, 11, 23)
SETTINGS = InvoiceSettings(account_code="200", tax_type="OUTPUT", due_days=14)
SOURCES = InvoiceSources(TODAY, "AUD", settings=SETTINGS)

currencies = st.sampled_from(["AUD", "USD", "JPY", "KWD", "CLF"])
quantities = (
    st.decimals(0, 10_000, places=4)
    | st.decimals(0, 99, places=6)
    | st.integers(0, 99).map(Decimal)
)
prices = (
    st.decimals(0, 100_000, places=2)
    | st.decimals(0, 1_000, places=4)
    | st.decimals(0, 99, places=7)
)
percentages = (
    st.sampled_from(["0", "12.5", "33.33", "50", "100"]).map(Decimal)
    | st.decimals(0, 100, places=2)
    | st.decimals(0, 100, places=5)
)


def product(number=1, **fields):
    known = {"name": f"Product {number}", "quantity": Decimal(1), "unit_price": Decimal(100)}
    return DealProduct(**{"id": UUID(int=100 + number), "deal_id": DEAL, **known, **fields})


def products(number=1, **fixed):
    given_fields = {
        "quantity": quantities,
        "unit_price": prices,
        "discount_percent": percentages,
        "deposit_percent": st.none() | percentages,
        "payment_status": st.sampled_from(PaymentStatus),
        "description": st.none() | st.text(max_size=20),
    }
    given_fields |= {name: st.just(value) for name, value in fixed.items()}
    return st.builds(lambda **fields: product(number, **fields), **given_fields)


def invoice(
    *covers, number="INV-1", raised_as=Portion.DEPOSIT, status=InvoiceStatus.AUTHORISED, **fields
):
    total = sum((amount for _, amount in covers), Decimal(0))
    known = {
        "invoice_id": UUID(int=9000 + sum(map(ord, number))),
        "currency": "AUD",
        "line_amount_types": LineAmountTypes.EXCLUSIVE,
        "total": total,
        "amount_due": Decimal(0) if status is InvoiceStatus.PAID else total,
        "covers": tuple(Cover(p.id, amount) for p, amount in covers),
    }
    return EarlierInvoice(
        **{"number": number, "raised_as": raised_as, "status": status, **known, **fields}
    )


def reservation(p, amount, effect=1, **fields):
    known = {
        "raised_as": Portion.DEPOSIT,
        "currency": "AUD",
        "line_amount_types": LineAmountTypes.EXCLUSIVE,
    }
    return Reservation(UUID(int=effect), p.id, amount, **{**known, **fields})


def deal(*of_deal, invoices=(), reservations=()):
    return Deal(DEAL, tuple(of_deal), Ledger(tuple(invoices), tuple(reservations)))


def params(portion=Portion.FULL, *named, **fields):
    ids = tuple(p.id for p in named) or None
    return InvoiceParams(**{"portion": portion, "deal_product_ids": ids, **fields})


def in_currency(currency):
    return replace(SOURCES, deal_currency=currency)


def raised(draft: InvoiceDraft, effect: int, status=InvoiceStatus.AUTHORISED) -> EarlierInvoice:
    """The invoice the platform would hold after the draft was created."""
    return EarlierInvoice(
        invoice_id=UUID(int=5000 + effect),
        number=f"INV-{effect}",
        status=status,
        raised_as=draft.portion,
        currency=draft.terms.currency,
        line_amount_types=draft.terms.line_amount_types,
        total=draft.subtotal,
        amount_due=draft.subtotal,
        covers=tuple(Cover(line.deal_product_id, line.amount) for line in draft.lines),
        effect_id=UUID(int=effect),
    )
