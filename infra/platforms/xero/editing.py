"""Editing an invoice that exists: status, due date, reference; voiding it; its label of ours.

One POST with the fields that change and nothing else: line items that are not sent stay as they
are, and a contact that is sent would be edited. Source: developer.xero.com, Accounting API,
Invoices ("Updating an invoice", "Voiding an invoice"). The values are absolute, so that sending
them twice is sending them once; whether they were taken is seen on the invoice itself.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import (
    Absent,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.retry import Guarantee
from domain.invoices.editing import Edit, edit_problems, has_been_made, void_problems, withdrawal
from domain.invoices.refusal import Problem
from domain.invoices.snapshot import InvoiceSnapshot
from domain.invoices.standing import Standing
from domain.invoices.xero_status import InvoiceStatus
from infra.database import invoice_edits, promotions_due
from infra.database.named_invoices import named
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero import reading
from infra.platforms.xero.client import TENANT, body_of, frozen, send
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.session import Session


def edit_from(stored: Mapping[str, Any]) -> Edit:
    """Read an edit from plain JSON (params, inputs or context)."""
    status, due = stored.get("status"), stored.get("due_date")
    return Edit(
        status=None if status is None else InvoiceStatus(status),
        due_date=None if due is None else date.fromisoformat(due),
        reference=stored.get("reference"),
    )


def refused_edit(problems: Sequence[tuple[str, str]]) -> Rejected:
    """Return the refusal of an edit or a payment before any call: every problem by its field."""
    return Rejected(
        "not_possible",
        "; ".join(f"{path}: {words}" for path, words in problems),
        {"problems": [{"field": path, "problem": words} for path, words in problems]},
    )


def plain(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    """Return problems as (field path, sentence)."""
    return [(one.path, one.message) for one in problems]


def gone(invoice_id: str) -> Rejected:
    """Return the refusal of an action whose invoice is not stored any more."""
    return refused_edit([("params.invoice_id", f"no invoice {invoice_id} is known here")])


# --- freezing, sending, looking up ----------------------------------------------------------------


def _prepare(prep: Preparation) -> Call | Succeeded | Rejected:
    invoice_id = prep.inputs["invoice_id"]
    stored = named(prep.tx, prep.integration.id, UUID(invoice_id), lock=True)
    if stored is None:
        return gone(invoice_id)
    # Once more, and under its lock: much may have happened since the request was taken in.
    standing = invoice_edits.standing_of(stored)
    edit, problems = _wanted(prep.inputs, standing)
    if problems:
        return refused_edit(plain(problems))
    if edit.is_empty:
        return Succeeded()  # the label alone, which is ours
    asked = _plain(edit)
    body = body_of({"Invoices": [{_FIELDS[name]: value for name, value in asked.items()}]})
    platform_id = stored.platform_invoice_id
    return frozen(lambda api: api.update_invoice(TENANT, platform_id, body, unitdp=4), asked=asked)


_FIELDS = {"status": "Status", "due_date": "DueDate", "reference": "Reference"}


def _wanted(inputs: JsonObject, standing: Standing) -> tuple[Edit, tuple[Problem, ...]]:
    if inputs.get("void"):
        return withdrawal(standing), void_problems(standing)
    edit = edit_from(inputs)
    return edit, edit_problems(standing, edit)


def _plain(edit: Edit) -> dict[str, str]:
    return {
        **({} if edit.status is None else {"status": edit.status.value}),
        **({} if edit.due_date is None else {"due_date": edit.due_date.isoformat()}),
        **({} if edit.reference is None else {"reference": edit.reference}),
    }


def _perform(session: Session, sent: Sent) -> Outcome:
    told = reading.told_in(send(session, sent.call, sent.key))
    return reading.happened(told) if isinstance(told, InvoiceSnapshot) else told


def _find(session: Session, sent: Sent) -> LookedUp:
    told = reading.told_in(send(session, reading.look(sent.inputs["invoice_id"])))
    if isinstance(told, Rejected):
        return Unknown("look_up_refused", f"the look-up was refused: {told.message}")
    if not isinstance(told, InvoiceSnapshot):
        return told
    now = Standing(
        label=told.number or told.platform_invoice_id,
        status=told.status,
        currency=told.currency,
        total=told.total,
        amount_due=told.amount_due,
        due_date=told.due_date,
        reference=told.reference,
    )
    # A person who says it happened is believed: the invoice is booked as it is.
    if sent.stated_id is not None or has_been_made(edit_from(sent.call.context["asked"]), now):
        return reading.happened(told)
    return Absent()


# --- booking --------------------------------------------------------------------------------------


def _settle(done: Settlement) -> None:
    sent = reading.book(done)
    stored = sent or named(
        done.tx,
        done.integration.id,
        UUID(done.inputs["invoice_id"]),
        lock=True,
    )
    if stored is not None and done.inputs.get("portion") is not None:
        invoice_edits.label_as(done.tx, stored.id, done.inputs["portion"])
    if sent is not None:  # a label alone promotes nothing: Xero has not been heard
        promotions_due.tell(done.tx, done.integration.id, done.now, invoice_ids=[sent.id])


UPDATE = EffectType(
    name="xero.update_invoice",
    prepare=_prepare,
    perform=_perform,
    find=_find,
    settle=_settle,
    guarantee=Guarantee(
        can_find=True, deduplicates_for=DEDUPLICATED_FOR, settling=timedelta(seconds=10)
    ),
)
