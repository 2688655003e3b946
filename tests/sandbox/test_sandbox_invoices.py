"""Making invoices: arithmetic, numbers, validation, the shapes of answers."""

import re
from typing import Any

import pytest
from sandbox_client import Sandbox, a_line, an_invoice, problems

from infra.sandbox import seed


def test_an_invoice_comes_back_whole(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/clock", {"set": "2026-02-10T14:30:00Z"})
    contact = sandbox.contact(ContactNumber="c-1")
    invoice = sandbox.invoice(contact, Url="https://fleet.test/i/1", Reference="order-1")
    assert invoice["InvoiceNumber"] == "INV-0001"
    assert invoice["Contact"]["ContactID"] == contact
    # 14:30 UTC is the next day in Sydney: the organisation's date counts.
    assert invoice["DateString"] == "2026-02-11T00:00:00"
    assert invoice["Date"] == "/Date(1770768000000+0000)/"
    assert invoice["DueDateString"] == "2026-02-25T00:00:00", "the organisation's 14 days"
    assert re.fullmatch(r"/Date\(17707338\d{5}\+0000\)/", invoice["UpdatedDateUTC"])
    assert invoice["UpdatedDateUTCString"].startswith("2026-02-10T14:30:")
    amounts = {name: invoice[name] for name in ("SubTotal", "TotalTax", "Total", "AmountDue")}
    assert amounts == {"SubTotal": 100, "TotalTax": 10, "Total": 110, "AmountDue": 110}
    assert len(invoice["LineItems"][0]["LineItemID"]) == 36
    by_number = sandbox.xero("GET", "/Invoices/INV-0001").json()["Invoices"][0]
    assert by_number == invoice
    effects = sandbox.control("GET", "/effects?kind=invoice.created")["effects"]
    assert [(effect["id"], effect["mark"]) for effect in effects] == [
        (invoice["InvoiceID"], "https://fleet.test/i/1")
    ]


@pytest.mark.parametrize(
    ("line", "unitdp", "amount"),
    [
        ({"Quantity": 3, "UnitAmount": 0.1234}, 4, 0.37),
        ({"Quantity": 3, "UnitAmount": 0.1234}, 2, 0.36),
        ({"Quantity": 1, "UnitAmount": 0.125}, 4, 0.13),
        ({"Quantity": 3, "UnitAmount": 9.99, "DiscountRate": 12.5}, 2, 26.22),
        ({"Quantity": 3, "UnitAmount": 9.99, "DiscountAmount": 1}, 2, 28.97),
        ({"Quantity": "2.5", "UnitAmount": "0.10"}, 2, 0.25),
    ],
)
def test_a_line_is_quantity_times_price_less_discount_half_up(
    sandbox: Sandbox, line: dict[str, Any], unitdp: int, amount: float
) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), LineItems=[a_line(**line)])]}
    answer = sandbox.xero("PUT", f"/Invoices?unitdp={unitdp}", body)
    assert answer.json()["Invoices"][0]["LineItems"][0]["LineAmount"] == amount


def test_tax_is_rounded_per_line_then_summed(sandbox: Sandbox) -> None:
    lines = [a_line(Quantity=1, UnitAmount=0.15)] * 3  # 0.015 each: 0.02 + 0.02 + 0.02
    contact = sandbox.contact()
    invoice = sandbox.invoice(contact, LineItems=lines)
    assert (invoice["SubTotal"], invoice["TotalTax"], invoice["Total"]) == (0.45, 0.06, 0.51)
    inside = [a_line(Quantity=1, UnitAmount=11)] * 3
    invoice = sandbox.invoice(contact, LineItems=inside, LineAmountTypes="Inclusive")
    assert (invoice["SubTotal"], invoice["TotalTax"], invoice["Total"]) == (30, 3, 33)
    invoice = sandbox.invoice(contact, LineItems=inside, LineAmountTypes="NoTax")
    assert (invoice["SubTotal"], invoice["TotalTax"], invoice["Total"]) == (33, 0, 33)
    exempt = [a_line(Quantity=1, UnitAmount=11, TaxType="EXEMPTOUTPUT")]
    assert sandbox.invoice(contact, LineItems=exempt)["TotalTax"] == 0


