"""What every dialog does: one key for one opened dialog, an action asked for, its progress shown.

A dialog's form carries the key it was opened with, so that sending it twice is asking once. The
answer is the action's progress, which asks again until it is final; a refusal then brings the form
back, filled in, each problem beside its field, under a new key: the next try is another request.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from domain.events import EventType
from infra.database import console, views
from infra.database.views import Row, Wanted
from infra.http import headers
from infra.http.problems import HttpProblem
from workers.api.endpoint import Accepted
from workers.console import asking, deal_page
from workers.console.asking import Problems
from workers.console.news_view import news
from workers.console.progress_view import progress
from workers.console.rendering import page
from workers.console.visit import Page, Visit
from workers.submit import action_id_for

KEY = "dialog_key"
NEWS_FOR = timedelta(seconds=8)
"""How long after its end an action's changes still come in: payment statuses follow by event."""
NEWS_MAX = 200
NEWS_OF = (
    EventType.INVOICE_CREATED,
    EventType.INVOICE_STATUS_CHANGED,
    EventType.PAYMENT_STATUS_CHANGED,
    EventType.PAYMENT_RECORDED,
    EventType.INVOICE_CYCLE_ENDED,
    EventType.INVOICE_AMOUNT_DIFFERS,
)

Again = Callable[[Visit, Mapping[str, Any], Problems], Response]
"""Shows a form again: what was asked for (as params), and what is wrong with it."""
AGAIN: dict[str, Again] = {}
"""By action type, what shows its form again after the platform refused it."""


def submitted(  # noqa: PLR0913 - what is asked for, and what shows it again
    visit: Visit,
    name: str,
    body: Mapping[str, Any],
    *,
    fields: Collection[str],
    again: Callable[[Problems], Response],
    ids: Mapping[str, UUID] | None = None,
) -> Response:
    """Ask for an action under the dialog's key, and show its progress; refused, the form again."""
    key = headers.idempotency_key(visit.form.one(KEY))
    try:
        answer = asking.ask(visit, name, ids, body=body, key=key)
    except HttpProblem as refused:
        if refused.kind != "conflict" or key is None:
            return again(asking.problems_of(refused, fields))
        # The dialog has been sent before, otherwise filled in: what came of that is what counts.
        answer = Accepted(action_id_for(visit.caller.workspace_id, key))
    return _shown(visit, answer.action_id, whole=True)


def show_progress(visit: Visit) -> Response:
    """Show how far an action is: a part while it runs, the whole dialog when it has ended."""
    return _shown(visit, visit.ids["action_id"], whole=visit.query.has("whole"))


def _shown(visit: Visit, action_id: UUID, *, whole: bool) -> Response:
    row = _row(visit, action_id)
    one = progress(row, visit.fleet.now(), sees_money=visit.caller.sees_money)
    given = {"one": one, "deal_id": visit.ids["deal_id"]}
    if not one.is_final or row["status"] == "parked":
        template = "dialog_progress.html" if whole else "progress.html"
        return page(template, visit, **given)
    told = {} if whole else {"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"}
    again = AGAIN.get(row["action_type"])
    if row["status"] == "rejected" and again and visit.visitor.may(Scope.INVOICES_WRITE):
        answer = again(visit, row["params"], _refusal(row))
        answer.headers.update(told)
        return answer
    result = row["result"] if visit.caller.sees_money else None
    return page("dialog_done.html", visit, 200, told, **given, result=result or {}, **_news(visit, row))


def _row(visit: Visit, action_id: UUID) -> Row:
    """Return an action of the deal of the address.

    Raises:
        HttpProblem: there is none.
    """
    wanted = Wanted(workspace=visit.caller.workspace_id, ids=[action_id], limit=1)
    with visit.fleet.database.reading() as tx:
        rows = views.actions(tx, wanted)
    if not rows or not _belongs(visit, rows[0]):
        raise HttpProblem("not_found", "There is no such action on this deal.")
    return rows[0]


def _belongs(visit: Visit, row: Row) -> bool:
    deal_id = visit.ids["deal_id"]
    if row["deal_id"] == deal_id:
        return True
    # About an invoice raised in Xero, which belongs to no deal and is listed on this one.
    named = row["params"].get("invoice_id")
    if row["deal_id"] is not None or named is None or not visit.caller.sees_money:
        return False
    shown, _ = deal_page.invoices_of(visit, visit.fleet.now().date())
    return named in {str(one.id) for one in shown}


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


def _news(visit: Visit, row: Row) -> dict[str, Any]:
    """Return what has changed since the action began, and whether more may still come in."""
    deal_id, now = visit.ids["deal_id"], visit.fleet.now()
    if not visit.caller.sees_money:
        return {"changes": [], "more": False}
    products = asking.ask(visit, "list_products").items
    with visit.fleet.database.reading() as tx:
        told = console.news_of(
            tx, visit.caller.workspace_id, deal_id, row["created_at"], NEWS_OF, NEWS_MAX
        )
    names = {str(one.id): one.name for one in products}
    ended = row["finished_at"] or now
    return {"changes": news(told, names), "more": now - ended < NEWS_FOR}


def show_news(visit: Visit) -> Response:
    """Show what an action has changed so far."""
    row = _row(visit, visit.ids["action_id"])
    given = {"deal_id": visit.ids["deal_id"], "action_id": row["id"]}
    return page("news.html", visit, **given, **_news(visit, row))


def done(visit: Visit, title: str, words: str) -> Response:
    """Say that something is done which is no action."""
    told = {"HX-Trigger": '{"refreshPage": true}'}
    return page("dialog_said.html", visit, 200, told, title=title, words=words)


_ONE = "/deals/{deal_id:uuid}/progress/{action_id:uuid}"
PAGES = (
    Page("GET", _ONE, show_progress, Scope.INTEGRATIONS_READ),
    Page("GET", _ONE + "/news", show_news, Scope.INTEGRATIONS_READ),
)
