"""Dialogs: what they send becomes one action each, and what comes of it is told."""

import re
from decimal import Decimal
from uuid import UUID

import pytest

from domain.access import SCOPES_OF, Role
from infra.sandbox import seed
from tests.console.people import Person, Seen, carried_out, signed_in
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute

pytestmark = pytest.mark.processes
CREATED = "xero.invoice.created"


def _opened(person: Person, deal_id: UUID, portion: str = "full") -> Seen:
    seen = person.part(f"/deals/{deal_id}/invoices/new")
    if portion != "full":
        form = {"portion": portion, "dialog_key": seen.key}
        seen = person.post(f"/deals/{deal_id}/invoices/portion", form)
    assert seen.status == 200, seen.text
    return seen


def _form(seen: Seen, **more: object) -> dict[str, object]:
    return {"dialog_key": seen.key, "portion": "full", "deal_product_ids": seen.ticked(), **more}


def _raised(person: Person, world: World, deal_id: UUID, **more: object) -> UUID:
    """An invoice raised through the dialog; returns our id of it."""
    sent = person.post(f"/deals/{deal_id}/invoices", _form(_opened(person, deal_id), **more))
    assert carried_out(world, sent.action_id) == "succeeded", world.action(sent.action_id).error
    (row,) = world.rows("SELECT id FROM invoices WHERE deal_id = :d ORDER BY created_at", d=deal_id)
    return UUID(str(row.id))


def test_an_invoice_is_raised_once_however_often_its_form_is_sent(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, lines = world.deal({"unit_price": Decimal("200.00")}, {"payment_status": "paid"})
    seen = _opened(editor, deal_id)
    assert seen.ticked() == [str(lines[0])]
    assert "$220.00" in seen.text
    assert "<s>$100.00</s>" in seen.html, "what is paid is offered, struck through"
    form = _form(seen, reference="PO 7", email_mode="none", status="AUTHORISED")
    there = f"/deals/{deal_id}/invoices"
    sent, again = editor.post(there, form), editor.post(there, form)
    other = editor.post(there, form | {"reference": "PO 8"})
    assert sent.action_id == again.action_id == other.action_id
    row = world.action(sent.action_id)
    assert (row.source, row.params["reference"], row.deal_id) == ("console", "PO 7", deal_id)
    assert row.requested_by.startswith("API key p ")
    assert "Queued" in sent.text
    assert carried_out(world, sent.action_id) == "succeeded"
    done = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}")
    assert done.headers["HX-Retarget"] == "#dialog"
    assert "INV-0001 for $220.00 is authorised." in done.text
    assert sandbox.count(CREATED) == 1
    page = editor.get(f"/deals/{deal_id}").text
    assert "INV-0001" in page
    assert "Outstanding $220.00" in page


def test_the_portion_ticks_its_own_products_and_the_rest_can_be_forced(
    editor: Person, world: World
) -> None:
    deal_id, lines = world.deal(
        {}, {"deposit_percent": None}, {"payment_status": "deposit_invoiced"},
        {"payment_status": "invoiced"},
    )  # fmt: skip
    first, plain, owing, invoiced = map(str, lines)
    assert _opened(editor, deal_id).ticked() == [first, plain]
    deposit = _opened(editor, deal_id, "deposit")
    assert deposit.ticked() == [first]
    assert "It has no deposit percentage" in deposit.text
    assert _opened(editor, deal_id, "balance").ticked() == [owing]
    draft = editor.post(
        f"/deals/{deal_id}/invoices/draft", {"portion": "full", "deal_product_ids": invoiced}
    )
    assert draft.ticked() == [invoiced]
    assert "It is already invoiced" in draft.text
    assert "$110.00" in draft.text
    assert 'id="totals" hx-swap-oob="true"' in draft.html


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_raised(
    editor: Person, world: World
) -> None:
    deal_id, lines = world.deal({})
    seen = _opened(editor, deal_id)
    there = f"/deals/{deal_id}/invoices"
    bad = _form(
        seen, due_date="tomorrow", email_mode="trustpager", email_recipient_source="address",
        email_recipient="nobody", email_subject="{{xero.nothing}}",
    )  # fmt: skip
    refused = editor.post(there, bad)
    assert refused.status == 422
    assert "date" in refused.problem("due_date")
    assert refused.key == seen.key, "nothing came of it: the same dialog"
    assert refused.ticked() == [str(lines[0])]
    refused = editor.post(there, bad | {"due_date": ""})
    assert "is not one email address" in refused.problem("email_recipient")
    assert "no such merge tag" in refused.problem("email_subject")
    empty = editor.post(there, _form(seen) | {"deal_product_ids": []})
    assert empty.problem("deal_product_ids") == "Tick at least one product."
    unkeyed = editor.post(there, _form(seen) | {"dialog_key": ""})
    assert unkeyed.status == 400
    assert world.rows("SELECT 1 FROM actions") == []