def test_unit_amounts_are_read_with_two_decimals_unless_asked(sandbox: Sandbox) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), LineItems=[a_line(UnitAmount=0.1256)])]}
    sandbox.xero("PUT", "/Invoices?unitdp=4", body)
    two = sandbox.xero("GET", "/Invoices/INV-0001").json()["Invoices"][0]
    four = sandbox.xero("GET", "/Invoices/INV-0001?unitdp=4").json()["Invoices"][0]
    assert two["LineItems"][0]["UnitAmount"] == 0.13
    assert four["LineItems"][0]["UnitAmount"] == 0.1256


def test_numbers_are_unique_and_given_out(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    assert sandbox.invoice(contact, InvoiceNumber="INV-0002")["InvoiceNumber"] == "INV-0002"
    assert sandbox.invoice(contact)["InvoiceNumber"] == "INV-0001"
    assert sandbox.invoice(contact)["InvoiceNumber"] == "INV-0003", "0002 is taken"
    taken = {"Invoices": [an_invoice(contact, InvoiceNumber="inv-0002")]}
    assert problems(sandbox.xero("PUT", "/Invoices", taken)) == ["Invoice # must be unique."]
    bills = {"Invoices": [an_invoice(contact, Type="ACCPAY", InvoiceNumber="INV-0002")] * 2}
    assert sandbox.xero("PUT", "/Invoices", bills).status == 200, "ACCPAY numbers may repeat"
    assert sandbox.counts()["xero.invoice.created"] == 5


def test_post_with_a_known_number_updates(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    first = sandbox.invoice(contact, InvoiceNumber="A-1")
    body = {"Invoices": [{"Type": "ACCREC", "InvoiceNumber": "A-1", "Reference": "changed"}]}
    second = sandbox.xero("POST", "/Invoices", body).json()["Invoices"][0]
    assert (second["InvoiceID"], second["Reference"]) == (first["InvoiceID"], "changed")
    assert second["Total"] == first["Total"]
    assert sandbox.counts()["xero.invoice.updated"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Contact": {}}, "A Contact must be specified for this type of transaction"),
        (
            {"Contact": {"ContactID": seed.TENANT_ONE}},
            "A Contact must be specified for this type of transaction",
        ),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"LineItems": [a_line(AccountCode=None)]}, "Account code must be specified"),
        ({"LineItems": [a_line(Description="")]}, "Description must be specified."),
        (
            {"LineItems": [a_line(AccountCode="999")]},
            "Account code '999' is not a valid code for this document.",
        ),
        (
            {"LineItems": [a_line(AccountCode="090")]},
            "Account code '090' is not a valid code for this document.",
        ),
        (
            {"LineItems": [a_line(TaxType="VAT")]},
            "The TaxType code 'VAT' does not exist or cannot be used for this type of transaction.",
        ),
        (
            {"LineItems": [a_line(LineAmount=99)]},
            "The line total 99.00 does not match the expected line total 100.00",
        ),
        (
            {"LineItems": [a_line(Description="x" * 4001)]},
            "Description cannot be longer than 4000 characters",
        ),
        (
            {"LineItems": [a_line(UnitAmount=9_999_999_999)]},
            "The line total cannot be larger than 9999999999.99",
        ),
        (
            {"InvoiceNumber": "N° 1"},
            "Invoice # can only contain printable ASCII characters.",
        ),
        ({"InvoiceNumber": "1" * 256}, "Invoice # cannot be longer than 255 characters."),
        ({"Reference": "1" * 256}, "Reference cannot be longer than 255 characters."),
        ({"Status": "PAID"}, "Invoice not of valid status for creation"),
        ({"Status": "VOIDED"}, "Invoice not of valid status for creation"),
        ({"CurrencyCode": "EUR"}, "Organisation is not subscribed to currency EUR"),
        ({"Type": None}, "The Invoice Type must be specified."),
    ],
)
def test_what_an_authorised_invoice_must_not_be(
    sandbox: Sandbox, changes: dict[str, Any], message: str
) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), **changes)]}
    assert problems(sandbox.xero("PUT", "/Invoices", body)) == [message]
    assert "xero.invoice.created" not in sandbox.counts()


