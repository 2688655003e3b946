"""All that the fleet asks Xero, and the answers it works with, against Xero's OpenAPI document."""

import pytest

from infra.platforms import CATALOGUE
from infra.sandbox import seed
from tests.harness.specification import FILE, Specification, find
from tests.platforms.xero.test_record_payment import PAY, after_the_window, asked
from tests.platforms.xero.test_sync import raised, tell_later
from workers.execute import execute
from workers.reading import ask

SCHEDULE = {
    "schedule_period": 1,
    "schedule_unit": "YEARLY",
    "account_code": "200",
    "tax_type": "OUTPUT",
}


@pytest.fixture
def specification(office) -> Specification:
    found = find()
    if found is None:
        pytest.skip(f"{FILE} is neither in $FLEET_SPECS nor in ../shared/specs: nothing is checked")
    office.sandbox.control("POST", "/recording", {"on": True})
    return found


def exchanged(office, specification) -> set[tuple[str, ...]]:
    """Method and path (without ids) of every exchange; fails with all that is not as documented."""
    exchanges = office.sandbox.control("GET", "/recording?platform=xero")["exchanges"]
    problems = {problem for one in exchanges for problem in specification.problems(one)}
    assert not problems, "\n".join(sorted(problems))
    paths = ((one["method"], *one["path"].split("/")[3:]) for one in exchanges)
    return {tuple(part for part in path if len(part) < 36) for path in paths}


def test_raising_emailing_and_repeating_are_as_xero_documents_them(office, specification) -> None:
    world = office.world
    world.add_postmark()
    contact = world.contact("sam@brightside.test")
    deal, lines = world.deal({}, {}, customer=world.customer(), contact=contact)
    made = office.act("xero_create_contact", deal)
    for portion, mode in (("deposit", "trustpager"), ("balance", "xero")):
        done = office.invoice(
            deal, portion=portion, email_mode=mode, deal_product_ids=[str(lines[0])]
        )
        assert done.result["email"]["outcome"] == "sent", done.result
    invoice = done.result["invoice_id"]
    assert office.act("xero_email_invoice", invoice_id=invoice).status == "succeeded"
    office.sandbox.fault("xero", "status_after_commit", path="/Invoices", method="PUT")
    lost = office.invoice(deal, deal_product_ids=[str(lines[1])])
    assert lost.status == "succeeded", lost.error
    wanted = {"contact_id": made.result["contact_id"], "deal_product_ids": [str(lines[0])]}
    done = office.act("xero_create_repeating_invoice", deal, **wanted, **SCHEDULE)
    assert done.status == "succeeded", done.error
    assert exchanged(office, specification) >= {
        ("GET", "Organisation"), ("GET", "Contacts"), ("PUT", "Contacts"), ("PUT", "Invoices"),
        ("GET", "Invoices"), ("GET", "Invoices", "OnlineInvoice"), ("POST", "Invoices", "Email"),
        ("GET", "RepeatingInvoices"), ("PUT", "RepeatingInvoices"),
    }  # fmt: skip


def test_edits_payments_and_their_look_ups_are_as_xero_documents_them(
    office, specification
) -> None:
    _, _, invoice = raised(office)
    _, _, another = raised(office)
    tell_later(office)
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
    assert exchanged(office, specification) >= {
        ("POST", "Invoices"), ("PUT", "Payments"), ("GET", "Payments"), ("GET", "Invoices"),
        ("GET", "Accounts"),
    }  # fmt: skip


def test_syncs_and_look_ups_are_as_xero_documents_them(office, specification) -> None:
    deal, _, invoice = raised(office)
    for which in ({}, {"invoice_ids": [invoice]}, {"deal": deal}):
        done = office.act("xero_sync_invoices", which.pop("deal", None), **which)
        assert done.status == "succeeded", done.error
    contact = office.rows("SELECT contact_id FROM invoices LIMIT 1")[0].contact_id
    given = {
        "xero_contacts": {"search": 'Bright "side"'},
        "xero_invoices_by_contact": {"contact_id": contact},
        "xero_contact": {"contact_id": contact},
    }
    for name in CATALOGUE.platforms["xero"].reads:
        ask(office.world.fleet, office.world.xero, name, given.get(name, {}), asked_by="test")
    assert exchanged(office, specification) >= {("GET", "TaxRates"), ("GET", "Accounts")}
