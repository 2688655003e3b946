"""Xero's repeating templates as we read them, and whether one has the content that was sent.

Source: developer.xero.com, Accounting API, Repeating Invoices; Xero OpenAPI, `RepeatingInvoice`.
Nothing on a template can carry a mark of ours, so it is recognised by what it says.
"""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from domain.actions.outcome import JsonObject
from infra.platforms.xero.errors import elements_of
from infra.platforms.xero.snapshots import Unreadable, moment


@dataclass(frozen=True, slots=True)
class Sending:
    """Whether Xero emails each invoice, as Xero returned it; None where it did not say."""

    approved: bool | None
    marked_as_sent: bool | None

    def is_as_asked(self, *, emails: bool) -> bool:
        """Tell whether Xero will do what was asked: email each invoice, or none ever."""
        if emails:
            return self.approved is True
        return self.approved is False and self.marked_as_sent is True


@dataclass(frozen=True, slots=True)
class Template:
    """A repeating template as plain JSON holds it: dates ISO 8601, amounts text."""

    template_id: str
    status: str
    contact_id: str | None
    starts_on: str | None
    next_date: str | None
    currency: str | None
    subtotal: str | None
    total: str | None
    approved_for_sending: bool | None
    marked_as_sent: bool | None
    line_amounts: tuple[str | None, ...]

    @property
    def sending(self) -> Sending:
        """Whether Xero emails each invoice."""
        return Sending(self.approved_for_sending, self.marked_as_sent)

    def to_json(self) -> dict[str, Any]:
        """Write it as an effect's result holds it."""
        return {**asdict(self), "line_amounts": list(self.line_amounts)}


def template_of(element: JsonObject) -> Template:
    """Read one template of an answer.

    Raises:
        Unreadable: it has no id.
    """
    schedule = element.get("Schedule")
    when = schedule if isinstance(schedule, dict) else {}
    contact = element.get("Contact")
    return Template(
        template_id=id_of(element),
        status=str(element.get("Status") or ""),
        contact_id=_text(contact.get("ContactID")) if isinstance(contact, dict) else None,
        starts_on=_day(when.get("StartDate")),
        next_date=_day(when.get("NextScheduledDate")),
        currency=_text(element.get("CurrencyCode")),
        subtotal=_amount(element.get("SubTotal")),
        total=_amount(element.get("Total")),
        approved_for_sending=_truth(element.get("ApprovedForSending")),
        marked_as_sent=_truth(element.get("MarkAsSent")),
        line_amounts=tuple(
            _amount(line.get("LineAmount")) for line in elements_of(element, "LineItems")
        ),
    )


def id_of(element: JsonObject) -> str:
    """Return a template's id.

    Raises:
        Unreadable: it has none.
    """
    found = _text(element.get("RepeatingInvoiceID")) or _text(element.get("ID"))
    if found is None:
        raise Unreadable("RepeatingInvoiceID", "is missing")
    return found


def is_alike(element: JsonObject, sent: JsonObject, amounts: list[str]) -> bool:
    """Tell whether a template says what was sent: schedule, reference, and lines with amounts.

    `sent` is the element as sent, `amounts` what each of its lines comes to. White space and the
    way numbers are written do not count.
    """
    return _content(element, [line.get("LineAmount") for line in _lines(element)]) == _content(
        sent, [Decimal(amount) for amount in amounts]
    )


def _content(element: JsonObject, amounts: list[Any]) -> tuple[Any, ...]:
    schedule = element.get("Schedule")
    when = schedule if isinstance(schedule, dict) else {}
    words = [" ".join(str(line.get("Description") or "").split()) for line in _lines(element)]
    return (
        when.get("Period"),
        when.get("Unit"),
        " ".join(str(element.get("Reference") or "").split()),
        list(zip(words, amounts, strict=True)),
    )


def _lines(element: JsonObject) -> list[dict[str, Any]]:
    return elements_of(element, "LineItems")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _amount(value: Any) -> str | None:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return f"{Decimal(value):f}" if number and Decimal(value).is_finite() else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: Any) -> str | None:
    try:
        return None if value is None else _date(value).isoformat()
    except (ValueError, TypeError, OverflowError):
        return None


def _date(value: Any) -> date:
    return moment(value).date()
