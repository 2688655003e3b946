"""Endpoints over invoices that stand: look, change, pay, void, send."""

from collections.abc import Callable, Sequence

from domain.access import Scope
from infra.database import named_invoices
from infra.database.views import Row
from infra.http.problems import HttpProblem
from infra.platforms.xero import bank_accounts
from workers import reading
from workers.api import submitting
from workers.api.endpoint import Accepted, Asked, Endpoint, ParamsBody
from workers.api.shapes import Action, BankAccounts, Invoice, shown_invoice

UPDATE, PAY = "xero_update_invoice", "xero_record_payment"
VOID, SEND = "xero_void_invoice", "xero_email_invoice"
OF_ADDRESS = frozenset({"invoice_id"})


def invoice_of(asked: Asked) -> Row:
    """Return the invoice of the address, by our id or Xero's.

    Raises:
        HttpProblem: the workspace has no such invoice.
    """
    invoice_id = asked.ids["invoice_id"]
    with asked.fleet.database.reading() as tx:
        found = named_invoices.in_workspace(tx, asked.workspace_id, invoice_id)
    if found is None:
        raise HttpProblem("not_found", f"there is no invoice {invoice_id} in this workspace")
    return found


def get_invoice(asked: Asked) -> Invoice:
    """Return one invoice as it was last seen."""
    return shown_invoice(invoice_of(asked))


def _submits(action_type: str) -> Callable[[Asked], Accepted]:
    """Return what submits an action about the invoice of the address."""

    def handle(asked: Asked) -> Accepted:
        found = invoice_of(asked)
        params = {**asked.body, "invoice_id": str(asked.ids["invoice_id"])}
        return submitting.params_submitted(
            asked, action_type, found["integration_id"], params, found["deal_id"]
        )

    return handle


def list_bank_accounts(asked: Asked) -> BankAccounts:
    """Return where a payment of the invoice may be recorded to."""
    fleet, integration_id = asked.fleet, invoice_of(asked)["integration_id"]
    found = reading.ask(
        fleet,
        integration_id,
        "xero_bank_accounts",
        {},
        asked_by=asked.caller.who,
        workspace_id=asked.workspace_id,
    )
    with fleet.database.reading() as tx:
        last = bank_accounts.last_used(tx, integration_id, fleet.now())
    items = [dict(one) for one in found.items]
    return BankAccounts(items, found.more, found.read_at, found.stale, last)


_ONE = "/invoices/{invoice_id:uuid}"
READ, WRITE = Scope.INVOICES_READ, Scope.INVOICES_WRITE


def _writes(method: str, path: str, name: str, action_type: str, summary: str) -> Endpoint:
    body = ParamsBody((action_type,), OF_ADDRESS)
    handle = _submits(action_type)
    return Endpoint(
        method, path, name, WRITE, handle, summary, Action, body=body, errors=("conflict",)
    )


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET", _ONE, "get_invoice", READ, get_invoice,
        "Show an invoice, by our id or Xero's", Invoice,
    ),
    _writes(
        "PATCH", _ONE, "update_invoice", UPDATE,
        "Change an invoice's status, due date or reference in Xero, or its label here",
    ),
    _writes("POST", _ONE + "/payments", "record_payment", PAY, "Record a payment (Mark as Paid)"),
    _writes("POST", _ONE + "/void", "void_invoice", VOID, "Void an invoice, or delete a draft"),
    _writes("POST", _ONE + "/send", "send_invoice", SEND, "Email an invoice that stands"),
    Endpoint(
        "GET", _ONE + "/bank-accounts", "list_bank_accounts", READ, list_bank_accounts,
        "List the bank accounts a payment may be recorded to", BankAccounts, asks_platform=True,
        errors=("unavailable",),
    ),
)  # fmt: skip
