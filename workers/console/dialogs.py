"""What every dialog does: one key for one opened dialog, an action asked for, its progress shown.

A dialog's form carries the key it was opened with, so that sending it twice is asking once. The
answer is the action's progress (`progress_page.py`).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from infra.database import views
from infra.database.views import Row
from infra.http import headers
from infra.http.problems import HttpProblem
from workers.api.endpoint import Accepted
from workers.console import asking, deal_page
from workers.console.asking import Problems
from workers.console.progress_view import progress
from workers.console.rendering import page
from workers.console.sessions import new_key
from workers.console.visit import Visit
from workers.submit import action_id_for

KEY = "dialog_key"
REFRESH = {"HX-Trigger": "refreshPage"}
"""Has the page behind the dialog brought up to date."""
Again = Callable[[Visit, Row, Problems], Response]
"""Shows a form again: the action as it was refused, and what is wrong with what it asked for."""


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
    row = action_of(visit, answer.action_id)
    one = progress(row, visit.fleet.now(), sees_money=visit.caller.sees_money)
    return page(
        "dialog_progress.html", visit, headers=REFRESH, one=one, deal_id=visit.ids["deal_id"]
    )


def key_of(visit: Visit) -> str:
    """Return the dialog's key: the one its form carries, else a new one."""
    return visit.form.one(KEY) or new_key()


def action_of(visit: Visit, action_id: UUID) -> Row:
    """Return an action of the deal of the address.

    Raises:
        HttpProblem: there is none.
    """
    with visit.fleet.database.reading() as tx:
        row = views.action(tx, action_id, visit.caller.workspace_id)
    if row is None or not _belongs(visit, row):
        raise HttpProblem("not_found", "There is no such action on this deal.")
    return row


def _belongs(visit: Visit, row: Row) -> bool:
    if row["deal_id"] == visit.ids["deal_id"]:
        return True
    # About an invoice raised in Xero, which belongs to no deal and is listed on this one.
    named = row["params"].get("invoice_id")
    if row["deal_id"] is not None or named is None or not visit.caller.sees_money:
        return False
    shown, _ = deal_page.invoices_of(visit, visit.fleet.now().date())
    return named in {str(one.id) for one in shown}


def done(visit: Visit, title: str, words: str) -> Response:
    """Say that something is done which is no action."""
    return page("dialog_said.html", visit, headers=REFRESH, title=title, words=words)
