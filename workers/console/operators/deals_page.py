"""A deal's payment statuses: what each product stands at, and every change of it, by whom."""

from starlette.responses import Response

from infra.database import meanings, views
from infra.http.problems import HttpProblem
from workers.console.operators.action_query import CHARACTERS_MAX
from workers.console.operators.operating import looking, operators, reach, shown
from workers.console.visit import Visit
from workers.deal_products import products_of


def find_deals(visit: Visit) -> Response:
    """Show the deals that somebody may mean."""
    said, workspace = visit.query.one("q")[:CHARACTERS_MAX], reach(visit)
    with looking(visit) as tx:
        ids = meanings.deals_meant(tx, workspace, said) if said else []
        rows = meanings.deals(tx, workspace, ids)
    most = meanings.MEANT_MAX
    return shown(visit, "deals.html", "deals", said=said, deals=rows, is_cut=len(ids) == most)


def show_deal(visit: Visit) -> Response:
    """Show one deal's products, invoices and history."""
    deal_id = visit.ids["deal_id"]
    with looking(visit) as tx:
        found = meanings.deals(tx, reach(visit), [deal_id])
        if not found:
            raise HttpProblem("not_found", "There is no such deal.")
        deal = found[0]
        products = products_of(tx, deal_id, deal["currency"])
        invoices, history = views.deal_invoices(tx, deal_id), views.deal_history(tx, deal_id)
    return shown(
        visit, "deal.html", "deals",
        deal=deal, products=products, invoices=invoices, history=list(reversed(history)),
    )  # fmt: skip


PAGES = (
    operators("GET", "/deals", find_deals),
    operators("GET", "/deals/{deal_id:uuid}", show_deal),
)
