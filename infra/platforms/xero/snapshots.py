"""Xero's invoices as we read them: element by element, so that a bad one loses no other.

Source: developer.xero.com, Accounting API, Invoices; dates come as `/Date(ms+0000)/`, with a
readable twin (`DateString`) that is preferred for days, since it needs no time zone.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from domain.actions.outcome import JsonObject
from domain.invoices.portions import LineAmountTypes
from domain.invoices.snapshot import InvoiceSnapshot, SnapshotLine
from domain.invoices.xero_status import InvoiceStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_MARK = re.compile(r"/i/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?$")

T = TypeVar("T")


class Unreadable(ValueError):  # noqa: N818 - named for what it is
    """An element that is not as documented; `path` is the field, the message says what is wrong."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.problem = message


def snapshot_of(element: JsonObject) -> InvoiceSnapshot:
    """Read one invoice of an answer.

    Raises:
        Unreadable: it is not as documented.
    """
    contact = element.get("Contact")
    return InvoiceSnapshot(
        platform_invoice_id=_need(element, "InvoiceID", _text),
        number=_may(element, "InvoiceNumber", _text),
        status=_need(element, "Status", InvoiceStatus),
        contact_id=_need(contact if isinstance(contact, dict) else {}, "ContactID", _text),
        currency=_need(element, "CurrencyCode", _text),
        line_amount_types=_need(element, "LineAmountTypes", LineAmountTypes),
        total=_need(element, "Total", _amount),
        amount_due=_need(element, "AmountDue", _amount),
        amount_paid=_may(element, "AmountPaid", _amount) or Decimal(0),
        date=_day(element, "Date"),
        due_date=_may_day(element, "DueDate"),
        reference=_may(element, "Reference", _text),
        url=_may(element, "Url", _text),
        updated_utc=_need(element, "UpdatedDateUTC", moment),
        lines=tuple(_lines(element)),
        repeating_invoice_id=_may(element, "RepeatingInvoiceID", _text),
    )


def mark_in(url: Any) -> str | None:
    """Return the effect id in an invoice's `Url` when it is our mark, else None."""
    found = _MARK.search(url) if isinstance(url, str) else None
    return found.group(1) if found else None


def moment(value: Any) -> datetime:
    """Read a point in time: `/Date(ms+0000)/`, or ISO 8601 that is UTC unless it says otherwise.

    Raises:
        ValueError: it is neither.
    """
    found = _MILLISECONDS.fullmatch(value) if isinstance(value, str) else None
    if found:
        return _EPOCH + timedelta(milliseconds=int(found.group(1)))
    read = datetime.fromisoformat(_text(value))
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def to_json(snapshot: InvoiceSnapshot) -> dict[str, Any]:
    """Write a snapshot as plain JSON: amounts and dates as text."""
    fields = {name: getattr(snapshot, name) for name in InvoiceSnapshot.__dataclass_fields__}
    lines = [
        {name: str(getattr(line, name)) for name in SnapshotLine.__dataclass_fields__}
        for line in snapshot.lines
    ]
    return {name: _plain(value) for name, value in fields.items() if name != "lines"} | {
        "lines": lines
    }


def from_json(stored: Mapping[str, Any]) -> InvoiceSnapshot:
    """Read back what `to_json` wrote."""
    amounts = ("quantity", "unit_amount", "line_amount", "tax_amount")
    lines = [
        SnapshotLine(**line | {name: Decimal(line[name]) for name in amounts})
        for line in stored["lines"]
    ]
    due = stored["due_date"]
    return InvoiceSnapshot(
        **dict(stored)
        | {
            "status": InvoiceStatus(stored["status"]),
            "line_amount_types": LineAmountTypes(stored["line_amount_types"]),
            "total": Decimal(stored["total"]),
            "amount_due": Decimal(stored["amount_due"]),
            "amount_paid": Decimal(stored["amount_paid"]),
            "date": date.fromisoformat(stored["date"]),
            "due_date": None if due is None else date.fromisoformat(due),
            "updated_utc": datetime.fromisoformat(stored["updated_utc"]),
            "lines": tuple(lines),
        }
    )


def _lines(element: JsonObject) -> list[SnapshotLine]:
    given = element.get("LineItems") or []
    if not isinstance(given, list):
        raise Unreadable("LineItems", "is no list")
    lines = []
    for place, line in enumerate(given):
        if not isinstance(line, dict):
            raise Unreadable(f"LineItems[{place}]", "is no object")
        try:
            lines.append(_line(line))
        except Unreadable as error:
            raise Unreadable(f"LineItems[{place}].{error.path}", error.problem) from error
    return lines


def _line(line: JsonObject) -> SnapshotLine:
    zero = Decimal(0)
    return SnapshotLine(
        platform_line_id=_may(line, "LineItemID", _text) or "",
        description=_may(line, "Description", _text) or "",
        quantity=_may(line, "Quantity", _amount) or zero,
        unit_amount=_may(line, "UnitAmount", _amount) or zero,
        line_amount=_may(line, "LineAmount", _amount) or zero,
        tax_amount=_may(line, "TaxAmount", _amount) or zero,
    )


def _need(element: JsonObject, name: str, read: Callable[[Any], T]) -> T:
    value = _may(element, name, read)
    if value is None:
        raise Unreadable(name, "is missing")
    return value


def _may(element: JsonObject, name: str, read: Callable[[Any], T]) -> T | None:
    value = element.get(name)
    if value is None or value == "":
        return None
    try:
        return read(value)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        raise Unreadable(name, f"{str(value)[:80]!r} is not as documented") from error


def _day(element: JsonObject, name: str) -> date:
    day = _may_day(element, name)
    if day is None:
        raise Unreadable(name, "is missing")
    return day


def _may_day(element: JsonObject, name: str) -> date | None:
    readable = _may(element, f"{name}String", moment)
    found = readable or _may(element, name, moment)
    return None if found is None else found.date()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError("no number")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("no finite number")
    return amount


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return value if value is None else str(value)
