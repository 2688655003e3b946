"""Xero as a person uses it, by the control API: approve, pay, void, rename, archive, merge, lock.

Every call takes `tenant` (default: TENANT_ONE). What a person does obeys the same rules as the API,
but is not the app's: `createdByMyApp` does not see it and its effects are counted apart.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.sandbox.effects import Cause, Effects
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.seed import BANK_ACCOUNT, TENANT_ONE
from infra.sandbox.wire import Document
from infra.sandbox.xero import contacts, payments
from infra.sandbox.xero.batch import Written
from infra.sandbox.xero.bulk import seed_invoices, touch_invoices
from infra.sandbox.xero.dates import read_date
from infra.sandbox.xero.errors import PostDataInvalid
from infra.sandbox.xero.invoice_view import render
from infra.sandbox.xero.invoice_writing import InvoiceWriting
from infra.sandbox.xero.organisations import Organisations
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.repeating import RepeatingWriting
from infra.sandbox.xero.repeating import render as render_template
from infra.sandbox.xero.shapes import CONTACT, INVOICE, PAYMENT, REPEATING_INVOICE, read
from infra.sandbox.xero.tokens import ACCESS_S, Tokens

_WRITING: Final = InvoiceWriting(places=4)
_LOCKS: Final = ("PeriodLockDate", "EndOfYearLockDate")


class Person:
    """Someone with a browser and every right in every organisation."""

    def __init__(self, books: Organisations, effects: Effects, tokens: Tokens) -> None:
        self._books = books
        self._effects = effects
        self._tokens = tokens

    def act(self, method: str, path: str, wish: Document) -> Document:
        """Carry out `METHOD path`; `*` in the table stands for one id."""
        parts = path.split("/")
        pattern = "/".join("*" if number == 1 else part for number, part in enumerate(parts))
        if (method, path) == ("POST", "tokens"):
            tenants = wish.get("tenants", list(self._books))
            return self._tokens.issue(tenants, wish.get("expires_in", ACCESS_S))
        if (method, path) == ("POST", "organisations"):
            return self._found(wish)
        act = _ACTS.get((method, path)) or _ACTS.get((method, pattern))
        if act is None:
            raise NoSuchCall(f"{method} xero/{path}")
        tenant = wish.pop("tenant", TENANT_ONE)
        if tenant not in self._books:
            raise NoSuchCall(tenant)
        posting = Posting(self._books[tenant], self._effects, Cause(tenant=tenant))
        try:
            named = parts[1:2] if (method, path) not in _ACTS else []
            answer = act(posting, wish, *named)
        except PostDataInvalid as error:
            raise ValueError(str(error)) from None
        posting.settle()
        return answer

    def _found(self, wish: Document) -> Document:
        """Add organisations, which the seeded tokens reach at once."""
        names = wish.get("names") or [None] * int(wish.get("count", 1))
        founded = [self._books.add(name) for name in names]
        for books in founded:
            self._tokens.connect(books.tenant)
        return {
            "organisations": [
                {"tenant": books.tenant, "name": books.organisation["Name"]} for books in founded
            ]
        }


def _pay(posting: Posting, wish: Document, identity: str) -> Document:
    invoice = _invoice(posting, identity)
    element = {
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "Account": {"Code": wish.get("account", BANK_ACCOUNT)},
        "Amount": wish.get("amount", invoice["AmountDue"]),
        "Date": wish.get("date"),
        "Reference": wish.get("reference"),
    }
    _accepted(posting, payments.create(posting, read(element, PAYMENT, "")))
    return _shown(posting, identity)


def _unpay(posting: Posting, _wish: Document, identity: str) -> Document:
    for payment in posting.books.payments_of(_invoice(posting, identity)["InvoiceID"]):
        _accepted(posting, payments.delete(posting, payment))
    return _shown(posting, identity)


def _void(posting: Posting, _wish: Document, identity: str) -> Document:
    return _set_status(posting, {"status": "VOIDED"}, identity)


def _set_status(posting: Posting, wish: Document, identity: str) -> Document:
    invoice = _invoice(posting, identity)
    element = {"InvoiceID": invoice["InvoiceID"], "Status": wish.get("status")}
    _accepted(posting, _WRITING.upsert(posting, read(element, INVOICE, "")))
    return _shown(posting, identity)


def _set_url(posting: Posting, wish: Document, identity: str) -> Document:
    # Put straight into the record: a test may want it changed whatever the status allows.
    invoice = _invoice(posting, identity)
    posting.put("invoices", invoice["InvoiceID"], {**invoice, "Url": wish.get("url") or None})
    posting.made("invoice.updated", invoice["InvoiceID"], wish.get("url"))
    return _shown(posting, identity)


def _raise_invoice(posting: Posting, wish: Document) -> Document:
    element = read({"Type": "ACCREC", "Status": "AUTHORISED", **wish}, INVOICE, "")
    return _accepted(posting, _WRITING.create(posting, element))


def _seed_contact(posting: Posting, wish: Document) -> Document:
    element = read(wish, CONTACT, "")
    archived = element.get("ContactStatus") == "ARCHIVED"
    shown = _accepted(posting, contacts.create(posting, {**element, "ContactStatus": "ACTIVE"}))
    return _archive(posting, {}, shown["ContactID"]) if archived else shown


def _archive(posting: Posting, _wish: Document, identity: str) -> Document:
    return _change_contact(posting, identity, {"ContactStatus": "ARCHIVED"})


def _merge(posting: Posting, wish: Document, identity: str) -> Document:
    into = _contact(posting, str(wish.get("into")))["ContactID"]
    for invoice in posting.books.invoices.records():
        if invoice["ContactID"] == _contact(posting, identity)["ContactID"]:
            posting.put("invoices", invoice["InvoiceID"], {**invoice, "ContactID": into})
    merged = {"ContactStatus": "ARCHIVED", "MergedToContactID": into}
    return _change_contact(posting, identity, merged)


def _change_contact(posting: Posting, identity: str, changes: Document) -> Document:
    contact = _contact(posting, identity)
    changed = posting.put("contacts", contact["ContactID"], {**contact, **changes})
    posting.made("contact.updated", contact["ContactID"], contact.get("ContactNumber"))
    return contacts.render(posting.books, changed)


def _change_organisation(posting: Posting, wish: Document) -> Document:
    changes = {
        name: read_date(value).isoformat() if name in _LOCKS and value else value
        for name, value in wish.items()
    }
    if unknown := set(changes) - set(posting.books.organisation):
        raise ValueError(f"no such property: {', '.join(sorted(unknown))}")
    return posting.books.change_organisation(changes)


def _raise_template(posting: Posting, wish: Document) -> Document:
    element = read({"Type": "ACCREC", "Status": "AUTHORISED", **wish}, REPEATING_INVOICE, "")
    return _accepted(posting, RepeatingWriting(places=4).create(posting, element))


def _list_templates(posting: Posting, _wish: Document) -> Document:
    books = posting.books
    return {"templates": [render_template(books, one) for one in books.templates.records()]}


def _change_schedules(posting: Posting, wish: Document) -> Document:
    return posting.books.change_schedules(str(wish.get("month_end")))


def _list_invoices(posting: Posting, _wish: Document) -> Document:
    books = posting.books
    return {
        "invoices": [
            {**render(books, invoice, whole=True, places=4), "CreatedByApp": invoice["ByApp"]}
            for invoice in books.invoices.records()
        ]
    }


def _list_contacts(posting: Posting, _wish: Document) -> Document:
    books = posting.books
    return {"contacts": [contacts.render(books, one) for one in books.contacts.records()]}


_ACTS: Final[Mapping[tuple[str, str], Callable[..., Document]]] = {
    ("GET", "invoices"): _list_invoices,
    ("POST", "invoices"): _raise_invoice,
    ("POST", "invoices/bulk"): seed_invoices,
    ("POST", "invoices/touch"): touch_invoices,
    ("POST", "invoices/*/pay"): _pay,
    ("POST", "invoices/*/unpay"): _unpay,
    ("POST", "invoices/*/void"): _void,
    ("POST", "invoices/*/status"): _set_status,
    ("POST", "invoices/*/url"): _set_url,
    ("GET", "contacts"): _list_contacts,
    ("POST", "contacts"): _seed_contact,
    ("POST", "contacts/*/archive"): _archive,
    ("POST", "contacts/*/merge"): _merge,
    ("POST", "organisation"): _change_organisation,
    ("GET", "templates"): _list_templates,
    ("POST", "templates"): _raise_template,
    ("POST", "schedules"): _change_schedules,
}


def _invoice(posting: Posting, identity: str) -> Document:
    books = posting.books
    found = books.invoices.get(identity.lower()) or books.invoice_by_number(identity)
    if found is None:
        raise NoSuchCall(f"invoice {identity}")
    return found


def _contact(posting: Posting, identity: str) -> Document:
    books = posting.books
    found = books.contacts.get(identity.lower()) or books.contact_by_number(identity)
    if found is None:
        raise NoSuchCall(f"contact {identity}")
    return found


def _shown(posting: Posting, identity: str) -> Document:
    return render(posting.books, _invoice(posting, identity), whole=True, places=4)


def _accepted(posting: Posting, written: Written) -> dict[str, Any]:
    if written.problems:
        posting.undo()
        raise ValueError("; ".join(written.problems))
    return written.element
