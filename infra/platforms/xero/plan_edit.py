"""The plans of `xero_update_invoice` and `xero_void_invoice`, and what is checked beforehand."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.invoices.editing import edit_problems, void_problems
from domain.invoices.refusal import Problem
from infra.database import invoice_edits
from infra.database.engine import Transaction
from infra.database.invoices import StoredInvoice
from infra.database.named_invoices import named
from infra.platform import Integration
from infra.platforms.xero import editing
from infra.platforms.xero.shown import invoice_json

Problems = list[tuple[str, str]]

CHANGES = ("status", "due_date", "reference", "portion")
"""What a request may change; the portion is a label of ours and never sent."""


def known_invoice(tx: Transaction, request: Request, _integration: Integration) -> Known:
    """Return the invoice as stored (`invoice`), None when it is not."""
    stored = _stored(tx, request)
    return {"invoice": None if stored is None else invoice_json(stored)}


def _stored(tx: Transaction, request: Request) -> StoredInvoice | None:
    given = UUID(request.params["invoice_id"])
    return named(tx, request.integration_id, given)


# --- checks at intake -----------------------------------------------------------------------------


def check_named(tx: Transaction, request: Request) -> tuple[StoredInvoice | None, Problems]:
    """Return the invoice a request names, and what is wrong with the naming."""
    stored, given = _stored(tx, request), request.params["invoice_id"]
    if stored is None:
        words = f"no invoice {given} of this integration; sync it first if it was raised in Xero"
        return None, [("params.invoice_id", words)]
    deal_id = stored.provenance.deal_id
    if None not in {deal_id, request.deal_id} and deal_id != request.deal_id:
        return stored, [("data.deal.id", f"the invoice is of another deal: {deal_id}")]
    return stored, []


def plain(problems: tuple[Problem, ...]) -> Problems:
    """Return problems as intake wants them."""
    return [(one.path, one.message) for one in problems]


def check_update(tx: Transaction, request: Request) -> Problems:
    """Find what stands in the way of an update, as far as the stored invoice tells."""
    stored, problems = check_named(tx, request)
    problems += _idle(request.params)
    if stored is None:
        return problems
    edit = editing.edit_from(request.params)
    return problems + plain(edit_problems(invoice_edits.standing_of(stored), edit))


def _idle(params: JsonObject) -> Iterator[tuple[str, str]]:
    if not any(name in params for name in CHANGES):
        yield "params", f"nothing to change: give one of {', '.join(CHANGES)}"


def check_void(tx: Transaction, request: Request) -> Problems:
    """Find what stands in the way of voiding, as far as the stored invoice tells."""
    stored, problems = check_named(tx, request)
    if stored is None:
        return problems
    return problems + plain(void_problems(invoice_edits.standing_of(stored)))


# --- the plans ------------------------------------------------------------------------------------


def update_invoice(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """One call with the fields that change."""
    wanted = {name: request.params[name] for name in CHANGES if name in request.params}
    return _edited(request, known, results, wanted)


def void_invoice(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """One call with the status that withdraws the invoice."""
    return _edited(request, known, results, {"void": True})


def _edited(
    request: Request, known: Known, results: tuple[Result, ...], wanted: dict[str, Any]
) -> Step:
    invoice = known["invoice"]
    if invoice is None:
        return Refuse(editing.gone(request.params["invoice_id"]))
    tried = [one.outcome for one in results if one.name == editing.UPDATE.name]
    if not tried:
        return Effect(editing.UPDATE.name, {"invoice_id": invoice["invoice_id"], **wanted})
    outcome = tried[-1]
    return Refuse(outcome) if isinstance(outcome, Rejected) else Done(dict(invoice))
