"""Payments by the app and by a person: what they do to an invoice, and when they are refused."""

from typing import Any

import pytest
from sandbox_client import Sandbox, problems

from infra.sandbox import seed

NOT_AUTHORISED = "Payments can only be made against Authorised documents"
EXCEEDS = "Payment amount exceeds the amount outstanding on this document"


def pay(sandbox: Sandbox, invoice: dict[str, Any], method: str = "PUT", **more: Any) -> Any:
    payment = {
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "Account": {"Code": "090"},
        "Amount": 110,
        "Date": "2026-03-01",
        "Reference": "pp-1",
        **more,
    }
    body = payment if method == "POST" else {"Payments": [payment]}
    return sandbox.xero(method, "/Payments", body)


def stored(sandbox: Sandbox, invoice: dict[str, Any]) -> dict[str, Any]:
    answer = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}")
    return dict(answer.json()["Invoices"][0])


@pytest.fixture
def invoice(sandbox: Sandbox) -> dict[str, Any]:
    """An authorised invoice of 110."""
    return sandbox.invoice(sandbox.contact())


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_whole_payment_makes_it_paid(
    sandbox: Sandbox, invoice: dict[str, Any], method: str
) -> None:
    (payment,) = pay(sandbox, invoice, method).json()["Payments"]
    assert (payment["Status"], payment["Amount"], payment["Reference"]) == (
        "AUTHORISED",
        110,
        "pp-1",
    )
    after = stored(sandbox, invoice)
    assert (after["Status"], after["AmountDue"], after["AmountPaid"]) == ("PAID", 0, 110)
    assert after["FullyPaidOnDate"] == "/Date(1772323200000+0000)/"
    assert [one["PaymentID"] for one in after["Payments"]] == [payment["PaymentID"]]
    assert after["Payments"][0]["Reference"] == "pp-1"
    (effect,) = sandbox.control("GET", "/effects?kind=payment.created")["effects"]
    assert (effect["id"], effect["mark"]) == (payment["PaymentID"], "pp-1")


def test_part_payments_add_up(sandbox: Sandbox, invoice: dict[str, Any]) -> None:
    pay(sandbox, invoice, Amount=10.1)
    after = stored(sandbox, invoice)
    assert (after["Status"], after["AmountDue"]) == ("AUTHORISED", 99.9)
    assert problems(pay(sandbox, invoice, Amount=99.91)) == [EXCEEDS]
    pay(sandbox, invoice, Amount=99.9)
    assert stored(sandbox, invoice)["Status"] == "PAID"
    assert problems(pay(sandbox, invoice, Amount=1)) == [NOT_AUTHORISED, EXCEEDS]


@pytest.mark.parametrize(
    ("more", "messages"),
    [
        ({"Account": {"Code": "200"}}, ["Account type is invalid for making a payment to/from"]),
        ({"Account": {"Code": "999"}}, ["Account could not be found"]),
        ({"Amount": 0}, ["The payment amount must be greater than zero."]),
        (
            {"Invoice": {"InvoiceID": seed.TENANT_ONE}},
            ["The document with the supplied id was not found for this endpoint."],
        ),
    ],
)
def test_refusals(
    sandbox: Sandbox, invoice: dict[str, Any], more: dict[str, Any], messages: list[str]
) -> None:
    assert problems(pay(sandbox, invoice, **more)) == messages
    assert stored(sandbox, invoice)["AmountPaid"] == 0
    assert "xero.payment.created" not in sandbox.counts()


def test_other_accounts_may_take_payments(sandbox: Sandbox, invoice: dict[str, Any]) -> None:
    assert pay(sandbox, invoice, Account={"Code": "880"}).status == 200


def test_a_draft_is_not_paid(sandbox: Sandbox) -> None:
    draft = sandbox.invoice(sandbox.contact(), Status="DRAFT")
    assert problems(pay(sandbox, draft)) == [NOT_AUTHORISED, EXCEEDS]


def test_a_locked_period_takes_no_payment(sandbox: Sandbox, invoice: dict[str, Any]) -> None:
    sandbox.control("POST", "/xero/organisation", {"PeriodLockDate": "2026-03-01"})
    assert len(problems(pay(sandbox, invoice))) == 1
    assert pay(sandbox, invoice, Date="2026-03-02").status == 200


