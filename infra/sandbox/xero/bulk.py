"""Very many invoices at once, and changes of some of them: what measurements of a sync start from.

They are seeded, not made: no effect counts them, no webhook tells of them. Touched ones are.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from infra.sandbox.seed import SALES_ACCOUNT
from infra.sandbox.wire import Document
from infra.sandbox.xero import contacts
from infra.sandbox.xero.amounts import compute
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.posting import Posting

_LARGEST: Final = 100_000  # invoices
_DAY_MS: Final = 86_400_000
_STATUSES: Final = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"})


def seed_invoices(posting: Posting, wish: Document) -> Document:
    """Seed `count` invoices of `lines` lines for one contact, last changed within `days` till now.

    Raises:
        ValueError: too many, an unknown contact or status.
    """
    books, count = posting.books, int(wish.get("count", 1))
    if not 0 < count <= _LARGEST:
        raise ValueError(f"`count` must be between 1 and {_LARGEST}")
    if wish.get("status", "AUTHORISED") not in _STATUSES:
        raise ValueError(f"`status` must be one of: {', '.join(sorted(_STATUSES))}")
    contact = _contact(posting, wish.get("contact"))
    now, span_ms = books.clock.now_ms(), int(wish.get("days", 30) * _DAY_MS)
    template = _invoice(books, contact, wish)
    for number, (identity, record) in enumerate(_copies(books, template, count)):
        updated = now - span_ms + span_ms * (number + 1) // count
        books.put("invoices", identity, {**record, "UpdatedMs": updated})
    return {"created": count, "contact": contact}


def touch_invoices(posting: Posting, wish: Document) -> Document:
    """Change the Reference of `count` invoices, evenly chosen; they are told of as changed now."""
    records = posting.books.invoices.records()
    count = min(int(wish.get("count", 1)), len(records))
    chosen = [records[place * len(records) // count] for place in range(count)]
    mark = f"touched {posting.books.clock.now_ms()}"
    for record in chosen:
        posting.put("invoices", record["InvoiceID"], {**record, "Reference": mark})
    return {"touched": [record["InvoiceID"] for record in chosen]}


def _contact(posting: Posting, identity: str | None) -> str:
    books = posting.books
    if identity is not None:
        if books.contacts.get(identity) is None:
            raise ValueError(f"there is no contact {identity}")
        return identity
    found = books.contact_by_name("Bulk Customer")
    if found is None:
        written = contacts.create(posting, {"Name": "Bulk Customer"})
        return str(written.element["ContactID"])
    return str(found["ContactID"])


def _invoice(books: Books, contact: str, wish: Document) -> Document:
    line = {
        "Description": "Consulting",
        "Quantity": Decimal(2),
        "UnitAmount": Decimal(50),
        "AccountCode": SALES_ACCOUNT,
        "TaxType": "OUTPUT",
        "Tracking": [],
    }
    invoice = {
        "Type": "ACCREC",
        "Status": wish.get("status", "AUTHORISED"),
        "ContactID": contact,
        "Date": books.today().isoformat(),
        "DueDate": (books.today() + timedelta(days=14)).isoformat(),
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": books.organisation["BaseCurrency"],
        "CurrencyRate": Decimal(1),
        "LineItems": [dict(line) for _ in range(int(wish.get("lines", 1)))],
        "SentToContact": False,
        "ByApp": bool(wish.get("by_app", False)),
    }
    return compute(invoice, books)


def _copies(books: Books, template: Document, count: int) -> Iterator[tuple[str, Document]]:
    for number in books.next_numbers(count):
        identity = new_id()
        lines = [{**line, "LineItemID": new_id()} for line in template["LineItems"]]
        yield (
            identity,
            {**template, "InvoiceID": identity, "InvoiceNumber": number, "LineItems": lines},
        )
