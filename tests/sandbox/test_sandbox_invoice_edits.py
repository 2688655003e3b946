"""Invoices after they are made: statuses, edits, periods, documents."""

from typing import Any

import pytest
from sandbox_client import Sandbox, a_line, an_invoice, problems

from infra.sandbox import seed

HAS_PAYMENT = "This document cannot be edited as it has a payment or credit note allocated to it."
NOT_MODIFIABLE = "Invoice not of valid status for modification"
LEGAL = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
}


def update(sandbox: Sandbox, invoice: dict[str, Any], **changes: Any) -> Any:
    return sandbox.xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [changes]})


def stored(sandbox: Sandbox, invoice: dict[str, Any]) -> dict[str, Any]:
    answer = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}")
    return dict(answer.json()["Invoices"][0])


@pytest.mark.parametrize("before", sorted(LEGAL))
def test_only_legal_status_changes_are_accepted(sandbox: Sandbox, before: str) -> None:
    contact = sandbox.contact()
    for after in ("DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"):
        invoice = sandbox.invoice(contact, Status=before)
        answer = update(sandbox, invoice, Status=after)
        if after in LEGAL[before]:
            assert answer.status == 200, (before, after)
            assert stored(sandbox, invoice)["Status"] == after
        else:
            assert problems(answer) == [NOT_MODIFIABLE], (before, after)
            assert stored(sandbox, invoice)["Status"] == before


