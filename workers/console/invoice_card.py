"""An invoice's card: open and edit it, Mark as Paid, Void."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from domain.invoices.portions import Portion
from domain.invoices.xero_status import TRANSITIONS, InvoiceStatus, void_target
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers.console import asking, dialogs
from workers.console.asking import Problems
from workers.console.deal_page import deal_of, invoice_of, organisations_of
from workers.console.deal_view import InvoiceView
from workers.console.rendering import page
from workers.console.visit import Form, Page, Visit

READ, WRITE = Scope.INVOICES_READ, Scope.INVOICES_WRITE
EDITED = ("status", "due_date", "reference", "portion")
PAID = ("date", "bank_account_id", "amount")
_THOUSANDS = re.compile(r",(?=[0-9]{3}(?:[^0-9]|$))")


def invoice_at(visit: Visit, row: Row | None = None) -> tuple[InvoiceView, dt.date]:
    """Return the invoice a dialog is about, and the organisation's date."""
    deal = deal_of(visit)
    organisations = organisations_of(visit, deal)
    today = organisations[0].today if organisations else visit.fleet.now().date()
    if row is not None:
        visit = _about(visit, row)
    found = invoice_of(visit, today)
    own = [one for one in organisations if one.id == found.invoice.integration_id]
    return found, own[0].today if own else today


def _about(visit: Visit, row: Row) -> Visit:
    """Return the visit as one to the invoice an action is about."""
    return replace(visit, ids={**visit.ids, "invoice_id": UUID(row["params"]["invoice_id"])})


# --- open, edit -----------------------------------------------------------------------------------


def show_invoice(visit: Visit) -> Response:
    """Show an invoice, with what may be changed of it."""
    found, _ = invoice_at(visit)
    return _card(visit, found, _as_it_is(found), {})


def edit_invoice(visit: Visit) -> Response:
    """Have what is different now changed in Xero; the label is ours."""
    found, _ = invoice_at(visit)
    before, form = _as_it_is(found), visit.form
    changed = {n: form.one(n) for n in EDITED if form.has(n) and form.one(n) != before.one(n)}

    def again(problems: Problems) -> Response:
        return _card(visit, found, form, problems, status=422)

    return dialogs.submitted(
        visit, "update_invoice", changed, ids=ids_of(found), fields=EDITED, again=again
    )


def edit_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show an invoice whose change was refused."""
    found, _ = invoice_at(visit, row)
    asked = {n: (str(row["params"][n]),) for n in EDITED if row["params"].get(n) is not None}
    return _card(visit, found, Form({**_as_it_is(found).values, **asked}), problems)


def _as_it_is(found: InvoiceView) -> Form:
    it = found.invoice
    return Form(
        {
            "status": (it.status,),
            "due_date": (it.due_date.isoformat() if it.due_date else "",),
            "reference": (it.reference or "",),
            "portion": (it.portion or "",),
        }
    )


def _card(
    visit: Visit, found: InvoiceView, form: Form, problems: Problems, status: int = 200
) -> Response:
    now = InvoiceStatus(found.invoice.status)
    statuses = [
        one for one in InvoiceStatus if one is now or (one in TRANSITIONS[now] and one.is_live)
    ]
    return page(
        "dialog_card.html", visit, status,
        deal_id=visit.ids["deal_id"], one=found, it=found.invoice, form=form, problems=problems,
        statuses=[one.value for one in statuses], portions=[one.value for one in Portion],
        key=dialogs.key_of(visit), can_write=visit.visitor.may(WRITE),
    )  # fmt: skip


def ids_of(found: InvoiceView) -> Mapping[str, Any]:
    """Return the ids of an address of the API's that is about the invoice."""
    return {"invoice_id": found.id}


# --- Mark as Paid ---------------------------------------------------------------------------------


def ask_payment(visit: Visit) -> Response:
    """Ask for a payment's date, bank account and amount: today, the last one used, what is due."""
    found, today = invoice_at(visit)
    return _payment(visit, found, Form({"date": (today.isoformat(),)}), {})