def test_a_draft_may_be_incomplete(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    draft = sandbox.invoice(contact, Status=None, LineItems=[{"Description": "later"}])
    assert (draft["Status"], draft["Total"]) == ("DRAFT", 0)
    approve = {"Invoices": [{"LineItems": [], "Status": "AUTHORISED"}]}
    refused = sandbox.xero("POST", f"/Invoices/{draft['InvoiceID']}", approve)
    assert problems(refused) == ["One or more line items must be specified"]
    wrong = {"Invoices": [an_invoice(contact, Status="DRAFT", LineItems=[a_line(TaxType="VAT")])]}
    assert len(problems(sandbox.xero("PUT", "/Invoices", wrong))) == 1


def test_an_archived_contact_is_not_invoiced(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    sandbox.control("POST", f"/xero/contacts/{contact}/archive", {})
    (message,) = problems(sandbox.xero("PUT", "/Invoices", {"Invoices": [an_invoice(contact)]}))
    assert "The contact must be un-archived" in message


def test_a_contact_element_with_more_than_its_id_edits_the_contact(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    sandbox.invoice(contact)
    assert "xero.contact.updated" not in sandbox.counts()
    sandbox.invoice(contact, Contact={"ContactID": contact, "Name": "Acme Renamed"})
    assert sandbox.counts()["xero.contact.updated"] == 1
    sandbox.invoice(contact, Contact={"Name": "Brand New"})
    assert sandbox.counts()["xero.contact.created"] == 2


def test_one_refused_element_refuses_the_call(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    body = {"Invoices": [an_invoice(contact), an_invoice(contact, LineItems=[])]}
    answer = sandbox.xero("PUT", "/Invoices", body)
    assert problems(answer) == ["One or more line items must be specified"]
    refusal = answer.json()
    assert (refusal["ErrorNumber"], refusal["Type"]) == (10, "ValidationException")
    assert refusal["Elements"][0]["HasErrors"] is True
    assert refusal["Elements"][0]["InvoiceID"] == "00000000-0000-0000-0000-000000000000"
    assert sandbox.invoices("page=1") == []
    assert "xero.invoice.created" not in sandbox.counts()


def test_with_summarize_errors_false_the_others_are_saved(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    body = {"Invoices": [an_invoice(contact), an_invoice(contact, LineItems=[], Date="2026-01-31")]}
    answer = sandbox.xero("PUT", "/Invoices?summarizeErrors=False", body)
    assert answer.status == 200
    good, bad = answer.json()["Invoices"]
    assert (good["StatusAttributeString"], good["HasErrors"]) == ("OK", False)
    assert (bad["StatusAttributeString"], bad["HasErrors"]) == ("ERROR", True)
    assert bad["Date"] == "/Date(1769817600000+0000)/"
    assert bad["ValidationErrors"] == [{"Message": "One or more line items must be specified"}]
    assert sandbox.counts()["xero.invoice.created"] == 1


def test_a_number_twice_in_one_call_is_refused_once(sandbox: Sandbox) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), InvoiceNumber="A-1")] * 2}
    answer = sandbox.xero("PUT", "/Invoices?summarizeErrors=false", body)
    statuses = [element["StatusAttributeString"] for element in answer.json()["Invoices"]]
    assert statuses == ["OK", "ERROR"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"LineItems": "none"}, "Invoices[0].LineItems"),
        ({"LineItems": [{"Quantity": "many"}]}, "Invoices[0].LineItems[0].Quantity"),
        ({"LineItems": [{"Quantity": True}]}, "Invoices[0].LineItems[0].Quantity"),
        ({"Date": "31/01/2026"}, "Invoices[0].Date"),
        ({"LineAmountTypes": "NO_TAX"}, "Invoices[0].LineAmountTypes"),
        ({"Contact": {"ContactID": "not-a-guid"}}, "Invoices[0].Contact.ContactID"),
        ({"Reference": {"a": 1}}, "Invoices[0].Reference"),
        ({"SentToContact": "maybe"}, "Invoices[0].SentToContact"),
    ],
)
def test_a_wrong_type_refuses_the_body(sandbox: Sandbox, wrong: dict[str, Any], path: str) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), **wrong)]}
    answer = sandbox.xero("PUT", "/Invoices?summarizeErrors=false", body)
    assert answer.status == 400
    refusal = answer.json()
    assert (refusal["ErrorNumber"], refusal["Type"]) == (14, "PostDataInvalidException")
    assert f"Path '{path}'" in refusal["Message"]
    assert "Elements" not in refusal


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"Invoices": []}'])
def test_a_body_that_is_none_is_refused(sandbox: Sandbox, body: bytes) -> None:
    answer = sandbox.xero("PUT", "/Invoices", body)
    assert (answer.status, answer.json()["ErrorNumber"]) == (400, 14)


def test_unknown_properties_are_ignored(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact(), HasErrors=False, Colour="red")
    assert "Colour" not in invoice
