"""Payments against invoices: made and deleted, never changed.

Source: Xero API documentation, "Payments".
"""

from decimal import Decimal

from infra.sandbox.wire import Document
from infra.sandbox.xero.batch import Written
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import date_fields, moment_string, ms_moment
from infra.sandbox.xero.errors import NO_ID
from infra.sandbox.xero.invoice_view import render as render_invoice
from infra.sandbox.xero.posting import Posting

NOT_AUTHORISED = "Payments can only be made against Authorised documents"
EXCEEDS = "Payment amount exceeds the amount outstanding on this document"
BAD_ACCOUNT = "Account type is invalid for making a payment to/from"


def create(posting: Posting, element: Document) -> Written:
    """Write a payment; when nothing is due any more the invoice is PAID."""
    books = posting.books
    invoice = _invoice(books, element.get("Invoice", {}))
    day = element.get("Date") or books.today().isoformat()
    problems = _problems(books, element, invoice, day)
    if invoice is None or problems:
        echo = {**element, **date_fields("Date", element.get("Date")), "PaymentID": NO_ID}
        return Written(echo, tuple(problems))
    account = books.account(element.get("Account", {})) or {}
    identity = new_id()
    payment = posting.put(
        "payments",
        identity,
        {
            "PaymentID": identity,
            "InvoiceID": invoice["InvoiceID"],
            "AccountID": account["AccountID"],
            "Date": day,
            "Amount": element["Amount"],
            "CurrencyRate": element.get("CurrencyRate", Decimal(1)),
            "Reference": element.get("Reference"),
            "IsReconciled": element.get("IsReconciled", False),
            "Status": "AUTHORISED",
        },
    )
    settle(posting, invoice)
    posting.made("payment.created", payment["PaymentID"], payment.get("Reference"))
    return Written(_with_invoice(books, payment))


def delete(posting: Posting, payment: Document) -> Written:
    """Delete a payment; a PAID invoice is AUTHORISED again."""
    if payment["Status"] == "DELETED":
        return Written(render(posting.books, payment), ("Payment has already been deleted",))
    locked = posting.books.lock_message(payment["Date"])
    if locked is not None:
        return Written(render(posting.books, payment), (locked,))
    kept = posting.put("payments", payment["PaymentID"], {**payment, "Status": "DELETED"})
    invoice = posting.books.invoices.get(payment["InvoiceID"])
    if invoice is not None:
        settle(posting, invoice)
    posting.made("payment.deleted", payment["PaymentID"], payment.get("Reference"))
    return Written(_with_invoice(posting.books, kept))


def settle(posting: Posting, invoice: Document) -> Document:
    """Work out what an invoice's payments leave due, and its status from that."""
    payments = posting.books.payments_of(invoice["InvoiceID"])
    paid = sum((Decimal(payment["Amount"]) for payment in payments), Decimal("0.00"))
    due = Decimal(invoice["Total"]) - paid
    changed = {
        **invoice,
        "AmountPaid": paid,
        "AmountDue": due,
        "Status": "AUTHORISED" if due else "PAID",
        "FullyPaidOnDate": None if due else max(payment["Date"] for payment in payments),
    }
    return posting.put("invoices", invoice["InvoiceID"], changed)


def render(books: Books, payment: Document) -> Document:
    """Return a payment as the API shows it."""
    invoice = books.invoices.get(payment["InvoiceID"]) or {}
    account = books.account({"AccountID": payment["AccountID"]}) or {}
    contact = books.contacts.get(invoice.get("ContactID") or "") or {}
    return {
        "PaymentID": payment["PaymentID"],
        **date_fields("Date", payment["Date"]),
        "BankAmount": payment["Amount"],
        "Amount": payment["Amount"],
        **({"Reference": payment["Reference"]} if payment.get("Reference") else {}),
        "CurrencyRate": payment["CurrencyRate"],
        "PaymentType": "ACCRECPAYMENT" if invoice.get("Type") == "ACCREC" else "ACCPAYPAYMENT",
        "Status": payment["Status"],
        "UpdatedDateUTC": ms_moment(payment["UpdatedMs"]),
        "UpdatedDateUTCString": moment_string(payment["UpdatedMs"]),
        "HasAccount": True,
        "IsReconciled": payment["IsReconciled"],
        "Account": {"AccountID": account.get("AccountID"), "Code": account.get("Code")},
        "Invoice": {
            "Type": invoice.get("Type"),
            "InvoiceID": payment["InvoiceID"],
            "InvoiceNumber": invoice.get("InvoiceNumber"),
            "CurrencyCode": invoice.get("CurrencyCode"),
            "Contact": {"ContactID": contact.get("ContactID"), "Name": contact.get("Name")},
        },
        "HasValidationErrors": False,
    }


def _with_invoice(books: Books, payment: Document) -> Document:
    """Return a payment as the answer to a write shows it: with its invoice as that left it."""
    shown, invoice = render(books, payment), books.invoices.get(payment["InvoiceID"])
    if invoice is None:
        return shown
    whole = render_invoice(books, invoice, whole=True, places=2)
    settled = {"Payments", "CreditNotes", "InvoicePaymentServices", "Url", "HasAttachments"}
    return {**shown, "Invoice": {k: v for k, v in whole.items() if k not in settled}}


def _invoice(books: Books, given: Document) -> Document | None:
    if "InvoiceID" in given:
        return books.invoices.get(given["InvoiceID"])
    return books.invoice_by_number(given.get("InvoiceNumber", ""))


def _problems(books: Books, element: Document, invoice: Document | None, day: str) -> list[str]:
    if invoice is None:
        return ["The document with the supplied id was not found for this endpoint."]
    found = []
    amount = element.get("Amount", Decimal(0))
    if amount <= 0:
        found.append("The payment amount must be greater than zero.")
    if invoice["Status"] != "AUTHORISED":
        found.append(NOT_AUTHORISED)
    if amount > (invoice["AmountDue"] if invoice["Status"] == "AUTHORISED" else 0):
        found.append(EXCEEDS)
    account = books.account(element.get("Account", {}))
    if account is None:
        found.append("Account could not be found")
    elif account["Type"] != "BANK" and not account["EnablePaymentsToAccount"]:
        found.append(BAD_ACCOUNT)
    locked = books.lock_message(day)
    return [*found, locked] if locked else found
