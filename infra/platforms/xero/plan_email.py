"""`xero_email_invoice`: the email of an invoice that stands, alone."""

from typing import Any
from uuid import UUID

from domain.actions.outcome import Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.named_invoices import named
from infra.platform import Integration
from infra.platforms.xero import emailable
from infra.platforms.xero.emailing import Tail
from infra.platforms.xero.shown import to_email
from infra.platforms.xero.wishes import EmailMode, EmailWish, email_wish

_UNKNOWN = "no such invoice of this integration is known here; sync the invoices first"


def check(tx: Transaction, request: Request) -> emailable.Problems:
    """Find what only the database can tell of a request for an email."""
    return _problems(tx, request, _stored(tx, request))


def known(tx: Transaction, request: Request, _integration: Integration) -> Known:
    """Return the invoice as last seen, whom it may go to, and what stands in the way."""
    stored, wish = _stored(tx, request), _wish(request)
    deal_id = request.deal_id or (stored.provenance.deal_id if stored else None)
    return {
        **emailable.known(tx, request, wish, deal_id),
        "invoice": stored and to_email(stored),
        "problems": _problems(tx, request, stored),
    }


def email_invoice(request: Request, known_: Known, results: tuple[Result, ...]) -> Step:
    """Contact where Xero alone knows the address, then the email."""
    invoice, wish = known_["invoice"], _wish(request)
    if known_["problems"] and not results:
        return Refuse(_refused(known_["problems"]))
    contact: Any = {}
    if wish.reads_contact:
        contact = emailable.look_at_contact(results, invoice["contact_id"])
        if isinstance(contact, Effect):
            return contact
    step = Tail(wish, known_, results, invoice, contact, alone=True).next()
    if isinstance(step, Effect):
        return step
    if step["outcome"] != "sent":
        return Refuse(Rejected(f"email_{step['outcome']}", str(step["why"]), dict(step)))
    named_ = {"invoice_id": invoice["platform_invoice_id"], "invoice_number": invoice["number"]}
    return Done({**named_, "email": dict(step)})


def _wish(request: Request) -> EmailWish:
    return email_wish(request.params, EmailMode.XERO)


def _stored(tx: Transaction, request: Request) -> StoredInvoice | None:
    return named(tx, request.integration_id, UUID(request.params["invoice_id"]))


def _problems(
    tx: Transaction, request: Request, stored: StoredInvoice | None
) -> emailable.Problems:
    if stored is None:
        return [("params.invoice_id", _UNKNOWN)]
    deal_id = request.deal_id or stored.provenance.deal_id
    if not stored.status.is_emailable:
        words = f"{stored.number or 'the invoice'} is {stored.status.value}"
        return [("params.invoice_id", f"{words}: only SUBMITTED and AUTHORISED ones can be sent")]
    return emailable.obstacles(tx, request, _wish(request), deal_id, stored.status.value)


def _refused(problems: emailable.Problems) -> Rejected:
    return Rejected(
        "cannot_email",
        "; ".join(f"{path}: {words}" for path, words in problems),
        {"problems": [{"field": path, "problem": words} for path, words in problems]},
    )