def recount_payment(visit: Visit) -> Response:
    """Show what would be recorded, and what would stay due, with the amount as typed by now."""
    found, _ = invoice_at(visit)
    counted = _counted(found, visit.form)
    return page("pay_button.html", visit, it=found.invoice, **counted, part=True)


def record_payment(visit: Visit) -> Response:
    """Record the payment of what is due, or of a part of it."""
    found, _ = invoice_at(visit)
    form = visit.form
    body = {name: form.one(name) for name in PAID if form.one(name)}
    body["amount"] = _THOUSANDS.sub("", form.one("amount")) or f"{found.invoice.amount_due:f}"

    def again(problems: Problems) -> Response:
        return _payment(visit, found, form, problems, status=422)

    return dialogs.submitted(
        visit, "record_payment", body, ids=ids_of(found), fields=PAID, again=again
    )


def payment_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show the dialog of a payment that was refused, with Xero's words."""
    found, _ = invoice_at(visit, row)
    asked = Form({n: (str(row["params"][n]),) for n in PAID if row["params"].get(n)})
    return _payment(visit, found, asked, problems)


def _counted(found: InvoiceView, form: Form) -> dict[str, Any]:
    """Return the amount typed (None: no amount) and what stays due after it (None: nothing)."""
    due = found.invoice.amount_due or Decimal(0)
    try:
        amount = Decimal(_THOUSANDS.sub("", form.one("amount").strip()) or due)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not Decimal(0) < amount <= due:
        return {"amount": None, "left": None}
    return {"amount": amount, "left": due - amount or None}


def _payment(
    visit: Visit, found: InvoiceView, form: Form, problems: Problems, status: int = 200
) -> Response:
    accounts, last = None, None
    try:
        told = asking.ask(visit, "list_bank_accounts", ids_of(found))
        accounts, last = told.items, told.last_used
    except HttpProblem as refused:
        if refused.kind != "unavailable":
            raise
    return page(
        "dialog_pay.html", visit, status,
        deal_id=visit.ids["deal_id"], one=found, it=found.invoice, form=form, problems=problems,
        accounts=accounts, account=form.one("bank_account_id") or last or "",
        key=dialogs.key_of(visit), **_counted(found, form), part=False,
    )  # fmt: skip


# --- Void -----------------------------------------------------------------------------------------


def ask_void(visit: Visit) -> Response:
    """Ask whether the invoice is to be withdrawn."""
    found, _ = invoice_at(visit)
    return _void(visit, found, {})


def void_invoice(visit: Visit) -> Response:
    """Have the invoice voided, or deleted where it is not approved yet."""
    found, _ = invoice_at(visit)

    def again(problems: Problems) -> Response:
        return _void(visit, found, problems, status=422)

    return dialogs.submitted(visit, "void_invoice", {}, ids=ids_of(found), fields=(), again=again)


def void_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show the dialog of a void that was refused."""
    found, _ = invoice_at(visit, row)
    return _void(visit, found, problems)


def _void(visit: Visit, found: InvoiceView, problems: Problems, status: int = 200) -> Response:
    target = void_target(InvoiceStatus(found.invoice.status))
    return page(
        "dialog_void.html", visit, status,
        deal_id=visit.ids["deal_id"], one=found, it=found.invoice, problems=problems,
        target=target.value if target else "", key=dialogs.key_of(visit),
    )  # fmt: skip


_ONE = "/deals/{deal_id:uuid}/invoices/{invoice_id:uuid}"
PAGES = (
    Page("GET", _ONE, show_invoice, READ),
    Page("POST", _ONE, edit_invoice, WRITE),
    Page("GET", _ONE + "/pay", ask_payment, WRITE, asks_platform=True),
    Page("POST", _ONE + "/pay/amount", recount_payment, WRITE),
    Page("POST", _ONE + "/pay", record_payment, WRITE, asks_platform=True),
    Page("GET", _ONE + "/void", ask_void, WRITE),
    Page("POST", _ONE + "/void", void_invoice, WRITE),
)
AGAIN: Mapping[str, dialogs.Again] = {
    "xero_update_invoice": edit_again,
    "xero_record_payment": payment_again,
    "xero_void_invoice": void_again,
}
