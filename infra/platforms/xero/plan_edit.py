"""What every action on one stored invoice begins with, and the plan of `xero_void_invoice`."""

from uuid import UUID

from domain.actions.outcome import Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.invoices.editing import void_problems
from infra.database import crm, invoice_edits
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.named_invoices import named
from infra.platform import Integration
from infra.platforms.xero import editing
from infra.platforms.xero.shown import invoice_json

Problems = list[tuple[str, str]]


def known_invoice(tx: Transaction, request: Request, _integration: Integration) -> Known:
    """Return the invoice as stored (`invoice`), None when it is not."""
    stored = find(tx, request)
    return {"invoice": None if stored is None else invoice_json(stored)}


def find(tx: Transaction, request: Request) -> StoredInvoice | None:
    """Return the invoice a request names, or None."""
    return named(tx, request.integration_id, UUID(request.params["invoice_id"]))


# --- checks at intake -----------------------------------------------------------------------------


def check_named(tx: Transaction, request: Request) -> tuple[StoredInvoice | None, Problems]:
    """Return the invoice a request names, and what is wrong with the naming."""
    stored, given = find(tx, request), request.params["invoice_id"]
    if stored is None:
        words = f"no invoice {given} of this integration; sync it first if it was raised in Xero"
        return None, [("params.invoice_id", words)]
    return stored, _deal_problems(tx, request, stored.provenance.deal_id)


def _deal_problems(tx: Transaction, request: Request, deal_id: UUID | None) -> Problems:
    named_ = request.deal_id
    if named_ is None or named_ == deal_id:
        return []
    if deal_id is not None:
        return [("data.deal.id", f"the invoice is of another deal: {deal_id}")]
    if crm.find_deal(tx, request.workspace_id, named_) is None:
        return [("data.deal.id", f"no deal {named_} in this workspace")]
    return []


def check_void(tx: Transaction, request: Request) -> Problems:
    """Find what stands in the way of voiding, as far as the stored invoice tells."""
    stored, problems = check_named(tx, request)
    if stored is None:
        return problems
    return problems + editing.plain(void_problems(invoice_edits.standing_of(stored)))


# --- the plan -------------------------------------------------------------------------------------


def void_invoice(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """One call with the status that withdraws the invoice."""
    invoice = known["invoice"]
    if invoice is None:
        return Refuse(editing.gone(request.params["invoice_id"]))
    if not results:
        return Effect(editing.UPDATE.name, {"invoice_id": invoice["invoice_id"], "void": True})
    outcome = results[-1].outcome
    return Refuse(outcome) if isinstance(outcome, Rejected) else Done(dict(invoice))
