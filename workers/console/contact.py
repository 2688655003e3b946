"""Add Contact: whom the deal is invoiced to in Xero, new or one that is there."""

from starlette.responses import Response

from domain.access import Scope
from infra.database import facts
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers.api.endpoint import Accepted
from workers.api.shapes import XeroContact
from workers.console import asking, dialogs
from workers.console.asking import Problems
from workers.console.deal_page import LINKED_NAME, Xero, deal_of, organisations_of, party_of
from workers.console.rendering import page
from workers.console.visit import Page, Visit

WRITE = Scope.INTEGRATIONS_WRITE
SEARCH_CHARACTERS_MAX = 100


def ask_contact(visit: Visit) -> Response:
    """Ask which: a new contact, or an existing one."""
    return _dialog(visit, {}, visit.query.one("integration_id"))


def new_contact(visit: Visit) -> Response:
    """Have a contact found or created for the deal's company or person."""
    body = {"integration_id": visit.form.one("integration_id")}

    def again(problems: Problems) -> Response:
        return _dialog(visit, problems, body["integration_id"], status=422)

    return dialogs.submitted(visit, "link_contact", body, fields=(), again=again)


def contact_again(visit: Visit, row: Row, problems: Problems) -> Response:
    """Show the dialog of a contact that could not be created."""
    return _dialog(visit, problems, str(row["integration_id"]))


def find_contacts(visit: Visit) -> Response:
    """Show the contacts Xero has by part of a name, an email address or a number."""
    chosen = _organisation(visit, visit.query.one("integration_id"))
    said = visit.query.one("search")[:SEARCH_CHARACTERS_MAX]
    if not said:
        return page("contacts_found.html", visit, found=None, more=False, why=None)
    ids = {"integration_id": chosen.id}
    question = {"read": "xero_contacts", "params": {"search": said}}
    try:
        told = asking.ask(visit, "query_integration", ids, body=question)
    except HttpProblem as refused:
        if refused.kind != "unavailable":
            raise
        return page("contacts_found.html", visit, found=[], more=False, why=refused.detail)
    return page("contacts_found.html", visit, found=told.items, more=told.more, why=told.stale)


def link_contact(visit: Visit) -> Response:
    """Link the deal to a contact that Xero has."""
    form = visit.form
    said = {name: form.one(name) for name in ("integration_id", "contact_id")}
    if not said["contact_id"]:
        return _dialog(visit, {"contact_id": ["Choose one."]}, said["integration_id"], status=422)
    try:
        linked = asking.ask(visit, "link_contact", body=said, key=form.one(dialogs.KEY))
    except HttpProblem as refused:
        problems = asking.problems_of(refused, ("contact_id",))
        return _dialog(visit, problems, said["integration_id"], status=422)
    if isinstance(linked, Accepted):
        raise HttpProblem("not_possible", "Choose a contact.")
    _keep_name(visit, linked)
    words = f"{linked.name or 'The contact'} is whom this deal is invoiced to in Xero."
    return dialogs.done(visit, "Contact linked", words)


def _keep_name(visit: Visit, linked: XeroContact) -> None:
    """Keep how the contact is called: asking Xero for it at each look would cost a call."""
    if linked.name is None:
        return
    fact = f"{LINKED_NAME}{linked.contact_id}"
    with visit.fleet.database.transaction() as tx:
        facts.keep(tx, linked.integration_id, fact, {"name": linked.name}, visit.fleet.now())


def _organisation(visit: Visit, said: str) -> Xero:
    found = organisations_of(visit, deal_of(visit))
    chosen = next((one for one in found if str(one.id) == said), None)
    if chosen is None:
        raise HttpProblem("not_found", "There is no such Xero organisation in this workspace.")
    return chosen


def _dialog(visit: Visit, problems: Problems, said: str, status: int = 200) -> Response:
    deal = deal_of(visit)
    return page(
        "dialog_contact.html", visit, status,
        deal=deal, chosen=_organisation(visit, said), party=party_of(visit, deal),
        problems=problems, key=dialogs.key_of(visit),
    )  # fmt: skip


_DEAL = "/deals/{deal_id:uuid}/contact"
PAGES = (
    Page("GET", _DEAL, ask_contact, WRITE),
    Page("POST", _DEAL + "/new", new_contact, WRITE),
    Page("GET", _DEAL + "/found", find_contacts, WRITE, asks_platform=True),
    Page("POST", _DEAL + "/link", link_contact, WRITE, asks_platform=True),
)
AGAIN = {"xero_create_contact": contact_again}
