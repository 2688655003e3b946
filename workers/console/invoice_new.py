"""Actions → Send Invoice: the Create Invoice dialog, one-off and ongoing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from domain.invoices.portions import USAGE_BASED, Portion
from infra.database.crm import DealFacts
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers.api.shapes import Product
from workers.console import asking, dialogs
from workers.console.asking import Problems
from workers.console.deal_page import Xero, correspondents, deal_of, organisations_of, party_of
from workers.console.draft_view import PORTIONS, first_day, lines_of, nothing_chosen
from workers.console.invoice_form import (
    EMAIL,
    EMAIL_DEFAULTS,
    FIELDS,
    body_of,
    form_of,
    portion_of,
    preview_query,
    repeating_body_of,
)
from workers.console.rendering import page
from workers.console.visit import Form, Page, Visit
from workers.preview import Preview

WRITE = Scope.INVOICES_WRITE
NOTHING_TICKED = "Tick at least one product."
_DEFAULTS = {
    "status": ("AUTHORISED",),
    **EMAIL_DEFAULTS,
    "schedule_unit": ("MONTHLY",),
    "schedule_period": ("1",),
    "approve_for_sending": ("true",),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the dialog stands on: the deal, its products, and the organisation chosen."""

    deal: DealFacts
    products: Sequence[Product]
    organisations: Sequence[Xero]
    chosen: Xero


def ask_for_invoice(visit: Visit) -> Response:
    """Open the dialog."""
    return _dialog(visit, _filled(visit.query), None, {})


def choose_portion(visit: Visit) -> Response:
    """Show the dialog for another portion: its own defaults tick the lines."""
    return _dialog(visit, _filled(visit.form), None, {})


def recount(visit: Visit) -> Response:
    """Show lines and totals as they are with what is ticked now."""
    found, form = _setting(visit, visit.form), visit.form
    return page("invoice_lines.html", visit, **_draft(visit, found, form, _ticked(form)), part=True)


def create_invoice(visit: Visit) -> Response:
    """Ask for the invoice."""
    found, form = _setting(visit, visit.form), visit.form
    ticked = _ticked(form)
    if not ticked:
        return _dialog(visit, form, ticked, {}, status=422)
    if portion_of(form) is Portion.ONGOING:
        by_use = _by_use(found, ticked)
        body = repeating_body_of(form, ticked, found.chosen.contact_id, by_use=by_use)
    else:
        body = body_of(form, ticked)

    def again(problems: Problems) -> Response:
        return _dialog(visit, form, ticked, problems, status=422)

    return dialogs.submitted(visit, "create_invoice", body, fields=FIELDS, again=again)


def invoice_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show the dialog of an invoice that was refused."""
    form = form_of(row["params"], row["integration_id"])
    return _dialog(visit, _filled(form), form.all("deal_product_ids"), problems)


def _filled(form: Form) -> Form:
    """Return a form with the defaults of what it does not have: each portion has its own fields."""
    emails = form.has("email_mode")  # an empty checkbox is not sent
    needed = {n: v for n, v in _DEFAULTS.items() if not (emails and n in EMAIL)}
    return Form({**needed, **form.values})


def _ticked(form: Form) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form.all("deal_product_ids")))


def _by_use(found: Setting, ticked: Sequence[str]) -> bool:
    named = set(ticked)
    return any(str(one.id) in named and one.category == USAGE_BASED for one in found.products)


def _setting(visit: Visit, form: Form) -> Setting:
    deal = deal_of(visit)
    organisations = organisations_of(visit, deal)
    if not organisations:
        raise HttpProblem("not_possible", "Xero is not connected in this workspace.")
    said = form.one("integration_id")
    chosen = next((one for one in organisations if str(one.id) == said), organisations[0])
    products = asking.ask(visit, "list_products").items
    return Setting(deal, products, organisations, chosen)


def _dialog(
    visit: Visit,
    form: Form,
    ticked: Sequence[str] | None,
    problems: Problems,
    *,
    status: int = 200,
) -> Response:
    found = _setting(visit, form)
    return page(
        "dialog_invoice.html", visit, status,
        **_draft(visit, found, form, ticked, problems),
        key=dialogs.key_of(visit),
        portions=PORTIONS,
        organisations=found.organisations,
        accounts=_looked_up(visit, found.chosen.id, "xero_accounts"),
        tax_rates=_looked_up(visit, found.chosen.id, "xero_tax_rates"),
        party=party_of(visit, found.deal),
        **correspondents(visit, found.deal),
        part=False,
    )  # fmt: skip


def _draft(
    visit: Visit,
    found: Setting,
    form: Form,
    ticked: Sequence[str] | None,
    problems: Problems | None = None,
) -> dict[str, Any]:
    """Return the lines and totals, and everything that is wrong with the form as it stands."""
    values = Form({**form.values, "integration_id": (str(found.chosen.id),)})
    wrong = {name: list(words) for name, words in (problems or {}).items()}
    preview = _preview(visit, values, ticked, wrong, by_use=_by_use(found, ticked or ()))
    if problems is None or not problems:
        path_words = [(one.path, one.message) for one in preview.problems]
        for name, words in asking.by_field(path_words, FIELDS).items():
            wrong.setdefault(name, []).extend(words)
    lines = lines_of(preview, found.products, ticked)
    if ticked is not None and not ticked:
        wrong["deal_product_ids"] = [NOTHING_TICKED]
    elif not any(one.checked for one in lines):
        wrong["deal_product_ids"] = [nothing_chosen(preview.portion, lines)]
    day = first_day(found.chosen.today, form.one("schedule_unit"), form.one("schedule_period"))
    return {
        "deal": found.deal,
        "chosen": found.chosen,
        "form": values,
        "portion": preview.portion.value,
        "preview": preview,
        "lines": lines,
        "is_empty": not any(one.checked for one in lines),
        "problems": wrong,
        "first_day": day,
    }


def _preview(
    visit: Visit, form: Form, ticked: Sequence[str] | None, wrong: Problems, *, by_use: bool
) -> Preview:
    """Return the preview; fields that are refused are noted in `wrong` and left out."""
    query = preview_query(form, ticked, by_use=by_use)
    try:
        made: Preview = asking.ask(visit, "preview_invoice", query=query)
    except HttpProblem as refused:
        found = asking.problems_of(refused, FIELDS)
        for name, words in found.items():
            wrong.setdefault(name, []).extend(words)
        query = preview_query(form, ticked, by_use=by_use, without=found)
        made = asking.ask(visit, "preview_invoice", query=query)
    return made


def _looked_up(visit: Visit, integration_id: UUID, read: str) -> list[dict[str, Any]] | None:
    """Return what people choose from; None when it cannot be had now."""
    ids = {"integration_id": integration_id}
    try:
        items: list[dict[str, Any]] = asking.ask(
            visit, "query_integration", ids, body={"read": read, "params": {}}
        ).items
    except HttpProblem as refused:
        if refused.kind != "unavailable":
            raise
        return None
    return items


_NEW = "/deals/{deal_id:uuid}/invoices"
PAGES = (
    Page("GET", _NEW + "/new", ask_for_invoice, WRITE, asks_platform=True),
    Page("POST", _NEW + "/portion", choose_portion, WRITE, asks_platform=True),
    Page("POST", _NEW + "/draft", recount, WRITE, asks_platform=True),
    Page("POST", _NEW, create_invoice, WRITE, asks_platform=True),
)
AGAIN = {
    "xero_create_invoice": invoice_again,
    "xero_create_contact_and_invoice": invoice_again,
    "xero_create_repeating_invoice": invoice_again,
}
