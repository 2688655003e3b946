"""What people look up in Xero: accounts, tax rates, contacts, invoices.

Each is one call and at most one page. An element that is not as documented is left out. Sources:
developer.xero.com, Accounting API: Accounts and TaxRates (`where`, no paging), Contacts
(`searchTerm`: name, email, number, whatever the case) and Invoices (`ContactIDs`, `Statuses`).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from domain.actions.outcome import JsonObject, Outcome, Rejected, Succeeded
from infra.platform import Call
from infra.platforms.xero import organisation
from infra.platforms.xero.client import TENANT, Build, frozen, send
from infra.platforms.xero.errors import NOT_FOUND, elements_of, read
from infra.platforms.xero.read_rows import (
    Account,
    Contact,
    Invoice,
    TaxRate,
    account,
    contact,
    invoice,
    tax_rate,
)
from infra.reads import NEVER, Read
from infra.session import Session

PAGE_SIZE = 100

ORGANISATION_STALE_FOR = timedelta(days=7)
SETTINGS_KEPT_FOR = timedelta(minutes=10)
SETTINGS_STALE_FOR = timedelta(days=1)
SEARCHES_KEPT_FOR = timedelta(seconds=30)
CONTACTS_STALE_FOR = timedelta(hours=1)

_PARAMS = "infra.platforms.xero.read_params"


Parse = Callable[[JsonObject], Account | TaxRate | Contact | Invoice | None]


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


def _organisation(session: Session, _given: JsonObject) -> Outcome:
    told = organisation.read_organisation(session, organisation.organisation_call())
    return (
        Succeeded({"items": [told.result], "more": False}) if isinstance(told, Succeeded) else told
    )


def _asked(
    call: Callable[[JsonObject], Call], collection: str, parse: Parse
) -> Callable[[Session, JsonObject], Outcome]:
    def perform(session: Session, given: JsonObject) -> Outcome:
        answer = read(send(session, call(given)), collection)
        if not isinstance(answer, dict):
            return answer
        found = [parse(element) for element in elements_of(answer, collection)]
        items = [asdict(item) for item in found if item is not None]
        return Succeeded({"items": items, "more": _has_more(answer)})

    return perform


def _one_contact(session: Session, given: JsonObject) -> Outcome:
    answer = read(send(session, frozen(lambda api: api.get_contact(TENANT, given["contact_id"]))))
    if isinstance(answer, Rejected) and answer.code == NOT_FOUND:
        return Succeeded({"items": [], "more": False})
    if not isinstance(answer, dict):
        return answer
    found = [contact(element) for element in elements_of(answer, "Contacts")]
    return Succeeded({"items": [asdict(one) for one in found if one is not None], "more": False})


def _has_more(answer: JsonObject) -> bool:
    pagination = answer.get("pagination")
    pages = pagination.get("pageCount") if isinstance(pagination, dict) else None
    return isinstance(pages, int) and pages > 1


READS: Mapping[str, Read] = {
    "xero_organisation": Read(
        f"{_PARAMS}:Nothing",
        _organisation,
        organisation.KEPT_FOR,
        ORGANISATION_STALE_FOR,
        "The organisation: base currency, time zone, sales terms",
    ),
    "xero_accounts": Read(
        f"{_PARAMS}:Nothing",
        _asked(_accounts('Class=="REVENUE"'), "Accounts", account),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active revenue accounts: where invoice lines are booked to",
    ),
    "xero_bank_accounts": Read(
        f"{_PARAMS}:Nothing",
        _asked(bank_accounts_call, "Accounts", account),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active bank accounts: where payments are recorded to",
    ),
    "xero_tax_rates": Read(
        f"{_PARAMS}:Nothing",
        _asked(_tax_rates, "TaxRates", tax_rate),
        SETTINGS_KEPT_FOR,
        SETTINGS_STALE_FOR,
        "Active tax rates",
    ),
    "xero_contacts": Read(
        f"{_PARAMS}:Contacts",
        _asked(_contacts, "Contacts", contact),
        SEARCHES_KEPT_FOR,
        CONTACTS_STALE_FOR,
        "Active contacts by name, email or number",
    ),
    "xero_contact": Read(
        f"{_PARAMS}:OneContact",
        _one_contact,
        SEARCHES_KEPT_FOR,
        NEVER,
        "One active contact by Xero's id",
    ),
    # Never stale: an amount due that has been paid meanwhile would be paid again.
    "xero_invoices": Read(
        f"{_PARAMS}:Invoices",
        _asked(_invoices, "Invoices", invoice),
        SEARCHES_KEPT_FOR,
        NEVER,
        "The latest sales invoices, by number, reference or status",
    ),
    "xero_invoices_by_contact": Read(
        f"{_PARAMS}:InvoicesByContact",
        _asked(_invoices, "Invoices", invoice),
        SEARCHES_KEPT_FOR,
        NEVER,
        "A contact's latest sales invoices",
    ),
}
