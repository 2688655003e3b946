"""The list of a workspace's deals."""

from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from domain.payments.status import PaymentStatus
from infra.database import console
from infra.database.console import Place
from workers.console.rendering import page
from workers.console.visit import Page, Visit

DEALS_A_PAGE = 50
SAID_CHARACTERS_MAX = 100


def list_deals(visit: Visit) -> Response:
    """Show the workspace's deals."""
    said = visit.query.one("q")[:SAID_CHARACTERS_MAX]
    after = _place(visit)
    with visit.fleet.database.reading() as tx:
        rows = console.deals(tx, visit.caller.workspace_id, said, after, DEALS_A_PAGE + 1)
    shown = rows[:DEALS_A_PAGE]
    for row in shown:
        amounts = {} if row["outstanding"] is None else row["outstanding"]
        row["outstanding"] = [(amount, code) for code, amount in sorted(amounts.items())]
        counts = row["products"] or {}
        row["products"] = [
            (one.value, counts[one.value]) for one in PaymentStatus if one.value in counts
        ]
    last = shown[-1] if len(rows) > len(shown) else None
    template = "deals_rows.html" if visit.is_part else "deals.html"
    return page(template, visit, deals=shown, said=said, last=last)


def _place(visit: Visit) -> Place | None:
    try:
        return Place(visit.query.one("after_name"), UUID(visit.query.one("after_id")))
    except ValueError:
        return None


PAGES = (Page("GET", "/deals", list_deals, Scope.INTEGRATIONS_READ),)