def test_xeros_own_words_bring_the_form_back_under_a_new_key(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, lines = world.deal({})
    seen = _opened(editor, deal_id)
    form = _form(seen, account_code="610", reference="PO 9")
    sent = editor.post(f"/deals/{deal_id}/invoices", form)
    assert carried_out(world, sent.action_id) == "rejected"
    progress = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}")
    assert f"/progress/{sent.action_id}/again" in progress.html
    again = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}/again")
    said = world.action(sent.action_id).error["message"]
    assert said.startswith("Xero: ")
    assert said in again.text
    assert again.key != seen.key
    assert again.ticked() == [str(lines[0])]
    assert 'value="PO 9"' in again.html
    assert sandbox.count(CREATED) == 0


def test_an_unknown_outcome_is_told_as_what_it_is(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, _ = world.deal({})
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="/Invoices", times=1)
    sent = editor.post(f"/deals/{deal_id}/invoices", _form(_opened(editor, deal_id)))
    for _ in range(8):
        execute(world.fleet, sent.action_id)
        if world.status(sent.action_id) == "reconciling":
            break
    assert world.status(sent.action_id) == "reconciling"
    shown = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}")
    assert "Looking up" in shown.text
    assert "it is never done twice" in shown.text
    assert "Looking up" in editor.get(f"/deals/{deal_id}").text


def test_a_payment_is_recorded_with_the_account_remembered(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, _ = world.deal({})
    invoice_id = _raised(editor, world, deal_id)
    there = f"/deals/{deal_id}/invoices/{invoice_id}/pay"
    asked = editor.part(there)
    assert "Record $110.00" in asked.text
    assert "Business Bank Account (090)" in asked.text
    sandbox.control("POST", "/xero/organisation", {"PeriodLockDate": "2027-12-31"})
    form = {"dialog_key": asked.key, "date": "2026-11-20", "bank_account_id": "091"}
    sent = editor.post(there, form | {"amount": "110.00"})
    assert carried_out(world, sent.action_id) == "rejected"
    again = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}/again")
    assert "lock date" in again.text
    assert "Mark as Paid" in again.text
    sandbox.control("POST", "/xero/organisation", {"PeriodLockDate": None})
    sent = editor.post(there, form | {"dialog_key": again.key, "amount": "110.00"})
    assert carried_out(world, sent.action_id) == "succeeded", world.action(sent.action_id).error
    page = editor.get(f"/deals/{deal_id}")
    assert "Outstanding Nothing" in page.text
    assert f'id="pay-{invoice_id}"' not in page.html
    other_id, _ = world.deal({})
    other = _raised(editor, world, other_id)
    remembered = editor.part(f"/deals/{other_id}/invoices/{other}/pay").html
    assert " selected>" in remembered
    chosen = next(one for one in remembered.split("<option") if " selected>" in one)
    assert "(091)" in chosen


