"""One organisation's books: its records and the indexes over them.

Stored records use Xero's property names; dates are ISO text, `UpdatedMs` milliseconds since 1970,
an invoice's contact is its `ContactID`, money and quantities are Decimal. A record is replaced,
never changed in place, so a posting can put the old one back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from infra.sandbox import seed
from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document
from infra.sandbox.xero.budget import Budget
from infra.sandbox.xero.dates import zone
from infra.sandbox.xero.webhooks import Webhooks

_SCHEDULES = {"month_end": "clamped"}
_INDEXED = {"invoices": "InvoiceNumber", "contacts": "Name"}


@dataclass(frozen=True, slots=True)
class Shared:
    """What all organisations have in common."""

    clock: Clock
    budget: Budget
    webhooks: Webhooks


class Books:
    """The records of one organisation."""

    def __init__(self, store: Store, tenant: str, name: str, shared: Shared) -> None:
        self.clock = shared.clock
        self.budget = shared.budget
        self.webhooks = shared.webhooks
        self.tenant = tenant
        self._name = name
        self._organisation = Shelf(store, f"xero.{tenant}.organisation")
        self.contacts = Shelf(store, f"xero.{tenant}.contacts")
        self.invoices = Shelf(store, f"xero.{tenant}.invoices")
        self.payments = Shelf(store, f"xero.{tenant}.payments")
        self.templates = Shelf(store, f"xero.{tenant}.templates")
        self.accounts = seed.accounts(tenant)
        self.tax_rates = seed.tax_rates()
        self._by_number: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        self._customers: set[str] = set()
        self._of_invoice: dict[str, list[str]] = {}
        for kind, shelf in (("invoices", self.invoices), ("contacts", self.contacts)):
            for key in shelf:
                self._index(kind, key, shelf.get(key))
        for payment in self.payments.records():
            self._of_invoice.setdefault(payment["InvoiceID"], []).append(payment["PaymentID"])

    @property
    def organisation(self) -> Document:
        """The organisation's own record."""
        return self._organisation.get("organisation") or seed.organisation(self.tenant, self._name)

    def change_organisation(self, changes: Document) -> Document:
        """Change properties of the organisation and return it."""
        changed = {**self.organisation, **changes}
        self._organisation.put("organisation", changed)
        return changed

    @property
    def keeps_clamped_day(self) -> bool:
        """After 28 February, does a template of the 31st go on with the 28th?"""
        return (self._organisation.get("schedules") or _SCHEDULES)["month_end"] == "clamped"

    def change_schedules(self, month_end: str) -> Document:
        """Choose what a template does after a clamped day: goes on from it, or from its own."""
        if month_end not in {"clamped", "original"}:
            raise ValueError("`month_end` must be one of: clamped, original")
        self._organisation.put("schedules", {"month_end": month_end})
        return {"month_end": month_end}

    def today(self) -> date:
        """The organisation's date, not the machine's."""
        here = zone(self.organisation["Timezone"])
        return datetime.fromtimestamp(self.clock.now(), here).date()

    def lock_message(self, day: str) -> str | None:
        """Return Xero's refusal of a document of that day, None when the period is open."""
        for name, words in (
            ("PeriodLockDate", "period lock date"),
            ("EndOfYearLockDate", "end of year lock date"),
        ):
            lock = self.organisation.get(name)
            if lock is not None and day <= lock:
                shown = date.fromisoformat(lock).strftime("%d %B %Y").lstrip("0")
                return f"The document date cannot be before the {words}, currently set at {shown}"
        return None

    def may_approve(self, day: str) -> bool:
        """Return whether the plan lets one more sales invoice of that day's month be approved."""
        allowed = self.budget.approvals_a_month
        if allowed is None:
            return True
        approved = [
            invoice
            for invoice in self.invoices.records()
            if invoice["Type"] == "ACCREC"
            and invoice["Status"] in {"AUTHORISED", "PAID", "VOIDED"}
            and invoice["Date"][:7] == day[:7]
        ]
        return len(approved) < allowed

    def account(self, line_or_account: Document, code: str = "Code") -> Document | None:
        """Return the account named by `AccountID` or by its code."""
        wanted = line_or_account.get("AccountID"), line_or_account.get(code)
        for account in self.accounts:
            if account["AccountID"] == wanted[0] or (wanted[1] and account["Code"] == wanted[1]):
                return account
        return None

    def tax_rate(self, kind: str) -> Document | None:
        """Return a tax rate by its type."""
        return next((rate for rate in self.tax_rates if rate["TaxType"] == kind), None)

    def invoice_by_number(self, number: str) -> Document | None:
        """Return the ACCREC invoice that holds a number; a deleted one holds none."""
        return self.invoices.get(self._by_number.get(number.casefold(), ""))

    def contact_by_name(self, name: str) -> Document | None:
        """Return the active contact of that name, whatever its case."""
        return self.contacts.get(self._by_name.get(name.strip().casefold(), ""))

    def contact_by_number(self, number: str) -> Document | None:
        """Return the contact with that ContactNumber, an active one first."""
        found = [
            contact for contact in self.contacts.records() if contact.get("ContactNumber") == number
        ]
        found.sort(key=lambda contact: str(contact["ContactStatus"]))
        return found[0] if found else None

    def has_invoice_for(self, contact: str) -> bool:
        """Return whether a contact has ever been invoiced."""
        return contact in self._customers

    def payments_of(self, invoice: str) -> list[Document]:
        """Return an invoice's payments that are not deleted, oldest first."""
        kept = [self.payments.get(key) for key in self._of_invoice.get(invoice, [])]
        return [payment for payment in kept if payment and payment["Status"] == "AUTHORISED"]

    def next_number(self) -> str:
        """Return the next free automatic invoice number, such as INV-0001."""
        (number,) = self.next_numbers(1)
        return number

    def next_numbers(self, count: int) -> list[str]:
        """Return so many free automatic invoice numbers."""
        kept = self._organisation.get("numbering") or {"last": 0}
        last, numbers = int(kept["last"]), list[str]()
        while len(numbers) < count:
            last += 1
            if f"inv-{last:04d}" not in self._by_number:
                numbers.append(f"INV-{last:04d}")
        self._organisation.put("numbering", {"last": last})
        return numbers

    def put(self, shelf: str, key: str, record: Document) -> None:
        """Replace a record of a shelf and what is indexed of it."""
        records: Shelf = getattr(self, shelf)
        old = records.get(key)
        self._unindex(shelf, key, old)
        records.put(key, record)
        self._index(shelf, key, record)
        if shelf == "payments" and old is None:
            self._of_invoice.setdefault(record["InvoiceID"], []).append(key)

    def remove(self, shelf: str, key: str) -> None:
        """Take a record back that a posting had put."""
        records: Shelf = getattr(self, shelf)
        old = records.get(key)
        self._unindex(shelf, key, old)
        records.remove(key)
        if shelf == "payments" and old is not None:
            self._of_invoice[old["InvoiceID"]].remove(key)

    def _index(self, shelf: str, key: str, record: Document | None) -> None:
        if shelf == "invoices" and record and _holds_number(record):
            self._by_number[record["InvoiceNumber"].casefold()] = key
        if shelf == "invoices" and record:
            self._customers.add(record["ContactID"])
        if shelf == "contacts" and record and record["ContactStatus"] == "ACTIVE":
            self._by_name[record["Name"].strip().casefold()] = key

    def _unindex(self, shelf: str, key: str, record: Document | None) -> None:
        index = {"invoices": self._by_number, "contacts": self._by_name}.get(shelf)
        if index is None or not record:
            return
        held = str(record.get(_INDEXED[shelf]) or "").strip().casefold()
        if index.get(held) == key:
            del index[held]


def new_id() -> str:
    """Return a new GUID."""
    return str(uuid4())


def _holds_number(invoice: Document) -> bool:
    return (
        invoice["Type"] == "ACCREC"
        and invoice["Status"] != "DELETED"
        and bool(invoice.get("InvoiceNumber"))
    )
