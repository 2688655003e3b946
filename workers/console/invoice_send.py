"""Send Invoice: an invoice that stands is emailed, by Xero or by the workspace's own sender."""

from collections.abc import Mapping

from starlette.responses import Response

from domain.access import Scope
from infra.database.views import Row
from workers.console import dialogs
from workers.console.asking import Problems
from workers.console.deal_page import correspondents, deal_of
from workers.console.deal_view import InvoiceView
from workers.console.invoice_card import ids_of, invoice_at
from workers.console.invoice_form import EMAIL, EMAIL_DEFAULTS, email_of, form_of
from workers.console.rendering import page
from workers.console.visit import Form, Page, Visit

WRITE = Scope.INVOICES_WRITE
SENT = (*EMAIL, "invoice_id")
_DEFAULTS = {**EMAIL_DEFAULTS, "email_mode": ("xero",)}


def ask_send(visit: Visit) -> Response:
    """Ask how the invoice is to be emailed."""
    found, _ = invoice_at(visit)
    return _send(visit, found, Form(_DEFAULTS), {})


def send_invoice(visit: Visit) -> Response:
    """Have the invoice emailed."""
    found, _ = invoice_at(visit)
    form = visit.form

    def again(problems: Problems) -> Response:
        return _send(visit, found, form, problems, status=422)

    return dialogs.submitted(
        visit, "send_invoice", email_of(form), ids=ids_of(found), fields=SENT, again=again
    )


def send_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show the dialog of an email that was refused."""
    found, _ = invoice_at(visit, row)
    asked = form_of(row["params"], row["integration_id"])
    return _send(visit, found, Form({**_DEFAULTS, **asked.values}), problems)


def _send(
    visit: Visit, found: InvoiceView, form: Form, problems: Problems, status: int = 200
) -> Response:
    deal = deal_of(visit)
    return page(
        "dialog_send.html", visit, status,
        deal_id=deal.id, one=found, it=found.invoice, form=form, problems=problems,
        **correspondents(visit, deal), key=dialogs.key_of(visit),
    )  # fmt: skip


_ONE = "/deals/{deal_id:uuid}/invoices/{invoice_id:uuid}/send"
PAGES = (Page("GET", _ONE, ask_send, WRITE), Page("POST", _ONE, send_invoice, WRITE))
AGAIN: Mapping[str, dialogs.Again] = {"xero_email_invoice": send_again}