def test_a_part_is_paid_and_the_rest_stays_due(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, _ = world.deal({"unit_price": Decimal("2000.00")})
    invoice_id = _raised(editor, world, deal_id)
    there = f"/deals/{deal_id}/invoices/{invoice_id}/pay"
    asked = editor.part(there)
    assert re.search(r'name="amount"[^>]* value="2200\.00"', asked.html)
    assert "Record $2,200.00" in asked.text
    for typed, button, left in (
        ("1,200.50", "Record $1,200.50", "A part of it: $999.50 stays due."),
        ("2200", "Record $2,200.00", "All that is due."),
        ("2200.01", "Record payment", "More than nothing, at most $2,200.00."),
        ("0", "Record payment", "More than nothing, at most $2,200.00."),
        ("twelve", "Record payment", "More than nothing, at most $2,200.00."),
        ("NaN", "Record payment", "More than nothing, at most $2,200.00."),
    ):
        counted = editor.post(f"{there}/amount", {"amount": typed})
        assert counted.text == f"{button} {left}"
    form = {"dialog_key": asked.key, "date": "2026-11-20", "bank_account_id": "090"}
    for typed in ("2200.01", "0", "twelve"):
        refused = editor.post(there, form | {"amount": typed})
        assert (refused.status, refused.key) == (422, asked.key)
        assert refused.problem("amount")
        assert f'value="{typed}"' in refused.html
    assert world.rows("SELECT 1 FROM actions WHERE action_type = 'xero_record_payment'") == []
    sent = editor.post(there, form | {"amount": "1,200.50"})
    assert carried_out(world, sent.action_id) == "succeeded", world.action(sent.action_id).error
    assert world.action(sent.action_id).params["amount"] == "1200.50"
    assert "Outstanding $999.50" in editor.get(f"/deals/{deal_id}").text
    assert "Record $999.50" in editor.part(there).text
    assert sandbox.count("xero.payment.created") == 1


def test_with_nothing_ticked_nothing_can_be_asked_for_and_it_says_what_to_do(
    editor: Person, world: World
) -> None:
    deal_id, lines = world.deal({"payment_status": "invoiced"}, {"payment_status": "paid"})
    seen = _opened(editor, deal_id)
    assert seen.problem("deal_product_ids").startswith("Nothing is ticked by itself for full")
    off = '<button type="submit" class="button primary" id="create-invoice" disabled'
    assert off in seen.html
    assert off not in _opened(editor, world.deal({})[0]).html
    draft = f"/deals/{deal_id}/invoices/draft"
    ticked = editor.post(draft, {"portion": "full", "deal_product_ids": [str(lines[0])]})
    assert off not in ticked.html
    assert 'id="create-invoice" hx-swap-oob="true"' in ticked.html
    assert off in editor.post(draft, {"portion": "full"}).html
    none_so, _ = world.deal({"deposit_percent": None})
    deposit = _opened(editor, none_so, "deposit")
    assert deposit.problem("deal_product_ids") == (
        "No product can be invoiced as deposit: choose another portion."
    )
    empty, _ = world.deal()
    assert "has no products" in _opened(editor, empty).problem("deal_product_ids")


def test_a_card_changes_what_is_different_and_locked_ones_only_their_label(
    editor: Person, world: World
) -> None:
    deal_id, _ = world.deal({})
    invoice_id = _raised(editor, world, deal_id, status="SUBMITTED")
    there = f"/deals/{deal_id}/invoices/{invoice_id}"
    card = editor.part(there)
    assert "Raised as full" in card.text
    due = world.rows("SELECT due_date FROM invoices")[0].due_date.isoformat()
    same = {"status": "SUBMITTED", "due_date": due, "reference": "", "portion": "full"}
    nothing = editor.post(there, {"dialog_key": card.key, **same})
    assert nothing.status == 422
    assert "nothing to change" in nothing.text
    changed = {**same, "status": "AUTHORISED", "reference": "PO 1", "portion": "deposit"}
    sent = editor.post(there, {"dialog_key": nothing.key, **changed})
    row = world.action(sent.action_id)
    assert set(row.params) == {"invoice_id", "status", "reference", "portion"}
    assert row.deal_id == deal_id
    assert carried_out(world, sent.action_id) == "succeeded"
    voided = editor.part(f"{there}/void")
    sent = editor.post(f"{there}/void", {"dialog_key": voided.key})
    assert carried_out(world, sent.action_id) == "succeeded"
    locked = editor.part(there)
    assert "locked in Xero" in locked.text
    assert 'name="status"' not in locked.html
    assert 'name="portion"' in locked.html
    sent = editor.post(there, {"dialog_key": locked.key, "portion": "balance"})
    assert carried_out(world, sent.action_id) == "succeeded"
    assert "Balance" in editor.get(f"/deals/{deal_id}").text


def test_a_sync_says_what_changed(editor: Person, world: World, sandbox: Sandbox) -> None:
    deal_id, _ = world.deal({})
    _raised(editor, world, deal_id)
    (row,) = world.rows("SELECT platform_invoice_id AS id FROM invoices")
    sandbox.control("POST", f"/xero/invoices/{row.id}/pay", {})
    asked = editor.part(f"/deals/{deal_id}/invoices/sync")
    assert 'hx-trigger="load"' in asked.html
    form = {"dialog_key": asked.key, "integration_id": str(world.xero)}
    sent = editor.post(f"/deals/{deal_id}/invoices/sync", form)
    assert carried_out(world, sent.action_id) == "succeeded"
    done = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}")
    assert "INV-0001 Authorised → Paid" in done.text
    more = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}/news")
    assert "hx-get" in more.html, "statuses of products may still follow"


