"""Edit Deal Product: a person sets a product's payment status."""

from starlette.responses import Response

from domain.access import Scope
from domain.payments.status import PaymentStatus
from infra.http.problems import HttpProblem
from workers.console import asking, rendering
from workers.console.deal_page import deal_of
from workers.console.deal_view import product_view
from workers.console.rendering import page
from workers.console.visit import Page, Visit


def edit_product(visit: Visit) -> Response:
    """Ask for a product's payment status."""
    return _product_dialog(visit, None)


def save_product(visit: Visit) -> Response:
    """Set a product's payment status by a person's hand."""
    body = {"payment_status": visit.form.one("payment_status")}
    try:
        asking.ask(visit, "correct_product", body=body)
    except HttpProblem as refused:
        problems = asking.problems_of(refused, body)
        return _product_dialog(visit, next(iter(problems.values()))[0], 422)
    return closed()


def _product_dialog(visit: Visit, problem: str | None, status: int = 200) -> Response:
    visit.caller.needs(Scope.INVOICES_READ)  # it shows the status, and what the line comes to
    deal = deal_of(visit)
    products = asking.ask(visit, "list_products").items
    found = next((one for one in products if one.id == visit.ids["product_id"]), None)
    if found is None:
        raise HttpProblem("not_found", "The deal has no such product.")
    shown_ = product_view(found, deal.currency or "")
    statuses = [one.value for one in PaymentStatus]
    return page(
        "dialog_product.html", visit, status,
        deal=deal, one=shown_, statuses=statuses, problem=problem, currency=deal.currency or "",
    )  # fmt: skip


def closed() -> Response:
    """Have the dialog closed and the page brought up to date."""
    told = {**rendering.HEADERS, "HX-Trigger": '{"closeDialog": true, "refreshPage": true}'}
    return Response(status_code=204, headers=told)


_ONE = "/deals/{deal_id:uuid}/products/{product_id:uuid}"
PAGES = (
    Page("GET", _ONE, edit_product, Scope.INVOICES_WRITE),
    Page("POST", _ONE, save_product, Scope.INVOICES_WRITE),
)
