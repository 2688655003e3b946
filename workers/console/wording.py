"""What people read: names of statuses and their tones, amounts, days. Tables and filters."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.email.letter import web_address
from domain.email.wording import day as written_day
from domain.email.wording import money as written_money
from domain.money import plain, round_half_up

Tone = str
"""`quiet`, `amber`, `blue`, `green` or `red`: what colour a status has."""

PAYMENT: Mapping[str, tuple[str, Tone]] = {
    "unpaid": ("Unpaid", "quiet"),
    "deposit_invoiced": ("Deposit invoiced", "amber"),
    "invoiced": ("Invoiced", "blue"),
    "paid": ("Paid", "green"),
}
INVOICE: Mapping[str, tuple[str, Tone]] = {
    "DRAFT": ("Draft", "quiet"),
    "SUBMITTED": ("Submitted", "amber"),
    "AUTHORISED": ("Authorised", "blue"),
    "PAID": ("Paid", "green"),
    "VOIDED": ("Voided", "red"),
    "DELETED": ("Deleted", "red"),
}
PORTION: Mapping[str, str] = {
    "full": "Full",
    "deposit": "Deposit",
    "balance": "Balance",
    "ongoing": "Ongoing",
}
ORIGIN: Mapping[str, str] = {"fleet": "Raised here", "xero": "Raised in Xero"}
STATE: Mapping[str, tuple[str, Tone]] = {
    "queued": ("Queued", "quiet"),
    "running": ("Carrying out", "blue"),
    "waiting": ("Waiting", "amber"),
    "reconciling": ("Looking up", "amber"),
    "parked": ("Needs a person", "red"),
    "succeeded": ("Done", "green"),
    "rejected": ("Refused", "red"),
    "cancelled": ("Cancelled", "quiet"),
}
ACTION: Mapping[str, str] = {
    "xero_create_contact": "Create Xero contact",
    "xero_create_invoice": "Create invoice",
    "xero_create_contact_and_invoice": "Create invoice",
    "xero_update_invoice": "Update invoice",
    "xero_create_repeating_invoice": "Create repeating invoice",
    "xero_record_payment": "Record payment",
    "xero_void_invoice": "Void invoice",
    "xero_email_invoice": "Send invoice",
    "xero_sync_invoices": "Sync invoices",
    "slack_send_message": "Send Slack message",
    "facebook_conversion": "Report conversion to Facebook",
    "portant_generate_document": "Generate document",
    "activecampaign_add_to_automation": "Add to automation",
    "calcom_create_booking": "Book appointment",
    "calcom_add_guests": "Add guests to booking",
    "zoom_create_meeting": "Create Zoom meeting",
}
PLATFORM: Mapping[str, str] = {
    "xero": "Xero",
    "postmark": "Postmark",
    "slack": "Slack",
    "facebook": "Facebook",
    "portant": "Portant",
    "activecampaign": "ActiveCampaign",
    "calcom": "Cal.com",
    "zoom": "Zoom",
}


def label(value: str, kind: str) -> str:
    """Return what a status, portion or action type is called."""
    found: Any = _KINDS[kind].get(value, value)
    return found if isinstance(found, str) else str(found[0])


def tone(value: str, kind: str) -> Tone:
    """Return the tone of a status."""
    found = _KINDS[kind].get(value)
    return str(found[1]) if isinstance(found, tuple) else "quiet"


_KINDS: Mapping[str, Mapping[str, Any]] = {
    "payment": PAYMENT,
    "invoice": INVOICE,
    "portion": PORTION,
    "origin": ORIGIN,
    "state": STATE,
    "action": ACTION,
    "platform": PLATFORM,
}


def money(amount: Decimal | str, currency: str) -> str:
    """Write an amount without its code: `$1,234.50`; without a known symbol `1,234.50 CHF`."""
    text = written_money(Decimal(amount), currency)
    bare = text.removesuffix(f" {currency}")
    return text if bare[:1].isdigit() or bare[:1] == "-" else bare


def figure(amount: Decimal, currency: str) -> str:
    """Write an amount as people type it: `1234.50`, the currency's decimals and nothing else."""
    return f"{round_half_up(amount, currency):f}"


def number(value: Decimal | str) -> str:
    """Write a quantity or a percentage: no trailing zeros."""
    return plain(Decimal(value))


def day(date: dt.date | str | None) -> str:
    """Write a day: `5 December 2026`; "—" where there is none."""
    if not date:
        return "—"
    return written_day(dt.date.fromisoformat(date) if isinstance(date, str) else date)


def moment(at: dt.datetime) -> str:
    """Write a moment, in UTC: `5 December 2026, 14:07 UTC`."""
    there = at.astimezone(ZoneInfo("UTC"))
    return f"{written_day(there.date())}, {there:%H:%M} UTC"


def web(url: str | None) -> str:
    """Return an http(s) address; "" for anything else, so that it becomes no link."""
    return web_address(url) or ""


FILTERS: Mapping[str, Callable[..., str]] = {
    "label": label,
    "tone": tone,
    "money": money,
    "figure": figure,
    "number": number,
    "day": day,
    "moment": moment,
    "web": web,
}
