"""The plan of `xero_update_invoice`: the fields in one call, then the email that was asked for."""

from collections.abc import Iterator
from typing import Any

from domain.actions.outcome import JsonObject, Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.invoices.editing import edit_problems
from infra.database import invoice_edits
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.platform import Integration
from infra.platforms.xero import editing, emailable
from infra.platforms.xero.emailing import Tail
from infra.platforms.xero.plan_edit import Problems, check_named, find
from infra.platforms.xero.shown import invoice_json, to_email
from infra.platforms.xero.wishes import EmailMode, email_wish, fields_without_mode

CHANGES = ("status", "due_date", "reference", "portion")
"""What a request may change; the portion is a label of ours and never sent."""


def known_update(tx: Transaction, request: Request, _integration: Integration) -> Known:
    """Return the invoice as stored (`invoice`), and what its email needs."""
    stored, wish = find(tx, request), email_wish(request.params)
    return {
        **emailable.known(tx, request, wish, _deal_of(request, stored)),
        "invoice": stored and invoice_json(stored),
        "to_email": stored and to_email(stored),
        "problems": [] if stored is None else _email_problems(tx, request, stored),
    }


def check_update(tx: Transaction, request: Request) -> Problems:
    """Find what stands in the way of an update, as far as the stored invoice tells."""
    stored, problems = check_named(tx, request)
    problems += [*fields_without_mode(request.params), *_idle(request.params)]
    if stored is None:
        return problems
    edit = editing.edit_from(request.params)
    problems += editing.plain(edit_problems(invoice_edits.standing_of(stored), edit))
    return problems + _email_problems(tx, request, stored)


def _idle(params: JsonObject) -> Iterator[tuple[str, str]]:
    emails = email_wish(params).mode is not EmailMode.NONE
    if not emails and not any(name in params for name in CHANGES):
        words = f"nothing to change: give one of {', '.join(CHANGES)}, or an email_mode"
        yield "params", words


def _email_problems(tx: Transaction, request: Request, stored: StoredInvoice) -> Problems:
    status = request.params.get("status") or stored.status.value
    deal_id = _deal_of(request, stored)
    return emailable.obstacles(tx, request, email_wish(request.params), deal_id, status)


def _deal_of(request: Request, stored: StoredInvoice | None) -> Any:
    return request.deal_id or (stored.provenance.deal_id if stored else None)


def update_invoice(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """The contact where its address is needed, the fields that change, the email."""
    refused = _refused(request, known, results)
    if refused is not None:
        return Refuse(refused)
    invoice, wish = known["invoice"], email_wish(request.params)
    contact: Any = {}
    if wish.reads_contact:
        contact = emailable.look_at_contact(results, invoice["contact_id"])
    if isinstance(contact, Effect):
        return contact
    wanted = {name: request.params[name] for name in CHANGES if name in request.params}
    if wanted and not _has_changed(results):
        nobody = emailable.unsendable(wish, known, contact)
        planned = Effect(editing.UPDATE.name, {"invoice_id": invoice["invoice_id"], **wanted})
        return Refuse(nobody) if nobody else planned
    tail = Tail(wish, known, results, known["to_email"], contact, alone=not wanted).next()
    return tail if isinstance(tail, Effect) else _ended(invoice, tail, email_alone=not wanted)


def _refused(request: Request, known: Known, results: tuple[Result, ...]) -> Rejected | None:
    if known["invoice"] is None:
        return editing.gone(request.params["invoice_id"])
    if known["problems"] and not results:
        return editing.refused_edit(known["problems"])
    tried = [one.outcome for one in results if one.name == editing.UPDATE.name]
    return tried[-1] if tried and isinstance(tried[-1], Rejected) else None


def _has_changed(results: tuple[Result, ...]) -> bool:
    return any(one.name == editing.UPDATE.name for one in results)


def _ended(invoice: JsonObject, email: JsonObject, *, email_alone: bool) -> Step:
    if email_alone and email["outcome"] != "sent":
        # It was all that was asked for, as of `xero_email_invoice`.
        return Refuse(Rejected(f"email_{email['outcome']}", str(email["why"]), dict(email)))
    return Done({**invoice, "email": dict(email)})
