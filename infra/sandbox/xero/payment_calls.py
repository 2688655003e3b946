"""The Payments endpoints."""

from typing import Final

from infra.sandbox.wire import Answer, Request
from infra.sandbox.xero import payments
from infra.sandbox.xero.batch import Written, carry_out, elements_of
from infra.sandbox.xero.errors import not_found
from infra.sandbox.xero.listing import listed
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.replies import ok
from infra.sandbox.xero.shapes import PAYMENT
from infra.sandbox.xero.where import Properties

_HAS_ERRORS: Final = "HasValidationErrors"
_PROPERTIES: Final[Properties] = {
    "UpdatedDateUTC": lambda record: record["UpdatedMs"],
    "PaymentID": lambda record: record["PaymentID"],
    "Status": lambda record: record["Status"],
    "Date": lambda record: record["Date"],
    "Amount": lambda record: record["Amount"],
    "Reference": lambda record: record.get("Reference"),
    "Invoice.InvoiceID": lambda record: record["InvoiceID"],
}


def create_payments(request: Request, posting: Posting) -> Answer:
    """`PUT /Payments` and `POST /Payments`."""
    elements = elements_of(request, "Payments", PAYMENT)
    written, refusal = carry_out(request, posting, elements, payments.create, _HAS_ERRORS)
    return refusal or ok(posting.books, {"Payments": written})


def delete_payment(request: Request, posting: Posting, identity: str) -> Answer:
    """`POST /Payments/{id}` with `{"Status": "DELETED"}`: all that can be done to a payment."""
    payment = posting.books.payments.get(identity.lower())
    if payment is None:
        return not_found()
    elements = elements_of(request, "Payments", PAYMENT)

    def delete(posting: Posting, element: dict[str, object]) -> Written:
        if element.get("Status") != "DELETED":
            words = "Payments cannot be modified, only created and deleted."
            return Written(payments.render(posting.books, payment), (words,))
        return payments.delete(posting, payment)

    written, refusal = carry_out(request, posting, elements, delete, _HAS_ERRORS)
    return refusal or ok(posting.books, {"Payments": written})


def list_payments(request: Request, posting: Posting) -> Answer:
    """`GET /Payments`, deleted ones too."""
    books = posting.books
    page = listed(request, books.payments.records(), _PROPERTIES)
    return ok(books, page.wrapped("Payments", lambda record: payments.render(books, record)))


def get_payment(_request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /Payments/{id}`."""
    payment = posting.books.payments.get(identity.lower())
    if payment is None:
        return not_found()
    return ok(posting.books, {"Payments": [payments.render(posting.books, payment)]})
