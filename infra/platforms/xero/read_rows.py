"""What look-ups make of Xero's elements: plain rows for people to choose from.

An element that is not as documented makes no row.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.actions.outcome import JsonObject
from domain.invoices.snapshot import InvoiceSnapshot
from infra.platforms.xero.contacts import contact_json
from infra.platforms.xero.snapshots import Unreadable, snapshot_of


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart. A bank account may have no code: it is known by its id."""

    account_id: str
    code: str | None
    name: str
    type: str
    tax_type: str | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax rate in percent, as text with all its digits."""

    tax_type: str
    name: str
    rate: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that may be invoiced; `number` is the id another system has given it."""

    contact_id: str
    name: str
    email: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """A sales invoice as Xero has it now. Amounts are text, dates ISO 8601."""

    invoice_id: str
    number: str | None
    status: str
    contact_id: str
    date: str
    due_date: str | None
    currency: str
    total: str
    amount_due: str
    reference: str | None
    repeating_invoice_id: str | None


def account(element: JsonObject) -> Account | None:
    """Read an active account; None when it is not as documented."""
    if not isinstance(element.get("AccountID"), str):
        return None
    return Account(
        element["AccountID"],
        _text(element, "Code"),
        _text(element, "Name") or "",
        _text(element, "Type") or "",
        _text(element, "TaxType"),
        _text(element, "CurrencyCode"),
    )


def tax_rate(element: JsonObject) -> TaxRate | None:
    """Read a tax rate; None when it is not as documented."""
    rate = element.get("EffectiveRate", element.get("DisplayTaxRate"))
    kind = _text(element, "TaxType")
    if kind is None or isinstance(rate, bool) or not isinstance(rate, int | Decimal):
        return None
    return TaxRate(kind, _text(element, "Name") or kind, f"{Decimal(rate):f}")


def contact(element: JsonObject) -> Contact | None:
    """Read an active contact; None for any other."""
    told = contact_json(element)
    if not isinstance(element.get("ContactID"), str) or not told["is_active"]:
        return None
    return Contact(told["contact_id"], told["name"], told["email"], told["number"])


def invoice(element: JsonObject) -> Invoice | None:
    """Read an invoice; None when it is not as documented."""
    try:
        return _shown(snapshot_of(element))
    except Unreadable:
        return None


def _shown(snapshot: InvoiceSnapshot) -> Invoice:
    return Invoice(
        invoice_id=snapshot.platform_invoice_id,
        number=snapshot.number,
        status=snapshot.status.value,
        contact_id=snapshot.contact_id,
        date=snapshot.date.isoformat(),
        due_date=None if snapshot.due_date is None else snapshot.due_date.isoformat(),
        currency=snapshot.currency,
        total=f"{snapshot.total:f}",
        amount_due=f"{snapshot.amount_due:f}",
        reference=snapshot.reference,
        repeating_invoice_id=snapshot.repeating_invoice_id,
    )


def _text(element: JsonObject, name: str) -> str | None:
    return element[name] if isinstance(element.get(name), str) and element[name] else None
