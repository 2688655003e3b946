"""What people look up in Xero: accounts, tax rates, contacts, invoices.

Each is one call and at most one page. An element that is not as documented is left out. Sources:
developer.xero.com, Accounting API: Accounts and TaxRates (`where`, no paging), Contacts
(`searchTerm`: name, email, number, whatever the case) and Invoices (`ContactIDs`, `Statuses`).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.actions.outcome import JsonObject, Outcome, Succeeded
from domain.invoices.snapshot import InvoiceSnapshot
from infra.platform import Call
from infra.platforms.xero.client import TENANT, Build, frozen, send
from infra.platforms.xero.contacts import contact_json
from infra.platforms.xero.errors import elements_of, read
from infra.platforms.xero.snapshots import Unreadable, snapshot_of
from infra.reads import NEVER, Read
from infra.session import Session

PAGE_SIZE = 100

SETTINGS_KEPT_FOR = timedelta(minutes=10)
SETTINGS_STALE_FOR = timedelta(days=1)
SEARCHES_KEPT_FOR = timedelta(seconds=30)
CONTACTS_STALE_FOR = timedelta(hours=1)

_PARAMS = "infra.platforms.xero.read_params"


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


Parse = Callable[[JsonObject], Account | TaxRate | Contact | Invoice | None]


def _account(element: JsonObject) -> Account | None:
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


def _tax_rate(element: JsonObject) -> TaxRate | None:
    rate = element.get("EffectiveRate", element.get("DisplayTaxRate"))
    kind = _text(element, "TaxType")
    if kind is None or isinstance(rate, bool) or not isinstance(rate, int | Decimal):
        return None
    return TaxRate(kind, _text(element, "Name") or kind, f"{Decimal(rate):f}")


def _contact(element: JsonObject) -> Contact | None:
    told = contact_json(element)
    if not isinstance(element.get("ContactID"), str) or not told["is_active"]:
        return None
    return Contact(told["contact_id"], told["name"], told["email"], told["number"])


def _invoice(element: JsonObject) -> Invoice | None:
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


# --- the calls ------------------------------------------------------------------------------------


def _accounts(kind: str) -> Callable[[JsonObject], Call]:
    where = f'Status=="ACTIVE" AND {kind}'
    return lambda _given: frozen(lambda api: api.get_accounts(TENANT, where=where))


bank_accounts_call = _accounts('Type=="BANK"')


def _tax_rates(_given: JsonObject) -> Call:
    return frozen(lambda api: api.get_tax_rates(TENANT, where='Status=="ACTIVE"'))


def _contacts(given: JsonObject) -> Call:
    # The words go as a query value, never into a filter: there is nothing to escape.
    chosen = {"search_term": given["search"]} if given.get("search") else {}
    build: Build = lambda api: api.get_contacts(  # noqa: E731 - as every call is written
        TENANT, **chosen, order="Name ASC", page=1, page_size=PAGE_SIZE, summary_only=True
    )
    return frozen(build)


def _invoices(given: JsonObject) -> Call:
    chosen: dict[str, Any] = {}
    if given.get("search"):
        chosen["search_term"] = given["search"]
    if given.get("status"):
        chosen["statuses"] = [given["status"]]
    if given.get("contact_id"):
        chosen["contact_i_ds"] = [given["contact_id"]]
    return frozen(
        lambda api: api.get_invoices(
            TENANT,
            **chosen,
            where='Type=="ACCREC"',
            order="Date DESC",
            page=1,
            page_size=PAGE_SIZE,
            summary_only=True,
        )
    )


def _asked(
    call: Callable[[JsonObject], Call], collection: str, parse: Parse
) -> Callable[[Session, JsonObject], Outcome]:
    def perform(session: Session, given: JsonObject) -> Outcome:
        answer = read(send(session, call(given)))
        if not isinstance(answer, dict):
            return answer
        found = [parse(element) for element in elements_of(answer, collection)]
        items = [asdict(item) for item in found if item is not None]
        return Succeeded({"items": items, "more": _has_more(answer)})

    return perform


def _has_more(answer: JsonObject) -> bool:
    pagination = answer.get("pagination")
    pages = pagination.get("pageCount") if isinstance(pagination, dict) else None
    return isinstance(pages, int) and pages > 1


READS: Mapping[str, Read] = {
    "xero_accounts": Read(
        f"{_PARAMS}:Nothing",
        _asked(_accounts('Class=="REVENUE"'), "Accounts", _account),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active revenue accounts: where invoice lines are booked to",
    ),
    "xero_bank_accounts": Read(
        f"{_PARAMS}:Nothing",
        _asked(bank_accounts_call, "Accounts", _account),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active bank accounts: where payments are recorded to",
    ),
    "xero_tax_rates": Read(
        f"{_PARAMS}:Nothing",
        _asked(_tax_rates, "TaxRates", _tax_rate),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active tax rates",
    ),
    "xero_contacts": Read(
        f"{_PARAMS}:Contacts",
        _asked(_contacts, "Contacts", _contact),
        SEARCHES_KEPT_FOR,
        CONTACTS_STALE_FOR,
        "Active contacts by name, email or number",
    ),
    # Never stale: an amount due that has been paid meanwhile would be paid again.
    "xero_invoices": Read(
        f"{_PARAMS}:Invoices",
        _asked(_invoices, "Invoices", _invoice),
        SEARCHES_KEPT_FOR,
        NEVER,
        "The latest sales invoices, by number, reference or status",
    ),
    "xero_invoices_by_contact": Read(
        f"{_PARAMS}:InvoicesByContact",
        _asked(_invoices, "Invoices", _invoice),
        SEARCHES_KEPT_FOR,
        NEVER,
        "A contact's latest sales invoices",
    ),
}
