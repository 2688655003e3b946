"""Xero emailing invoices: which, to whom, how many a day."""

from typing import Any

import pytest
from sandbox_client import Sandbox, problems


def email(sandbox: Sandbox, invoice: dict[str, Any], **more: Any) -> Any:
    return sandbox.xero("POST", f"/Invoices/{invoice['InvoiceID']}/Email", {}, **more)


def emailed(sandbox: Sandbox) -> int:
    return sandbox.counts().get("xero.invoice.emailed", 0)


def test_an_email_answers_with_nothing_and_leaves_the_invoice_as_it_was(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact(EmailAddress="a@example.com"))
    answer = email(sandbox, invoice, key="mail-1")
    assert (answer.status, answer.data) == (204, b"")
    shown = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}").json()["Invoices"][0]
    assert (shown["SentToContact"], shown["UpdatedDateUTC"]) == (False, invoice["UpdatedDateUTC"])
    assert email(sandbox, invoice, key="mail-1").status == 204
    assert emailed(sandbox) == 1, "the same key sends nothing more"
    assert email(sandbox, invoice, key="mail-2").status == 204
    assert emailed(sandbox) == 2


@pytest.mark.parametrize(("status", "answered"), [("DRAFT", 400), ("SUBMITTED", 204)])
def test_drafts_are_not_emailed(sandbox: Sandbox, status: str, answered: int) -> None:
    contact = sandbox.contact(EmailAddress="a@example.com")
    answer = email(sandbox, sandbox.invoice(contact, Status=status))
    assert answer.status == answered
    assert emailed(sandbox) == (answered == 204)


def test_paid_ones_are_emailed_voided_ones_not(sandbox: Sandbox) -> None:
    contact = sandbox.contact(EmailAddress="a@example.com")
    paid, voided = sandbox.invoice(contact), sandbox.invoice(contact)
    sandbox.control("POST", f"/xero/invoices/{paid['InvoiceID']}/pay", {})
    sandbox.control("POST", f"/xero/invoices/{voided['InvoiceID']}/void", {})
    assert (email(sandbox, paid).status, email(sandbox, voided).status) == (204, 400)


def test_bills_are_not_emailed_nor_are_contacts_without_an_address(sandbox: Sandbox) -> None:
    contact = sandbox.contact(EmailAddress="a@example.com")
    bill = sandbox.invoice(contact, Type="ACCPAY", InvoiceNumber="B-1")
    assert email(sandbox, bill).status == 400
    (message,) = problems(email(sandbox, sandbox.invoice(sandbox.contact("No Address"))))
    assert "no email address" in message
    assert emailed(sandbox) == 0


def test_an_organisation_sends_so_many_a_day(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "email_day": 2})
    invoice = sandbox.invoice(sandbox.contact(EmailAddress="a@example.com"))
    assert [email(sandbox, invoice).status for _ in range(3)] == [204, 204, 400]
    assert email(sandbox, invoice).headers.get("X-Rate-Limit-Problem") is None
    sandbox.advance(86_400)
    assert email(sandbox, invoice).status == 204
    assert emailed(sandbox) == 3


def test_a_demo_company_sends_none(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact(EmailAddress="a@example.com"))
    sandbox.control("POST", "/xero/organisation", {"IsDemoCompany": True})
    assert email(sandbox, invoice).status == 400
    assert emailed(sandbox) == 0
