"""What a template does as time goes by: invoices, on its days, emailed when it says so."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from infra.sandbox.effects import BY_SCHEDULE, Cause, Effects
from infra.sandbox.wire import Document
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import due_date, months_later
from infra.sandbox.xero.emails import address_of, may_send, send
from infra.sandbox.xero.posting import Posting

_COPIED: Final = (
    "Type", "ContactID", "Status", "BrandingThemeID", "LineAmountTypes", "CurrencyCode",
    "SubTotal", "TotalTax", "Total",
)  # fmt: skip


def generate(books: Books, effects: Effects) -> None:
    """Make every invoice that is due by the organisation's today."""
    today = books.today().isoformat()
    for template in books.templates.records():
        while _is_due(template, today):
            posting = Posting(books, effects, Cause(tenant=books.tenant, by=BY_SCHEDULE))
            template = _raise(posting, template)  # noqa: PLW2901 - the template moves on
            posting.settle()


def following(day: date, schedule: Document, *, keeps_clamped_day: bool) -> date:
    """Return a template's next day after one of its days."""
    if schedule["Unit"] == "WEEKLY":
        return day + timedelta(weeks=schedule["Period"])
    original = date.fromisoformat(schedule["StartDate"]).day
    return months_later(day, schedule["Period"], day.day if keeps_clamped_day else original)


def _is_due(template: Document, today: str) -> bool:
    following_day = template["Schedule"].get("NextScheduledDate")
    return template["Status"] != "DELETED" and following_day is not None and following_day <= today


def _raise(posting: Posting, template: Document) -> Document:
    """Raise the next invoice of a template and return the template as it stands after."""
    books, schedule = posting.books, template["Schedule"]
    day = date.fromisoformat(schedule["NextScheduledDate"])
    invoice = _invoice(books, template, day)
    posting.put("invoices", invoice["InvoiceID"], invoice)
    posting.made("invoice.created", invoice["InvoiceID"], invoice.get("Url"))
    if template["ApprovedForSending"] and invoice["SentToContact"]:
        send(posting, invoice)
    after = following(day, schedule, keeps_clamped_day=books.keeps_clamped_day).isoformat()
    ended = after > schedule.get("EndDate", "9999-12-31")
    changed = {**schedule, "NextScheduledDate": None if ended else after}
    return posting.put(
        "templates", template["RepeatingInvoiceID"], {**template, "Schedule": changed}
    )


def _invoice(books: Books, template: Document, day: date) -> Document:
    schedule = template["Schedule"]
    terms = {"Day": schedule["DueDate"], "Type": schedule["DueDateType"]}
    approved = template["Status"] == "AUTHORISED"
    reference = template.get("Reference")
    identity = new_id()
    invoice: Document = {
        **{name: template.get(name) for name in _COPIED},
        "InvoiceID": identity,
        "RepeatingInvoiceID": template["RepeatingInvoiceID"],
        "InvoiceNumber": books.next_number() if template["Type"] == "ACCREC" else None,
        "Reference": _filled(reference, day) if reference else None,
        "Date": day.isoformat(),
        "DueDate": due_date(day, terms).isoformat(),
        "CurrencyRate": Decimal(1),
        "LineItems": [{**line, "LineItemID": new_id()} for line in template["LineItems"]],
        "AmountPaid": Decimal("0.00"),
        "AmountDue": template["Total"],
        "ByApp": False,
    }
    sent = _mailable(books, invoice) if template["ApprovedForSending"] else template["MarkAsSent"]
    invoice["SentToContact"] = approved and sent
    return invoice


def _mailable(books: Books, invoice: Document) -> bool:
    return bool(address_of(books, invoice)) and may_send(books)


def _filled(reference: str, day: date) -> str:
    """Fill in the placeholders of a reference."""
    placeholders = {
        "[Week]": str(day.isocalendar().week),
        "[Month]": day.strftime("%B"),
        "[Year]": str(day.year),
        "[Month Year]": day.strftime("%B %Y"),
    }
    for placeholder, text in placeholders.items():
        reference = reference.replace(placeholder, text)
    return reference
