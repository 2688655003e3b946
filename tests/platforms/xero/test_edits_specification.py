"""Requests that edit, void or pay, and their look-ups, against Xero's own OpenAPI document."""

import pytest

from infra.sandbox import seed
from tests.harness.specification import FILE, find
from tests.platforms.xero.test_record_payment import PAY, after_the_window, asked
from tests.platforms.xero.test_sync import raised, tell_later
from workers.execute import execute


def test_edits_payments_and_their_look_ups_are_as_xero_documents_them(office):
    specification = find()
    if specification is None:
        pytest.skip(f"{FILE} is neither in $FLEET_SPECS nor in ../shared/specs: nothing is checked")
    _, _, invoice = raised(office)
    _, _, another = raised(office)
    tell_later(office)
    office.sandbox.control("POST", "/recording", {"on": True})
    office.act(
        "xero_update_invoice", invoice_id=invoice, status="AUTHORISED", due_date="2031-01-31",
        reference="PO 9",
    )  # fmt: skip
    office.act(PAY, invoice_id=invoice, bank_account_id=seed.BANK_ACCOUNT, amount="10")
    office.sandbox.fault("xero", "drop_after_commit", path="/Payments", method="PUT")
    action = asked(office, invoice)
    execute(office.world.fleet, action)
    after_the_window(office)
    assert office.carry_on(action).status == "succeeded"
    office.act("xero_void_invoice", invoice_id=another)
    exchanges = office.sandbox.control("GET", "/recording?platform=xero")["exchanges"]
    seen = {(one["method"], one["path"].split("/")[3]) for one in exchanges}
    assert {
        ("POST", "Invoices"), ("PUT", "Payments"), ("GET", "Payments"), ("GET", "Invoices"),
        ("GET", "Accounts"),
    } <= seen  # fmt: skip
    problems = {problem for one in exchanges for problem in specification.problems(one)}
    assert not problems, "\n".join(sorted(problems))
