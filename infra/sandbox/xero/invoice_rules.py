"""What Xero refuses about an invoice, in Xero's words where they are known.

Source: Xero API documentation, "Invoices".
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from infra.sandbox.seed import CURRENCIES
from infra.sandbox.wire import Document
from infra.sandbox.xero.amounts import half_up
from infra.sandbox.xero.books import Books
from infra.sandbox.xero.contacts import MISSING_ON_DOCUMENT

CREATABLE: Final = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED"})
TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    "DRAFT": frozenset({"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"}),
    "SUBMITTED": frozenset({"SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"}),
    "AUTHORISED": frozenset({"AUTHORISED", "VOIDED"}),
    "PAID": frozenset({"PAID"}),
    "VOIDED": frozenset(),
    "DELETED": frozenset(),
}
"""From a stored status to those a write may name. PAID only comes from payments."""

NOT_CREATABLE: Final = "Invoice not of valid status for creation"
NOT_MODIFIABLE: Final = "Invoice not of valid status for modification"
HAS_PAYMENT: Final = (
    "This document cannot be edited as it has a payment or credit note allocated to it."
)
CONTACT_ARCHIVED: Final = (
    "The contact with the specified contact details has been archived. "
    "The contact must be un-archived before creating new invoices or credit notes."
)
PLAN_CAP: Final = "You have reached the limit of invoices you can approve"
_EDITABLE_WHEN_PAID: Final = frozenset({
    "InvoiceID", "Reference", "DueDate", "InvoiceNumber", "BrandingThemeID", "Contact", "Url",
    "LineItems", "SentToContact", "Status", "Type", "ExpectedPaymentDate",
})  # fmt: skip
_LINE_EDITABLE_WHEN_PAID: Final = frozenset(
    {"LineItemID", "Description", "AccountCode", "AccountID", "Tracking"}
)
_LARGEST_LINE: Final = Decimal("9999999999.99")
_DESCRIPTION: Final = 4_000  # characters
_NUMBER_LENGTH: Final = 255
_QUANTITY_LENGTH: Final = 13  # characters
_TRACKING: Final = 2  # elements of a line
_POSTED: Final = frozenset({"AUTHORISED", "PAID", "VOIDED"})


def problems_with(
    books: Books, element: Document, existing: Document | None, invoice: Document
) -> list[str]:
    """Return every refusal of a write: `element` came in, `invoice` is how it would stand."""
    if existing is not None:
        closed = _status_problems(element, existing)
        if closed:
            return closed
    return [problem for check in _CHECKS for problem in check(books, existing, invoice)]


def _status_problems(element: Document, existing: Document) -> list[str]:
    wanted = element.get("Status", existing["Status"])
    allowed = TRANSITIONS[existing["Status"]]
    if not allowed:
        return [NOT_MODIFIABLE]
    has_payment = existing["AmountPaid"] > 0
    if has_payment and wanted != existing["Status"]:
        return [
            HAS_PAYMENT,
            (
                f"The status {wanted} cannot be applied to the invoice because it has payments or "
                "credit notes allocated to it."
            ),
        ]
    if wanted not in allowed:
        return [NOT_MODIFIABLE]
    if has_payment and _touches_closed_fields(element, existing):
        return [HAS_PAYMENT]
    return []


def _touches_closed_fields(element: Document, existing: Document) -> bool:
    closed = set(element) - _EDITABLE_WHEN_PAID
    if any(element[name] != existing.get(name) for name in closed):
        return True
    if "LineItems" not in element:
        return False
    stored = {line["LineItemID"]: line for line in existing["LineItems"]}
    if {line.get("LineItemID") for line in element["LineItems"]} != set(stored):
        return True
    return any(
        line[name] != stored[line["LineItemID"]].get(name)
        for line in element["LineItems"]
        for name in set(line) - _LINE_EDITABLE_WHEN_PAID
    )


def _check_kind(_books: Books, existing: Document | None, invoice: Document) -> list[str]:
    found = []
    if not invoice["Type"]:
        found.append("The Invoice Type must be specified.")
    if existing is None and invoice["Status"] not in CREATABLE:
        found.append(NOT_CREATABLE)
    return found


def check_currency(_books: Books, _existing: Document | None, invoice: Document) -> list[str]:
    """Refuse a currency the organisation has not subscribed to."""
    if invoice["CurrencyCode"] in CURRENCIES:
        return []
    return [f"Organisation is not subscribed to currency {invoice['CurrencyCode']}"]


def check_contact(books: Books, existing: Document | None, invoice: Document) -> list[str]:
    """Refuse a contact that is missing, or archived before this document."""
    contact = books.contacts.get(invoice["ContactID"] or "")
    if contact is None:
        return [MISSING_ON_DOCUMENT]
    changed = existing is None or existing["ContactID"] != invoice["ContactID"]
    return [CONTACT_ARCHIVED] if changed and contact["ContactStatus"] != "ACTIVE" else []


def _check_number(books: Books, _existing: Document | None, invoice: Document) -> list[str]:
    number = invoice.get("InvoiceNumber") or ""
    found = []
    if len(number) > _NUMBER_LENGTH:
        found.append(f"Invoice # cannot be longer than {_NUMBER_LENGTH} characters.")
    if not all(" " <= character <= "~" for character in number):
        found.append("Invoice # can only contain printable ASCII characters.")
    holder = books.invoice_by_number(number) if invoice["Type"] == "ACCREC" and number else None
    if holder is not None and holder["InvoiceID"] != invoice["InvoiceID"]:
        found.append("Invoice # must be unique.")
    if len(invoice.get("Reference") or "") > _NUMBER_LENGTH:
        found.append(f"Reference cannot be longer than {_NUMBER_LENGTH} characters.")
    return found


def _check_period(books: Books, existing: Document | None, invoice: Document) -> list[str]:
    days = [invoice["Date"]] if invoice["Status"] in _POSTED else []
    if existing is not None and existing["Status"] in _POSTED:
        days.append(existing["Date"])
    return list(dict.fromkeys(filter(None, (books.lock_message(day) for day in days))))


def _check_plan(books: Books, existing: Document | None, invoice: Document) -> list[str]:
    was_approved = existing is not None and existing["Status"] in _POSTED
    approving = invoice["Type"] == "ACCREC" and invoice["Status"] == "AUTHORISED"
    if was_approved or not approving or books.may_approve(invoice["Date"]):
        return []
    return [PLAN_CAP]


def check_lines(books: Books, _existing: Document | None, invoice: Document) -> list[str]:
    """Refuse lines that do not add up, or lack what an approval needs."""
    approving = invoice["Status"] in {"SUBMITTED", "AUTHORISED"}
    if approving and not invoice["LineItems"]:
        return ["One or more line items must be specified"]
    found: list[str] = []
    for line in invoice["LineItems"]:
        found += _line_problems(books, line, approving=approving)
    return found


def _line_problems(books: Books, line: Document, *, approving: bool) -> list[str]:
    found = []
    given = line.get("GivenLineAmount")
    if given is not None and half_up(given) != line["LineAmount"]:
        found.append(
            f"The line total {half_up(given)} does not match the expected line total "
            f"{line['LineAmount']}"
        )
    if abs(line["LineAmount"]) > _LARGEST_LINE:
        found.append(f"The line total cannot be larger than {_LARGEST_LINE}")
    if len(line.get("Description") or "") > _DESCRIPTION:
        found.append(f"Description cannot be longer than {_DESCRIPTION} characters")
    if len(f"{line.get('Quantity', 0).normalize():f}" if line.get("Quantity") else "") > (
        _QUANTITY_LENGTH
    ):
        found.append(f"Quantity cannot be longer than {_QUANTITY_LENGTH} characters")
    if len(line.get("Tracking", [])) > _TRACKING:
        found.append(f"A line item can have at most {_TRACKING} tracking categories")
    found += _coding_problems(books, line, approving=approving)
    return found


def _coding_problems(books: Books, line: Document, *, approving: bool) -> list[str]:
    """Account and tax: wrong codes are refused always, missing ones when it is to be approved."""
    found = []
    is_text_only = line.get("UnitAmount") is None and not line.get("AccountCode")
    code = line.get("AccountCode") or line.get("AccountID")
    account = books.account(line, "AccountCode")
    if code and (account is None or account["Type"] == "BANK" or account.get("SystemAccount")):
        found.append(f"Account code '{code}' is not a valid code for this document.")
    if approving and not line.get("Description"):
        found.append("Description must be specified.")
    if approving and not is_text_only and not code:
        found.append("Account code must be specified")
    kind = line.get("TaxType")
    if kind and books.tax_rate(kind) is None:
        found.append(
            f"The TaxType code '{kind}' does not exist or cannot be used for this type of "
            "transaction."
        )
    return found


_CHECKS: Final[tuple[Callable[[Books, Document | None, Document], list[str]], ...]] = (
    check_lines,
    _check_kind,
    check_currency,
    check_contact,
    _check_number,
    _check_period,
    _check_plan,
)
