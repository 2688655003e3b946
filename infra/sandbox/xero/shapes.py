"""The types of what comes in. Unknown properties are ignored, wrong types refuse the whole call.

A shape maps a property to the name of a reader, or to a nested shape (a list of one for arrays).
JSON null counts as absent, as it does for Xero.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from infra.sandbox.wire import Document
from infra.sandbox.xero.dates import read_date
from infra.sandbox.xero.errors import PostDataInvalid

Shape = Mapping[str, Any]

_TERMS: Final[Shape] = {"Day": "number", "Type": "text"}
CONTACT: Final[Shape] = {
    "ContactID": "guid",
    "ContactNumber": "text",
    "AccountNumber": "text",
    "ContactStatus": "text",
    "Name": "text",
    "FirstName": "text",
    "LastName": "text",
    "CompanyNumber": "text",
    "EmailAddress": "text",
    "BankAccountDetails": "text",
    "TaxNumber": "text",
    "AccountsReceivableTaxType": "text",
    "AccountsPayableTaxType": "text",
    "DefaultCurrency": "text",
    "Website": "text",
    "Phones": [
        dict.fromkeys(("PhoneType", "PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"), "text")
    ],
    "Addresses": [
        dict.fromkeys(
            (
                "AddressType",
                "AddressLine1",
                "AddressLine2",
                "AddressLine3",
                "AddressLine4",
                "City",
                "Region",
                "PostalCode",
                "Country",
                "AttentionTo",
            ),
            "text",
        )
    ],
    "ContactPersons": [
        {
            "FirstName": "text",
            "LastName": "text",
            "EmailAddress": "text",
            "IncludeInEmails": "truth",
        }
    ],
    "PaymentTerms": {"Bills": _TERMS, "Sales": _TERMS},
}
_LINE: Final[Shape] = {
    "LineItemID": "guid",
    "Description": "text",
    "Quantity": "number",
    "UnitAmount": "number",
    "ItemCode": "text",
    "AccountCode": "text",
    "AccountID": "guid",
    "TaxType": "text",
    "TaxAmount": "number",
    "LineAmount": "number",
    "DiscountRate": "number",
    "DiscountAmount": "number",
    "Tracking": [{"Name": "text", "Option": "text", "TrackingCategoryID": "guid"}],
}
INVOICE: Final[Shape] = {
    "InvoiceID": "guid",
    "Type": ("ACCREC", "ACCPAY"),
    "Contact": CONTACT,
    "LineItems": [_LINE],
    "Date": "date",
    "DueDate": "date",
    "ExpectedPaymentDate": "date",
    "PlannedPaymentDate": "date",
    "LineAmountTypes": ("Exclusive", "Inclusive", "NoTax"),
    "InvoiceNumber": "text",
    "Reference": "text",
    "BrandingThemeID": "guid",
    "Url": "text",
    "CurrencyCode": "text",
    "CurrencyRate": "number",
    "Status": "text",
    "SentToContact": "truth",
}
REPEATING_INVOICE: Final[Shape] = {
    "RepeatingInvoiceID": "guid",
    "ID": "guid",
    "Type": ("ACCREC", "ACCPAY"),
    "Contact": CONTACT,
    "Schedule": {
        "Period": "whole",
        "Unit": ("WEEKLY", "MONTHLY"),
        "DueDate": "whole",
        "DueDateType": (
            "DAYSAFTERBILLDATE",
            "DAYSAFTERBILLMONTH",
            "DAYSAFTERINVOICEDATE",
            "DAYSAFTERINVOICEMONTH",
            "OFCURRENTMONTH",
            "OFFOLLOWINGMONTH",
        ),
        "StartDate": "date",
        "EndDate": "date",
        "NextScheduledDate": "date",
    },
    "LineItems": [_LINE],
    "LineAmountTypes": ("Exclusive", "Inclusive", "NoTax"),
    "Reference": "text",
    "BrandingThemeID": "guid",
    "CurrencyCode": "text",
    "Status": ("DRAFT", "AUTHORISED", "DELETED"),
    "ApprovedForSending": "truth",
    "SendCopy": "truth",
    "MarkAsSent": "truth",
    "IncludePDF": "truth",
}
PAYMENT: Final[Shape] = {
    "PaymentID": "guid",
    "Invoice": {"InvoiceID": "guid", "InvoiceNumber": "text"},
    "Account": {"AccountID": "guid", "Code": "text"},
    "Date": "date",
    "Amount": "number",
    "CurrencyRate": "number",
    "Reference": "text",
    "IsReconciled": "truth",
    "Status": "text",
}


def read(value: Any, shape: Shape, path: str) -> Document:
    """Return the known, present properties of an object, each of its type.

    Raises:
        PostDataInvalid: something is of another type; the message names its path.
    """
    if not isinstance(value, dict):
        raise PostDataInvalid(_json_invalid(f"Error converting value {value!r} to an object", path))
    return {
        name: _read_one(value[name], wanted, f"{path}.{name}" if path else name)
        for name, wanted in shape.items()
        if value.get(name) is not None
    }


def _read_one(value: Any, wanted: Any, path: str) -> Any:
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise PostDataInvalid(
                _json_invalid("Cannot deserialize the current JSON value into an array", path)
            )
        return [read(item, wanted[0], f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(wanted, Mapping):
        return read(value, wanted, path)
    if isinstance(wanted, tuple):
        if value not in wanted:
            raise PostDataInvalid(_json_invalid(f'Error converting value "{value}"', path))
        return value
    try:
        return _READERS[wanted](value)
    except (ValueError, InvalidOperation, TypeError, KeyError):
        raise PostDataInvalid(
            _json_invalid(f"Could not convert {_kind(value)} to {wanted}: {value}", path)
        ) from None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError
    return str(value)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[_text(value).lower()]


def _guid(value: Any) -> str:
    return str(UUID(_text(value)))


def _date(value: Any) -> str:
    return read_date(_text(value)).isoformat()


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": _text,
    "number": _number,
    "whole": _whole,
    "truth": _truth,
    "guid": _guid,
    "date": _date,
}


def _kind(value: Any) -> str:
    return {dict: "object", list: "array", bool: "boolean", str: "string"}.get(
        type(value), "number"
    )


def _json_invalid(what: str, path: str) -> str:
    return f"JSON for post data was invalid,{what}. Path '{path}', line 1."
