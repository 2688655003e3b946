"""Xero's own Python SDK takes the sandbox for Xero."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import Sandbox
from xero_python.accounting import (
    Account,
    AccountingApi,
    Contact,
    Contacts,
    Invoice,
    Invoices,
    LineItem,
    Payment,
)
from xero_python.api_client import ApiClient
from xero_python.exceptions import (
    AccountingBadRequestException,
    HTTPStatusException,
    NotFoundException,
    RateLimitException,
)
from xero_python.identity import IdentityApi

from infra.sandbox import seed


def an_invoice(contact_id: str, **more: Any) -> Invoice:
    line = LineItem(
        description="Müsli",
        quantity=Decimal(3),
        unit_amount=Decimal("0.1234"),
        account_code="200",
        tax_type="OUTPUT",
    )
    return Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact_id),
        line_items=[line],
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        status="AUTHORISED",
        **more,
    )


def make_contact(api: AccountingApi, name: str = "Acme") -> str:
    made = api.create_contacts(
        seed.TENANT_ONE,
        Contacts(contacts=[Contact(name=name, email_address="a@acme.test", contact_number=name)]),
        idempotency_key=f"contact-{name}",
    )
    return str(made.contacts[0].contact_id)


def test_it_creates_and_reads_invoices(api: AccountingApi) -> None:
    contact = make_contact(api)
    made = api.create_invoices(
        seed.TENANT_ONE,
        Invoices(invoices=[an_invoice(contact, url="https://x.test/i/1")]),
        summarize_errors=False,
        unitdp=4,
        idempotency_key="k-1",
    ).invoices[0]
    assert (made.status_attribute_string, made.has_errors) == ("OK", False)
    assert (made.invoice_number, made.date, made.due_date) == (
        "INV-0001",
        date(2026, 1, 31),
        date(2026, 2, 28),
    )
    assert (made.total, made.line_items[0].line_amount) == (Decimal("0.41"), Decimal("0.37"))
    found = api.get_invoices(
        seed.TENANT_ONE,
        if_modified_since=datetime(2020, 1, 1, tzinfo=UTC),
        where=f'Contact.ContactID==guid("{contact}") AND Status=="AUTHORISED"',
        order="UpdatedDateUTC ASC",
        page=1,
        page_size=1000,
        created_by_my_app=True,
        unitdp=4,
    )
    assert (found.pagination.item_count, len(found.invoices)) == (1, 1)
    assert found.invoices[0].invoice_id == made.invoice_id
    assert found.invoices[0].line_items[0].unit_amount == Decimal("0.1234")
    assert found.invoices[0].updated_date_utc.tzinfo is not None
    assert found.invoices[0].url == "https://x.test/i/1"
    assert api.get_invoice(seed.TENANT_ONE, made.invoice_id).invoices[0].contact.name == "Acme"


def test_an_element_error_is_in_the_element(api: AccountingApi) -> None:
    wrong = an_invoice(make_contact(api))
    wrong.line_items[0].account_code = "999"
    body = Invoices(invoices=[wrong])
    answer = api.create_invoices(seed.TENANT_ONE, body, summarize_errors=False).invoices[0]
    assert (answer.has_errors, answer.status_attribute_string) == (True, "ERROR")
    message = "Account code '999' is not a valid code for this document."
    assert answer.validation_errors[0].message == message
    with pytest.raises(AccountingBadRequestException) as refused:
        api.create_invoices(seed.TENANT_ONE, body, summarize_errors=True)
    assert refused.value.reason == message


def test_it_pays_and_voids(api: AccountingApi) -> None:
    contact = make_contact(api)
    body = Invoices(invoices=[an_invoice(contact), an_invoice(contact)])
    paid, voided = api.create_invoices(seed.TENANT_ONE, body, unitdp=4).invoices
    payment = Payment(
        invoice=Invoice(invoice_id=paid.invoice_id),
        account=Account(code="090"),
        date=date(2026, 2, 1),
        amount=Decimal("0.41"),
        reference="pp-1",
    )
    made = api.create_payment(seed.TENANT_ONE, payment).payments[0]
    assert (made.amount, made.status, made.date) == (
        Decimal("0.41"),
        "AUTHORISED",
        date(2026, 2, 1),
    )
    assert api.get_invoice(seed.TENANT_ONE, paid.invoice_id).invoices[0].status == "PAID"
    change = Invoices(invoices=[Invoice(status="VOIDED")])
    after = api.update_invoice(seed.TENANT_ONE, voided.invoice_id, change).invoices[0]
    assert after.status == "VOIDED"


def test_it_reads_the_rest(api: AccountingApi, client: ApiClient, sandbox: Sandbox) -> None:
    organisation = api.get_organisations(seed.TENANT_ONE).organisations[0]
    assert organisation.timezone.value == "AUSEASTERNSTANDARDTIME"
    accounts = api.get_accounts(seed.TENANT_ONE, where='Type=="BANK" AND Status=="ACTIVE"').accounts
    assert [account.code for account in accounts] == ["090", "091"]
    assert len(api.get_tax_rates(seed.TENANT_ONE).tax_rates) == 6
    contact = make_contact(api)
    found = api.get_contacts(
        seed.TENANT_ONE, where='EmailAddress=="a@acme.test"', page=1, include_archived=True
    )
    assert [one.contact_id for one in found.contacts] == [contact]
    assert api.get_contact_by_contact_number(seed.TENANT_ONE, "Acme").contacts[0].name == "Acme"
    identity = IdentityApi(client, base_url=f"{sandbox.base}/xero")
    assert [one.tenant_id for one in identity.get_connections()] == list(seed.TENANTS)


def test_it_reads_the_pdf_and_the_online_url(api: AccountingApi) -> None:
    body = Invoices(invoices=[an_invoice(make_contact(api))])
    made = api.create_invoices(seed.TENANT_ONE, body).invoices[0]
    data = api.get_invoice_as_pdf(seed.TENANT_ONE, made.invoice_id, _preload_content=False).data
    assert data.startswith(b"%PDF-")
    online = api.get_online_invoice(seed.TENANT_ONE, made.invoice_id).online_invoices[0]
    assert online.online_invoice_url.startswith("https://")


def test_it_raises_as_with_xero(api: AccountingApi, sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundException):
        api.get_invoice(seed.TENANT_ONE, seed.TENANT_ONE)
    with pytest.raises(HTTPStatusException) as forbidden:
        api.get_organisations("3f0a0000-0000-4000-8000-00000000000f")
    assert forbidden.value.status == 403
    sandbox.fault("xero", "rate_limited", problem="day", retry_after=66_975)
    with pytest.raises(RateLimitException) as limited:
        api.get_organisations(seed.TENANT_ONE)
    assert limited.value.rate_limit == "day"
    make_contact(api)
    with pytest.raises(AccountingBadRequestException, match="already assigned"):
        api.create_contacts(seed.TENANT_ONE, Contacts(contacts=[Contact(name="ACME")]))
