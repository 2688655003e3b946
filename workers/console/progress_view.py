"""An action's progress in words, honestly: what is done now, what is awaited, what is not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from workers.console.wording import day, label, money

Row = Mapping[str, Any]
DOING: Mapping[str, str] = {
    "xero.read_organisation": "reading the organisation's settings",
    "xero.read_contact": "looking the contact up in Xero",
    "xero.create_contact": "creating the contact in Xero",
    "xero.create_invoice": "creating the invoice in Xero",
    "xero.read_online_invoice": "reading the invoice's online address",
    "xero.fetch_invoice_pdf": "fetching the invoice's PDF",
    "xero.email_invoice": "having Xero email the invoice",
    "xero.email_invoice_alone": "having Xero email the invoice",
    "xero.update_invoice": "changing the invoice in Xero",
    "xero.read_invoice": "reading the invoice in Xero",
    "xero.read_bank_accounts": "reading the bank accounts",
    "xero.record_payment": "recording the payment in Xero",
    "xero.sync_page": "reading invoices from Xero",
    "xero.list_repeating_invoices": "reading the repeating invoices",
    "xero.create_repeating_invoice": "creating the repeating invoice in Xero",
    "postmark.send_invoice_email": "sending the email",
    "postmark.send_invoice_email_alone": "sending the email",
}
HIDDEN = "Its details are about invoices, which your role does not include."


@dataclass(frozen=True, slots=True)
class Progress:
    """An action as people follow it. `is_final`: nothing more happens by itself."""

    id: UUID
    action_type: str
    what: str
    state: str
    sentence: str
    is_final: bool
    who: str | None
    at: datetime


def progress(row: Row, now: datetime, *, sees_money: bool) -> Progress:
    """Return an action's row (see `infra.database.views.actions`) as people follow it."""
    state = row["status"]
    told = state in {"queued", "running"} or sees_money
    return Progress(
        id=row["id"],
        action_type=row["action_type"],
        what=label(row["action_type"], "action"),
        state=state,
        sentence=_SENTENCES[state](row, now) if told else HIDDEN,
        is_final=row["finished_at"] is not None or state == "parked",
        who=row["requested_by"],
        at=row["finished_at"] or row["created_at"],
    )


def _doing(row: Row) -> str:
    name = row["effect"]
    return DOING.get(name, "carrying it out") if name else "taking it up"


def _asked(row: Row) -> str:
    """Name the platform that the latest effect asks something of."""
    return label(str(row["effect"] or row["platform"]).partition(".")[0], "platform")


def _stopped(row: Row) -> str | None:
    """Say why nothing goes out through the integration; None: it works."""
    name, why = label(row["platform"], "platform"), row["integration_reason"] or "no reason"
    words = {"error": "is connected again", "inactive": "is let go on by an operator"}
    if row["integration_status"] not in words:
        return None
    return f"It waits until {name} {words[row['integration_status']]}: {why}"


def _queued(row: Row, _now: datetime) -> str:
    return _stopped(row) or "It is stored, and waits for a free worker."


def _running(row: Row, _now: datetime) -> str:
    return f"Now {_doing(row)}."


def _waiting(row: Row, now: datetime) -> str:
    stopped = _stopped(row)
    if stopped:
        return stopped
    left = row["due_at"] - now
    why = row["status_reason"]
    if left < timedelta(seconds=2) or not why:
        return f"Next: {_doing(row)}."
    return f"It goes on in {span(left)}: {why}"


def _reconciling(row: Row, now: datetime) -> str:
    left = row["due_at"] - now
    when = f" in {span(left)}" if left > timedelta(seconds=2) else ""
    return (
        f"{_asked(row)}'s answer did not arrive while {_doing(row)}. Whether it happened is looked"
        f" up{when};"
        " it is never done twice."
    )


def _parked(row: Row, _now: datetime) -> str:
    if row["effect_state"] == "unknown":
        return (
            f"Nobody can tell by itself whether {_doing(row)} happened. An operator looks at"
            f" {_asked(row)} and decides; do not do it again meanwhile."
        )
    why = _words(row) or "no reason is known"
    return f"It was tried and did not happen: {why}. An operator decides."


def _rejected(row: Row, _now: datetime) -> str:
    return _words(row) or "It was refused."


def _cancelled(_row: Row, _now: datetime) -> str:
    return "It was stopped; what had happened by then stays."


def _succeeded(row: Row, _now: datetime) -> str:
    result: Mapping[str, Any] = row["result"] or {}
    done = _DONE.get(row["action_type"])
    return done(result) if done else "It is done."


def _words(row: Row) -> str | None:
    error: Mapping[str, Any] = row["error"] or {}
    said = error.get("message") or row["status_reason"]
    return str(said) if said else None


def span(length: timedelta) -> str:
    """Write a wait: `8 s`, `4 min`, `3 h`."""
    seconds = max(1.0, length.total_seconds())
    for most, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def _invoiced(result: Mapping[str, Any]) -> str:
    total = money(result["total"], result["currency"])
    return f"{result['invoice_number'] or 'The invoice'} for {total} is {result['status'].lower()}."


def _changed(result: Mapping[str, Any]) -> str:
    return f"{result.get('invoice_number') or 'The invoice'} is {str(result['status']).lower()}."


def _paid(result: Mapping[str, Any]) -> str:
    payment = result["payment"]
    amount = money(payment["amount"], result["currency"])
    return f"{amount} recorded on {result.get('invoice_number') or 'the invoice'}."


def _emailed(result: Mapping[str, Any]) -> str:
    email = result.get("email") or result
    to = email.get("to")
    return f"Sent to {to}." if to else "Sent by Xero to its contact."


def _synced(result: Mapping[str, Any]) -> str:
    checked, changed = result.get("checked", 0), result.get("changed", 0)
    noun = "invoice" if checked == 1 else "invoices"
    return f"{checked} {noun} looked at, {changed} changed."


def _repeats(result: Mapping[str, Any]) -> str:
    return f"Set up; the first invoice comes on {day(result['next_date'])}."


def _contact(_result: Mapping[str, Any]) -> str:
    return "The Xero contact is linked."


_DONE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "xero_create_invoice": _invoiced,
    "xero_create_contact_and_invoice": _invoiced,
    "xero_update_invoice": _changed,
    "xero_void_invoice": _changed,
    "xero_record_payment": _paid,
    "xero_email_invoice": _emailed,
    "xero_sync_invoices": _synced,
    "xero_create_repeating_invoice": _repeats,
    "xero_create_contact": _contact,
}
_SENTENCES: Mapping[str, Callable[[Row, datetime], str]] = {
    "queued": _queued,
    "running": _running,
    "waiting": _waiting,
    "reconciling": _reconciling,
    "parked": _parked,
    "rejected": _rejected,
    "cancelled": _cancelled,
    "succeeded": _succeeded,
}
