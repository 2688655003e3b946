"""Reading one invoice as it is now, and booking that (it promotes nothing).

Source: developer.xero.com, Accounting API, Invoices (`GET /Invoices/{InvoiceID}`).
"""

from domain.actions.outcome import Deferred, Outcome, Rejected, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from domain.invoices.snapshot import InvoiceSnapshot
from infra.database import invoices
from infra.exchange import Exchange
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero.client import TENANT, frozen, send
from infra.platforms.xero.errors import one_element, read
from infra.platforms.xero.retelling import retell
from infra.platforms.xero.snapshots import Unreadable, from_json, snapshot_of, to_json
from infra.session import Session


def look(invoice_id: str) -> Call:
    """Return the call that reads one invoice whole, by Xero's id."""
    return frozen(lambda api: api.get_invoice(TENANT, invoice_id, unitdp=4))


def told_in(exchange: Exchange) -> InvoiceSnapshot | Rejected | Deferred | Unknown:
    """Return the one invoice of an answer, or what the answer makes of the attempt."""
    answer = read(exchange)
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, "Invoices")
    if not isinstance(element, dict):
        return element
    try:
        return snapshot_of(element)
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: the invoice is not as documented: {error}")


def happened(told: InvoiceSnapshot) -> Succeeded:
    """Return the outcome that carries an invoice to the booking."""
    return Succeeded({"invoice": to_json(told)}, external_id=told.platform_invoice_id)


def book(done: Settlement) -> invoices.StoredInvoice | None:
    """Store the invoice that an outcome carries; None when it carries none, or it is gone."""
    told = done.outcome.result.get("invoice") if isinstance(done.outcome, Succeeded) else None
    if told is None:
        return None
    snapshot = from_json(told)
    known = invoices.find(done.tx, done.integration.id, [snapshot.platform_invoice_id])
    stored = known.get(snapshot.platform_invoice_id)
    return None if stored is None else retell(done.tx, stored, snapshot, done.now).now


def _prepare(prep: Preparation) -> Call:
    return look(prep.inputs["invoice_id"])


def _perform(session: Session, sent: Sent) -> Outcome:
    told = told_in(send(session, sent.call))
    return happened(told) if isinstance(told, InvoiceSnapshot) else told


def _settle(done: Settlement) -> None:
    book(done)


READ = EffectType(
    name="xero.read_invoice",
    prepare=_prepare,
    perform=_perform,
    settle=_settle,
    guarantee=Guarantee(changes=False),
    retry=RetryPolicy(attempts_max=5),
    optional=True,
)