@pytest.mark.parametrize(("before", "closed"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")])
def test_a_closed_invoice_is_never_changed(sandbox: Sandbox, before: str, closed: str) -> None:
    invoice = sandbox.invoice(sandbox.contact(), Status=before)
    assert update(sandbox, invoice, Status=closed).status == 200
    assert stored(sandbox, invoice)["AmountDue"] == 110, "what is due stays on a voided document"
    assert problems(update(sandbox, invoice, Reference="late")) == [NOT_MODIFIABLE]
    assert problems(update(sandbox, invoice, Status=before)) == [NOT_MODIFIABLE]
    assert sandbox.counts()[f"xero.invoice.{closed.lower()}"] == 1


def test_lines_are_updated_added_and_deleted_by_their_id(sandbox: Sandbox) -> None:
    lines = [a_line(), a_line(Description="Other")]
    invoice = sandbox.invoice(sandbox.contact(), LineItems=lines)
    kept = {"LineItemID": invoice["LineItems"][0]["LineItemID"], "Quantity": 3}
    assert update(sandbox, invoice, LineItems=[kept, a_line(UnitAmount=1)]).status == 200
    after = stored(sandbox, invoice)
    assert [line["LineAmount"] for line in after["LineItems"]] == [150, 2]
    assert after["LineItems"][0]["LineItemID"] == kept["LineItemID"]
    assert after["LineItems"][0]["Description"] == "Consulting"
    assert after["Total"] == 167.2


def test_a_paid_invoice_is_edited_only_where_xero_lets(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact())
    sandbox.control("POST", f"/xero/invoices/{invoice['InvoiceID']}/pay", {"amount": 10})
    assert update(sandbox, invoice, Reference="r", Url="https://x.test/1").status == 200
    assert problems(update(sandbox, invoice, Date="2026-01-01")) == [HAS_PAYMENT]
    assert problems(update(sandbox, invoice, LineItems=[a_line()])) == [HAS_PAYMENT]
    line = {"LineItemID": invoice["LineItems"][0]["LineItemID"], "Description": "Renamed"}
    assert update(sandbox, invoice, LineItems=[line]).status == 200
    line["Quantity"] = 5
    assert problems(update(sandbox, invoice, LineItems=[line])) == [HAS_PAYMENT]
    first, second = problems(update(sandbox, invoice, Status="VOIDED"))
    assert first == HAS_PAYMENT
    assert second.startswith("The status VOIDED cannot be applied to the invoice")


def test_some_edits_leave_no_trace_on_a_part_paid_invoice(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact())
    sandbox.control("POST", f"/xero/invoices/{invoice['InvoiceID']}/pay", {"amount": 10})
    before = stored(sandbox, invoice)
    sandbox.advance(60)
    assert update(sandbox, invoice, DueDate="2030-01-01").status == 200
    after = stored(sandbox, invoice)
    assert after["DueDateString"] == "2030-01-01T00:00:00"
    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]
    update(sandbox, invoice, Reference="seen")
    assert stored(sandbox, invoice)["UpdatedDateUTC"] != before["UpdatedDateUTC"]


@pytest.mark.parametrize("lock", ["PeriodLockDate", "EndOfYearLockDate"])
def test_a_locked_period_is_closed(sandbox: Sandbox, lock: str) -> None:
    contact = sandbox.contact()
    old = sandbox.invoice(contact, Date="2026-06-30")
    sandbox.control("POST", "/xero/organisation", {lock: "2026-06-30"})
    body = {"Invoices": [an_invoice(contact, Date="2026-06-30")]}
    (message,) = problems(sandbox.xero("PUT", "/Invoices", body))
    assert "lock date, currently set at 30 June 2026" in message
    assert len(problems(update(sandbox, old, Reference="r"))) == 1
    assert len(problems(update(sandbox, old, Status="VOIDED"))) == 1
    body["Invoices"][0]["Date"] = "2026-07-01"
    assert sandbox.xero("PUT", "/Invoices", body).status == 200


def test_sent_to_contact_only_holds_on_approved_invoices(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    draft = sandbox.invoice(contact, Status="DRAFT", SentToContact=True)
    approved = sandbox.invoice(contact, SentToContact=True)
    assert (draft["SentToContact"], approved["SentToContact"]) == (False, True)


def test_the_contacts_terms_set_the_due_date(sandbox: Sandbox) -> None:
    terms = {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}
    contact = sandbox.contact(PaymentTerms=terms)
    invoice = sandbox.invoice(contact, Date="2026-01-31")
    assert invoice["DueDateString"] == "2026-02-20T00:00:00"


def test_what_is_not_there_is_an_empty_page(sandbox: Sandbox) -> None:
    answer = sandbox.xero("GET", f"/Invoices/{seed.TENANT_ONE}")
    assert (answer.status, answer.data) == (404, b"")
    assert answer.headers["Content-Type"] == "text/html"
    assert sandbox.xero("POST", f"/Invoices/{seed.TENANT_ONE}", {"Status": "VOIDED"}).status == 404
    assert sandbox.xero("GET", "/Nonsense").status == 404


def test_a_small_plan_caps_the_invoices_approved_in_a_month(sandbox: Sandbox) -> None:
    def may_approve() -> str:
        actions = sandbox.xero("GET", "/Organisation/Actions").json()["Actions"]
        return str({one["Name"]: one["Status"] for one in actions}["CreateApprovedInvoice"])

    contact = sandbox.contact()
    sandbox.control("POST", "/limits", {"platform": "xero", "approved_month": 1})
    sandbox.control("POST", "/clock", {"set": "2026-05-10T02:00:00Z"})
    draft = sandbox.invoice(contact, Status="DRAFT")
    assert may_approve() == "ALLOWED"
    approved = sandbox.invoice(contact)
    assert may_approve() == "NOT-ALLOWED"
    (message,) = problems(update(sandbox, draft, Status="AUTHORISED"))
    assert message == "You have reached the limit of invoices you can approve"
    assert update(sandbox, approved, Reference="still").status == 200
    assert update(sandbox, draft, Status="AUTHORISED", Date="2026-06-01").status == 200


def test_a_line_has_two_tracking_categories_at_most(sandbox: Sandbox) -> None:
    north = {"Name": "Region", "Option": "North"}
    unknown = {"Name": "Nowhere", "Option": "x"}
    invoice = sandbox.invoice(sandbox.contact(), LineItems=[a_line(Tracking=[north, unknown])])
    assert len(invoice["LineItems"][0]["Tracking"]) == 1, "unknown names fall without a word"
    three = {"LineItems": [a_line(Tracking=[north] * 3)]}
    assert len(problems(update(sandbox, invoice, **three))) == 1
