"""An invoice as a document: its PDF, and the page where it is paid."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sandbox_client import Sandbox, a_line

PDF = {"Accept": "application/pdf"}


def text_of(sandbox: Sandbox, invoice: dict[str, Any]) -> str:
    answer = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}", headers=PDF)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert "Content-Disposition" not in answer.headers, "a client must not count on it"
    (page,) = PdfReader(BytesIO(answer.data), strict=True).pages
    return str(page.extract_text())


def test_the_pdf_opens_and_says_what_is_due(sandbox: Sandbox) -> None:
    lines = [a_line(Description="Café (one\\two)", UnitAmount=617.25)]
    contact = sandbox.contact("Müller & Söhne €")
    text = text_of(sandbox, sandbox.invoice(contact, LineItems=lines, DueDate="2030-01-31"))
    for said in ("Invoice INV-0001", "Müller & Söhne €", "Café (one\\two)", "2030-01-31"):
        assert said in text
    assert "Total AUD 1357.95" in text


def test_a_pdf_of_very_many_lines_still_ends_with_the_total(sandbox: Sandbox) -> None:
    invoice = sandbox.invoice(sandbox.contact(), LineItems=[a_line()] * 80)
    assert text_of(sandbox, invoice).strip().endswith("Total AUD 8800.00")


def test_drafts_and_closed_ones_have_a_pdf_too(sandbox: Sandbox) -> None:
    draft = sandbox.invoice(sandbox.contact(), Status="DRAFT")
    assert "Total AUD 110.00" in text_of(sandbox, draft)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"Status": "AUTHORISED"}, 200),
        ({"Status": "SUBMITTED"}, 200),
        ({"Status": "DRAFT"}, 404),
        ({"Type": "ACCPAY", "InvoiceNumber": "B-1"}, 404),
    ],
)
def test_only_sales_invoices_past_the_draft_are_online(
    sandbox: Sandbox, more: dict[str, Any], status: int
) -> None:
    invoice = sandbox.invoice(sandbox.contact(), **more)
    answer = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}/OnlineInvoice")
    assert answer.status == status
    if status == 200:
        (shown,) = answer.json()["OnlineInvoices"]
        assert shown["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
        again = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}/OnlineInvoice")
        assert again.json()["OnlineInvoices"] == [shown], "the url stays"