def test_a_sync_tells_of_what_was_raised_in_xero(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, _ = world.deal({})
    _raised(editor, world, deal_id)
    (row,) = world.rows("SELECT contact_id FROM invoices")
    line = {"Description": "By hand", "Quantity": 1, "UnitAmount": 50, "AccountCode": "200"}
    by_hand = {
        "tenant": seed.TENANT_ONE, "Contact": {"ContactID": row.contact_id}, "Date": "2026-11-01",
        "Type": "ACCREC", "LineItems": [line], "Status": "AUTHORISED", "DueDate": "2026-12-01",
    }  # fmt: skip
    sandbox.control("POST", "/xero/invoices", by_hand)
    form = {"dialog_key": "by hand", "integration_id": str(world.xero)}
    sent = editor.post(f"/deals/{deal_id}/invoices/sync", form)
    assert carried_out(world, sent.action_id) == "succeeded"
    assert world.action(sent.action_id).result["skipped"] == 1
    done = editor.part(f"/deals/{deal_id}/progress/{sent.action_id}")
    assert done.status == 200
    assert "1 raised outside is shown, and moves no payment status." in done.text


def test_a_contact_is_searched_linked_and_then_takes_ongoing_invoices(
    editor: Person, world: World, sandbox: Sandbox
) -> None:
    deal_id, lines = world.deal({})
    sandbox.control(
        "POST", "/xero/contacts", {"Name": "Kestrel & Sons", "EmailAddress": "k@k.test"}
    )
    ongoing = _opened(editor, deal_id, "ongoing")
    assert "Link a Xero contact first." in ongoing.text
    there = f"/deals/{deal_id}/contact"
    dialog = editor.part(f"{there}?integration_id={world.xero}")
    assert "New Contact" in dialog.text
    found = editor.part(f"{there}/found?integration_id={world.xero}&search=kestrel")
    assert "Kestrel & Sons k@k.test" in found.text
    assert (
        "No active contact"
        in editor.part(f"{there}/found?integration_id={world.xero}&search=zzz").text
    )
    contact_id = found.html.split('name="contact_id" value="')[1][:36]
    form = {"dialog_key": dialog.key, "integration_id": str(world.xero)}
    assert editor.post(f"{there}/link", form).problem("contact_id") == "Choose one."
    linked = editor.post(f"{there}/link", form | {"contact_id": contact_id})
    assert "Kestrel & Sons is whom this deal is invoiced to" in linked.text
    assert "Kestrel & Sons Linked to the deal" in editor.get(f"/deals/{deal_id}").text
    form = {
        "dialog_key": ongoing.key, "portion": "ongoing", "deal_product_ids": str(lines[0]),
        "schedule_unit": "YEARLY", "schedule_period": "1", "approve_for_sending": "false",
        "account_code": "200", "tax_type": "OUTPUT",
    }  # fmt: skip
    sent = editor.post(f"/deals/{deal_id}/invoices", form)
    row = world.action(sent.action_id)
    assert (row.action_type, row.params["contact_id"]) == (
        "xero_create_repeating_invoice",
        contact_id,
    )
    assert carried_out(world, sent.action_id) == "succeeded", world.action(sent.action_id).error
    page = editor.get(f"/deals/{deal_id}").text
    assert "Every 12 months" in page
    assert "not emailed" in page


def test_a_new_contact_is_an_action(editor: Person, world: World, sandbox: Sandbox) -> None:
    deal_id, _ = world.deal({}, customer=world.customer("Harbour Cafe", "pay@harbour.test"))
    there = f"/deals/{deal_id}/contact"
    dialog = editor.part(f"{there}?integration_id={world.xero}")
    assert "Harbour Cafe" in dialog.text
    form = {"dialog_key": dialog.key, "integration_id": str(world.xero)}
    sent, again = editor.post(f"{there}/new", form), editor.post(f"{there}/new", form)
    assert sent.action_id == again.action_id
    assert carried_out(world, sent.action_id) == "succeeded"
    assert sandbox.count("xero.contact.created") == 1
    assert "Linked to the company" in editor.get(f"/deals/{deal_id}").text


def test_a_letter_is_shown_under_a_policy_of_its_own(editor: Person, world: World) -> None:
    deal_id, lines = world.deal({}, contact=world.contact())
    there = f"/deals/{deal_id}/invoices/letter"
    form = {"portion": "full", "deal_product_ids": str(lines[0]), "email_body": "Hi <b>you</b>"}
    assert "No sender" in editor.post(there, form).text
    world.add_postmark(logo_url="https://logo.test/a.png")
    letter = editor.post(there, form)
    assert "Hi &lt;b&gt;you&lt;/b&gt;" in letter.html
    assert "$110.00 AUD" in letter.text.replace("\xa0", " ")
    policy = letter.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "sandbox" in policy
    assert "img-src https://logo.test/a.png;" in policy
    assert "no such merge tag" in editor.post(there, form | {"email_subject": "{{x}}"}).text


def test_what_the_live_part_shows_is_sent_only_when_it_differs(
    editor: Person, world: World
) -> None:
    deal_id, (line, *_) = world.deal({})
    page = editor.get(f"/deals/{deal_id}").html
    seen = page.split('name="seen" value="')[1][:32]
    assert editor.part(f"/deals/{deal_id}/live?seen={seen}").status == 204
    assert editor.post(f"/deals/{deal_id}/products/{line}", {"payment_status": "paid"}).headers[
        "HX-Trigger"
    ]
    after = editor.part(f"/deals/{deal_id}/live?seen={seen}")
    assert after.status == 200
    assert f'id="status-{line}"' in after.html
    bad = editor.post(f"/deals/{deal_id}/products/{line}", {"payment_status": "sold"})
    assert bad.status == 422


def test_without_xero_a_deal_can_still_be_looked_at(web, world: World) -> None:
    bare = World(world.fleet)
    with world.fleet.database.transaction() as tx:
        tx.exec_driver_sql("DELETE FROM integrations WHERE workspace_id = %s", (bare.workspace_id,))
    deal_id, _ = bare.deal()
    person = signed_in(bare, SCOPES_OF[Role.ADMIN])
    page = person.get(f"/deals/{deal_id}").text
    assert "Xero is not connected" in page
    assert "No products on this deal" in page
    assert "Send Invoice" not in page
    assert person.part(f"/deals/{deal_id}/invoices/new").status == 409
