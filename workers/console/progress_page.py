"""How far an action is: asked for again until it is final, then what came of it.

A refusal brings the form back, filled in, each problem beside its field, under a new key: the next
try is another request.
"""

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from domain.access import Scope
from infra.database import console
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers.console import asking, contact, invoice_card, invoice_new, invoice_send
from workers.console.asking import Problems
from workers.console.dialogs import Again, action_of
from workers.console.news_view import CHANGES, Change, news
from workers.console.progress_view import progress
from workers.console.rendering import page
from workers.console.visit import Page, Visit

_MODULES = (contact, invoice_new, invoice_card, invoice_send)
AGAIN: Mapping[str, Again] = {name: one for each in _MODULES for name, one in each.AGAIN.items()}
"""By action type, what shows its form again after the platform refused it."""
NEWS_FOR = timedelta(seconds=8)
"""How long after its end an action's changes still come in: payment statuses follow by event."""
NEWS_MAX = 200


def show_progress(visit: Visit) -> Response:
    """Show how far an action is: a part while it runs, the whole dialog when it has ended."""
    row = action_of(visit, visit.ids["action_id"])
    one = progress(row, visit.fleet.now(), sees_money=visit.caller.sees_money)
    deal_id = visit.ids["deal_id"]
    if not one.is_final or one.state == "parked":
        return page("progress.html", visit, one=one, deal_id=deal_id)
    told = {"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"}
    if one.state == "rejected" and _may_try_again(visit, row):
        return page("dialog_again.html", visit, headers=told, one=one, deal_id=deal_id)
    result = (row["result"] if visit.caller.sees_money else None) or {}
    changes, more = _news(visit, row)
    return page(
        "dialog_done.html", visit, headers=told,
        one=one, deal_id=deal_id, result=result, changes=changes, more=more,
    )  # fmt: skip


def _may_try_again(visit: Visit, row: Row) -> bool:
    return row["action_type"] in AGAIN and visit.visitor.may(Scope.INVOICES_WRITE)


def show_again(visit: Visit) -> Response:
    """Show the form of a refused action again, under a new key."""
    row = action_of(visit, visit.ids["action_id"])
    if row["status"] != "rejected" or row["action_type"] not in AGAIN:
        raise HttpProblem("not_found", "This action was not refused.")
    return AGAIN[row["action_type"]](visit, row, _refusal(row))


def _refusal(row: Row) -> Problems:
    """Return what the platform (or we) said against it: its own words first."""
    error = row["error"] or {}
    fields = set(row["params"]) | _FIELDS
    details = error.get("details") or {}
    listed = error.get("problems") or details.get("problems") or []
    named = [(str(p.get("field") or ""), str(p.get("problem") or "")) for p in listed]
    message = str(error.get("message") or row["status_reason"] or "It was refused.")
    return asking.by_field(named or [("", message)], fields)


_FIELDS = frozenset({
    "account_code", "tax_type", "due_date", "reference", "status", "bank_account_id", "date",
    "deal_product_ids", "email_recipient", "email_recipient_contact_id", "email_recipient_source",
    "email_subject", "email_body", "email_mode", "schedule_period", "schedule_unit",
})  # fmt: skip


def _news(visit: Visit, row: Row) -> tuple[list[Change], bool]:
    """Return what has changed since the action began, and whether more may still come in."""
    deal_id, now = visit.ids["deal_id"], visit.fleet.now()
    if not visit.caller.sees_money:
        return [], False
    products = asking.ask(visit, "list_products").items
    with visit.fleet.database.reading() as tx:
        told = console.news_of(
            tx, visit.caller.workspace_id, deal_id, row["created_at"], tuple(CHANGES), NEWS_MAX
        )
    names = {str(one.id): one.name for one in products}
    return news(told, names), now - (row["finished_at"] or now) < NEWS_FOR


def show_news(visit: Visit) -> Response:
    """Show what an action has changed so far."""
    row = action_of(visit, visit.ids["action_id"])
    changes, more = _news(visit, row)
    return page(
        "news.html", visit,
        deal_id=visit.ids["deal_id"], action_id=row["id"], changes=changes, more=more,
    )  # fmt: skip


_ONE = "/deals/{deal_id:uuid}/progress/{action_id:uuid}"
PAGES = (
    Page("GET", _ONE, show_progress, Scope.INTEGRATIONS_READ),
    Page("GET", _ONE + "/again", show_again, Scope.INVOICES_WRITE, asks_platform=True),
    Page("GET", _ONE + "/news", show_news, Scope.INTEGRATIONS_READ),
)
