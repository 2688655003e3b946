"""Writing invoices: create, upsert, update. A refused element changes nothing."""

from dataclasses import dataclass

from infra.sandbox.wire import Document
from infra.sandbox.xero import contacts
from infra.sandbox.xero.batch import Written
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.invoice_draft import drafted
from infra.sandbox.xero.invoice_rules import problems_with
from infra.sandbox.xero.invoice_view import echo, render
from infra.sandbox.xero.posting import Posting

_WITHOUT_A_TRACE = frozenset({"DueDate", "SentToContact"})
"""Changed on a part-paid invoice these leave UpdatedDateUTC as it was."""
_CLOSED = {"VOIDED": "invoice.voided", "DELETED": "invoice.deleted"}


@dataclass(frozen=True, slots=True)
class InvoiceWriting:
    """How one call writes. `places`: decimals of unit amounts (`unitdp`)."""

    places: int = 2

    def create(self, posting: Posting, element: Document) -> Written:
        """Write an element of `PUT /Invoices`: always a new one."""
        given = {name: value for name, value in element.items() if name != "InvoiceID"}
        return self._write(posting, given, None)

    def upsert(self, posting: Posting, element: Document) -> Written:
        """Write an element of `POST /Invoices`: an existing id or ACCREC number is updated."""
        existing = _existing(posting.books, element)
        if existing is None and "InvoiceID" in element:
            words = "An existing Invoice with the specified InvoiceID could not be found"
            return Written(echo(element, None), (words,))
        return self._write(posting, element, existing)

    def _write(self, posting: Posting, element: Document, existing: Document | None) -> Written:
        books = posting.books
        given = element.get("Contact")
        contact = contacts.find(books, given) if given else None
        if existing is not None and contact is None:
            contact = books.contacts.get(existing["ContactID"])
        is_new_contact = bool(given and contact is None and given.get("Name"))
        invoice = drafted(books, element, existing, contact, self.places)
        problems = problems_with(books, element, existing, invoice)
        if is_new_contact:
            problems = [words for words in problems if words != contacts.MISSING_ON_DOCUMENT]
        if not problems and given and (is_new_contact or _edits(given, contact)):
            # An edit by way of a document replaces the contact persons, none sent included.
            written = contacts.upsert(posting, {"ContactPersons": [], **given})
            problems = list(written.problems)
            invoice["ContactID"] = written.element["ContactID"]
        if problems:
            return Written(echo(element, existing), tuple(problems))
        return Written(self._enter(posting, element, existing, invoice))

    def _enter(
        self, posting: Posting, element: Document, existing: Document | None, invoice: Document
    ) -> Document:
        books, identity = posting.books, invoice["InvoiceID"]
        if invoice["Type"] == "ACCREC" and not invoice.get("InvoiceNumber"):
            invoice["InvoiceNumber"] = books.next_number()
        if existing is None:
            kept = posting.put("invoices", identity, {**invoice, "ByApp": posting.by_app})
            kind = "invoice.created"
        else:
            quiet = existing["AmountPaid"] > 0 and set(element) <= _WITHOUT_A_TRACE | {"InvoiceID"}
            enter = posting.put_quietly if quiet else posting.put
            kept = enter("invoices", identity, invoice)
            changed = existing["Status"] != kept["Status"]
            kind = _CLOSED.get(kept["Status"] if changed else "", "invoice.updated")
        posting.made(kind, identity, kept.get("Url"))
        return render(books, kept, whole=True, places=self.places)


def _existing(books: Books, element: Document) -> Document | None:
    if "InvoiceID" in element:
        return books.invoices.get(element["InvoiceID"])
    number = element.get("InvoiceNumber")
    if not number or element.get("Type", "ACCREC") != "ACCREC":
        return None
    return books.invoice_by_number(number)


def _edits(given: Document, contact: Document | None) -> bool:
    """Does the contact element say more than which contact it is? Then it edits the contact."""
    return contact is not None and any(
        value != contact.get(name) for name, value in given.items() if name != "ContactID"
    )
