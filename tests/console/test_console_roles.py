"""Who sees what, and who may do what: by scope, by deal, by workspace."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.access import SCOPES_OF, Role, Scope
from tests.console.people import Person, carried_out, signed_in
from tests.harness.world import World
from workers.console.routes import PAGES

pytestmark = pytest.mark.processes
MONEY = re.compile(r"\d[\d,]*\.\d\d|Unpaid|Invoiced|Paid\b|Outstanding", re.IGNORECASE)


def test_who_may_look_sees_amounts_and_no_way_to_act(viewer: Person, world: World) -> None:
    deal_id, _ = world.deal({"unit_price": Decimal("1234.50")})
    assert carried_out(world, world.invoice(deal_id)) == "succeeded"
    page = viewer.get(f"/deals/{deal_id}")
    assert "Outstanding $1,357.95" in page.text
    assert "your role lacks invoices:write" in page.text
    for word in ("Mark as Paid", "Send Invoice", "Void", "Edit ", "Add Contact"):
        assert word not in page.text


def test_without_invoices_nothing_tells_of_money(clerk: Person, world: World) -> None:
    deal_id, _ = world.deal({"unit_price": Decimal("1234.50")})
    action_id = world.invoice(deal_id)
    assert carried_out(world, action_id) == "succeeded"
    refused = world.invoice(deal_id, portion="balance")
    assert carried_out(world, refused) == "rejected"
    places = ("/deals", f"/deals/{deal_id}", f"/deals/{deal_id}/live",
              f"/deals/{deal_id}/progress/{action_id}", f"/deals/{deal_id}/progress/{refused}",
              f"/deals/{deal_id}/progress/{action_id}/news")  # fmt: skip
    for path in places:
        seen = clerk.part(path)
        assert seen.status == 200, path
        assert not MONEY.search(seen.text), (path, seen.text)
    assert "Your role does not include invoices" in clerk.get(f"/deals/{deal_id}").text


def test_who_may_write_invoices_and_not_see_them_is_shown_no_amount(web, world: World) -> None:
    writer = signed_in(world, frozenset(Scope) - {Scope.INVOICES_READ, Scope.OPERATE})
    deal_id, (line, *_) = world.deal({"unit_price": Decimal("1234.50")})
    assert carried_out(world, world.invoice(deal_id)) == "succeeded"
    (invoice,) = world.rows("SELECT id FROM invoices")
    for one in PAGES:
        if one.method == "GET" and "deal_id" in one.path and "operate" not in one.path:
            path = _filled(one.path, deal_id, line, invoice.id)
            assert "1,234" not in writer.part(path).text, path


@pytest.mark.parametrize("role", ["viewer", "clerk"])
def test_every_page_that_changes_something_needs_the_right_to(request, role, world: World) -> None:
    person: Person = request.getfixturevalue(role)
    deal_id, (line, *_) = world.deal({})
    assert carried_out(world, world.invoice(deal_id)) == "succeeded"
    (invoice,) = world.rows("SELECT id FROM invoices")
    for one in PAGES:
        if one.method == "GET" or one.path.startswith("/operate"):
            continue  # operators' pages are not there for them: tests/operators
        if role == "clerk" and "/contact" in one.path:
            continue  # contacts are integrations:write, which the clerk holds
        path = _filled(one.path, deal_id, line, invoice.id)
        assert person.post(path, {"dialog_key": "k", "payment_status": "paid"}).status == 403, path
    assert world.payment_statuses(line) == ["unpaid"]
    assert len(world.rows("SELECT 1 FROM actions")) == 1


def test_another_workspaces_things_are_not_there(web, world: World) -> None:
    deal_id, (line, *_) = world.deal({})
    action_id = world.invoice(deal_id)
    assert carried_out(world, action_id) == "succeeded"
    (invoice,) = world.rows("SELECT id FROM invoices")
    stranger = signed_in(World(world.fleet), SCOPES_OF[Role.ADMIN])
    assert "Fit-out" not in stranger.get("/deals").text
    for one in PAGES:
        if "deal_id" not in one.path:
            continue
        path = _filled(one.path, deal_id, line, invoice.id, action_id)
        form = {"dialog_key": "k", "payment_status": "paid", "contact_id": str(uuid4())}
        ticked = form | {"deal_product_ids": str(line), "integration_id": str(world.xero)}
        answer = stranger.part(path) if one.method == "GET" else stranger.post(path, ticked)
        assert answer.status == 404, (one.method, path, answer.text)
        assert "Fit-out" not in answer.text


def test_an_invoice_is_reached_through_its_own_deal_only(editor: Person, world: World) -> None:
    deal_id, _ = world.deal({})
    other_id, _ = world.deal({})
    action_id = world.invoice(deal_id)
    assert carried_out(world, action_id) == "succeeded"
    (invoice,) = world.rows("SELECT id FROM invoices")
    assert carried_out(world, world.invoice(other_id)) == "succeeded"
    assert editor.part(f"/deals/{deal_id}/invoices/{invoice.id}").status == 200
    for tail in ("", "/pay", "/void", "/send"):
        assert editor.part(f"/deals/{other_id}/invoices/{invoice.id}{tail}").status == 404
        answer = editor.post(f"/deals/{other_id}/invoices/{invoice.id}{tail}", {"dialog_key": "k"})
        assert answer.status == 404
    assert editor.part(f"/deals/{other_id}/progress/{action_id}").status == 404


def _filled(path: str, deal_id, line, invoice_id, action_id=None) -> str:
    values = {"deal_id": deal_id, "product_id": line, "invoice_id": invoice_id}
    values["action_id"] = action_id or uuid4()
    return re.sub(r"\{(\w+):uuid\}", lambda found: str(values[found[1]]), path)
