"""Actions → Sync Invoices: the latest of a deal's invoices from Xero, and what changed."""

from starlette.responses import Response

from domain.access import Scope
from infra.http.problems import HttpProblem
from workers.console import dialogs
from workers.console.asking import Problems
from workers.console.deal_page import deal_of, organisations_of
from workers.console.rendering import page
from workers.console.sessions import new_key
from workers.console.visit import Page, Visit


def ask_sync(visit: Visit) -> Response:
    """Open the dialog, which asks for the sync by itself where there is one organisation."""
    return _dialog(visit, {})


def sync(visit: Visit) -> Response:
    """Ask for a sync of the deal's invoices."""
    said = visit.form.one("integration_id")

    def again(problems: Problems) -> Response:
        return _dialog(visit, problems, 422)

    body = {"integration_id": said} if said else {}
    return dialogs.submitted(visit, "sync_invoices", body, fields=(), again=again)


def _dialog(visit: Visit, problems: Problems, status: int = 200) -> Response:
    organisations = organisations_of(visit, deal_of(visit))
    if not organisations:
        raise HttpProblem("not_possible", "Xero is not connected in this workspace.")
    return page(
        "dialog_sync.html", visit, status,
        deal_id=visit.ids["deal_id"], organisations=organisations, key=new_key(),
        problems=problems,
    )  # fmt: skip


_DEAL = "/deals/{deal_id:uuid}/invoices/sync"
PAGES = (
    Page("GET", _DEAL, ask_sync, Scope.INVOICES_WRITE),
    Page("POST", _DEAL, sync, Scope.INVOICES_WRITE),
)