def test_deleting_a_payment_gives_the_invoice_back(
    sandbox: Sandbox, invoice: dict[str, Any]
) -> None:
    identity = pay(sandbox, invoice).json()["Payments"][0]["PaymentID"]
    path = f"/Payments/{identity}"
    assert len(problems(sandbox.xero("POST", path, {"Reference": "changed"}))) == 1
    sandbox.advance(5)
    (deleted,) = sandbox.xero("POST", path, {"Status": "DELETED"}).json()["Payments"]
    assert deleted["Status"] == "DELETED"
    after = stored(sandbox, invoice)
    assert (after["Status"], after["AmountDue"], after["Payments"]) == ("AUTHORISED", 110, [])
    assert "FullyPaidOnDate" not in after
    assert after["UpdatedDateUTC"] != invoice["UpdatedDateUTC"]
    assert len(problems(sandbox.xero("POST", path, {"Status": "DELETED"}))) == 1
    assert sandbox.counts()["xero.payment.deleted"] == 1


def test_payments_are_listed_by_invoice_and_reference(
    sandbox: Sandbox, invoice: dict[str, Any]
) -> None:
    other = sandbox.invoice(invoice["Contact"]["ContactID"])
    pay(sandbox, invoice, Amount=1, Reference="a")
    pay(sandbox, other, Amount=2, Reference="b")
    for where, amounts in (
        (f'Invoice.InvoiceID==guid("{invoice["InvoiceID"]}")', [1]),
        (f'Invoice.InvoiceID=guid("{other["InvoiceID"]}") AND Reference=="b"', [2]),
        ('Status=="AUTHORISED"', [1, 2]),
    ):
        path = "/Payments?where=" + where.replace(" ", "%20").replace('"', "%22")
        found = sandbox.xero("GET", path).json()["Payments"]
        assert [payment["Amount"] for payment in found] == amounts
    single = sandbox.xero("GET", f"/Payments/{found[0]['PaymentID']}").json()["Payments"]
    assert single == found[:1]


def test_a_person_pays_and_unpays(sandbox: Sandbox, invoice: dict[str, Any]) -> None:
    path = f"/xero/invoices/{invoice['InvoiceID']}"
    part = sandbox.control("POST", f"{path}/pay", {"amount": 10, "date": "2026-01-31"})
    assert (part["Status"], part["AmountDue"]) == ("AUTHORISED", 100)
    paid = sandbox.control("POST", f"{path}/pay", {})
    assert (paid["Status"], len(paid["Payments"])) == ("PAID", 2)
    assert "error" in sandbox.control("POST", f"{path}/pay", {}, status=400)
    assert sandbox.control("POST", f"{path}/unpay", {})["Status"] == "AUTHORISED"
    assert sandbox.control("POST", f"{path}/void", {})["Status"] == "VOIDED"
    report = sandbox.control("GET", "/effects")
    assert "xero.payment.created" not in report["counts"]
    assert report["counts_by_person"]["xero.payment.created"] == 2
    assert report["counts_by_person"]["xero.invoice.voided"] == 1


def test_a_person_approves_and_renames_the_mark(sandbox: Sandbox) -> None:
    draft = sandbox.invoice(sandbox.contact(), Status="DRAFT", Url="https://x.test/1")
    path = f"/xero/invoices/{draft['InvoiceID']}"
    assert sandbox.control("POST", f"{path}/status", {"status": "AUTHORISED"})["Status"] == (
        "AUTHORISED"
    )
    assert "error" in sandbox.control("POST", f"{path}/status", {"status": "DRAFT"}, status=400)
    assert "Url" not in sandbox.control("POST", f"{path}/url", {"url": ""})
    assert sandbox.control("POST", f"{path}/url", {"url": "https://y.test"})["Url"] == (
        "https://y.test"
    )
    missing = f"/xero/invoices/{seed.TENANT_ONE}/pay"
    assert "error" in sandbox.control("POST", missing, {}, status=404)
