"""What the sandbox answers, and what Xero's SDK asks of it, against Xero's own OpenAPI document."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import Sandbox, a_line, an_invoice
from xero_python.accounting import (
    Account,
    AccountingApi,
    Contact,
    Contacts,
    Invoice,
    Invoices,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
    RepeatingInvoice,
    RepeatingInvoices,
    RequestEmpty,
    Schedule,
)
from xero_python.exceptions import AccountingBadRequestException

from infra.sandbox import seed
from tests.harness.specification import FILE, Specification, find

ONE = seed.TENANT_ONE
LINE = LineItem(
    description="Müsli",
    quantity=Decimal(3),
    unit_amount=Decimal("12.5"),
    account_code="200",
    tax_type="OUTPUT",
)


@pytest.fixture(scope="module")
def specification() -> Specification:
    found = find()
    if found is None:
        pytest.skip(f"{FILE} is neither in $FLEET_SPECS nor in ../shared/specs: nothing is checked")
    return found


@pytest.fixture
def recorded(sandbox: Sandbox, specification: Specification) -> Iterator[Sandbox]:
    """A sandbox whose every exchange in the test is checked at its end."""
    sandbox.control("POST", "/recording", {"on": True})
    yield sandbox
    exchanges = recording(sandbox)
    assert exchanges, "nothing was recorded"
    found = {problem for exchange in exchanges for problem in specification.problems(exchange)}
    assert not found, "\n".join(sorted(found))


def recording(sandbox: Sandbox) -> list[dict[str, Any]]:
    exchanges = sandbox.control("GET", "/recording?platform=xero")["exchanges"]
    return [one for one in exchanges if one["path"].startswith("/api.xro/2.0/")]


def bought(contact: str, **more: Any) -> Invoice:
    return Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact),
        line_items=[LINE],
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        status="AUTHORISED",
        **more,
    )


def contact_of(api: AccountingApi) -> str:
    new = Contact(name="Acme", email_address="a@acme.test", contact_number="c-1")
    made = api.create_contacts(ONE, Contacts(contacts=[new]), summarize_errors=False)
    return str(made.contacts[0].contact_id)


def test_a_tour_of_invoices_and_payments(recorded: Sandbox, api: AccountingApi) -> None:
    contact = contact_of(api)
    body = Invoices(invoices=[bought(contact, url="https://x.test/1"), bought(contact)])
    one, two = api.create_invoices(
        ONE, body, summarize_errors=False, unitdp=4, idempotency_key="k"
    ).invoices
    api.get_invoices(ONE, page=1, page_size=1000, order="UpdatedDateUTC ASC", unitdp=4)
    api.get_invoices(ONE, i_ds=[one.invoice_id, two.invoice_id], statuses=["AUTHORISED"])
    api.get_invoices(ONE, summary_only=True, search_term="INV")
    api.get_invoices(ONE)
    api.get_invoice(ONE, one.invoice_id, unitdp=4)
    api.get_invoice_as_pdf(ONE, one.invoice_id, _preload_content=False)
    api.get_online_invoice(ONE, one.invoice_id)
    api.email_invoice(ONE, one.invoice_id, RequestEmpty(), idempotency_key="m")
    api.update_invoice(ONE, one.invoice_id, Invoices(invoices=[Invoice(reference="r")]))
    payment = Payment(
        invoice=Invoice(invoice_id=one.invoice_id),
        account=Account(code="090"),
        date=date(2026, 2, 1),
        amount=Decimal(10),
        reference="p-1",
    )
    paid = api.create_payment(ONE, payment, idempotency_key="p").payments[0]
    api.create_payments(ONE, Payments(payments=[payment]), summarize_errors=False)
    api.get_payments(ONE, page=1)
    api.get_payment(ONE, paid.payment_id)
    api.get_invoice(ONE, one.invoice_id)
    api.delete_payment(ONE, paid.payment_id, PaymentDelete(status="DELETED"))
    voided = Invoices(invoices=[Invoice(status="VOIDED")])
    api.update_invoice(ONE, two.invoice_id, voided)
    assert len(recording(recorded)) >= 17


def test_a_tour_of_templates(recorded: Sandbox, api: AccountingApi) -> None:
    contact = contact_of(api)
    recorded.control("POST", "/clock", {"set": "2026-01-01T00:00:00Z"})
    schedule = Schedule(
        period=1,
        unit="MONTHLY",
        due_date=14,
        due_date_type="DAYSAFTERBILLDATE",
        start_date=date(2026, 1, 31),
        end_date=date(2026, 12, 31),
    )
    wanted = RepeatingInvoice(
        type="ACCREC",
        contact=Contact(contact_id=contact),
        schedule=schedule,
        line_items=[LINE],
        status="AUTHORISED",
        approved_for_sending=True,
        include_pdf=True,
    )
    body = RepeatingInvoices(repeating_invoices=[wanted])
    (made,) = api.create_repeating_invoices(
        ONE, body, summarize_errors=False, idempotency_key="t"
    ).repeating_invoices
    recorded.control("POST", "/clock", {"set": "2026-02-01T00:00:00Z"})
    api.get_repeating_invoices(ONE, where='Status=="AUTHORISED"')
    api.get_repeating_invoice(ONE, made.repeating_invoice_id)
    api.get_invoices(ONE, page=1)
    wanted.repeating_invoice_id, wanted.reference = made.repeating_invoice_id, "changed"
    api.update_repeating_invoice(ONE, made.repeating_invoice_id, body)
    gone = RepeatingInvoice(repeating_invoice_id=made.repeating_invoice_id, status="DELETED")
    deleted = RepeatingInvoices(repeating_invoices=[gone])
    api.update_or_create_repeating_invoices(ONE, deleted, summarize_errors=False)


def test_a_tour_of_what_is_read(recorded: Sandbox, api: AccountingApi) -> None:
    contact = contact_of(api)
    recorded.control("POST", "/xero/organisation", {"PeriodLockDate": "2025-06-30"})
    api.get_organisations(ONE)
    api.get_organisation_actions(ONE)
    api.get_accounts(ONE, where='Type=="BANK" AND Status=="ACTIVE"')
    api.get_tax_rates(ONE)
    api.get_contacts(ONE, page=1, page_size=10, include_archived=True, summary_only=False)
    api.get_contacts(ONE, search_term="acme")
    api.get_contact(ONE, contact)
    recorded.control("POST", f"/xero/contacts/{contact}/archive", {})
    api.get_contacts(ONE, i_ds=[contact], include_archived=True)


def test_a_tour_of_refusals(recorded: Sandbox, api: AccountingApi) -> None:
    wrong = bought(contact_of(api))
    wrong.status = "PAID"
    body = Invoices(invoices=[wrong])
    api.create_invoices(ONE, body, summarize_errors=False)
    with pytest.raises(AccountingBadRequestException):
        api.create_invoices(ONE, body, summarize_errors=True)
    api.create_payments(
        ONE, Payments(payments=[Payment(amount=Decimal(1))]), summarize_errors=False
    )
    api.create_repeating_invoices(
        ONE, RepeatingInvoices(repeating_invoices=[RepeatingInvoice()]), summarize_errors=False
    )
    api.create_contacts(ONE, Contacts(contacts=[Contact(name="ACME")]), summarize_errors=False)
    with pytest.raises(AccountingBadRequestException):
        api.get_invoices(ONE, where="Nonsense==1")


def exchange_of(sandbox: Sandbox, method: str, path: str, body: Any = None, **more: Any) -> Any:
    sandbox.control("POST", "/recording", {"on": True})
    sandbox.xero(method, path, body, **more)
    (exchange,) = recording(sandbox)
    return exchange


@pytest.mark.parametrize(
    ("call", "body", "problem"),
    [
        ("GET /Invoices?pagesize=10", None, "`pagesize` is not in the document"),
        ("GET /Invoices?page=one", None, "`page` is not integer"),
        ("GET /Invoices?IDs=1,2", None, "`IDs` is not array"),
        ("GET /Invoice", None, "no such operation"),
        ("PATCH /Invoices", {}, "no such operation"),
        ("PUT /Invoices", b"{", "the request is not JSON"),
        ("PUT /Invoices", {"Invoices": [{"Refrence": "x"}]}, "'Refrence' was unexpected"),
        ("PUT /Invoices", {"Invoices": [{"Date": "31/01/2026"}]}, "does not match"),
        ("PUT /Invoices", {"Invoices": [{"Status": "OPEN"}]}, "is not one of"),
        ("PUT /Invoices", {"Invoices": [{"InvoiceID": "7"}]}, "is not a 'uuid'"),
        ("PUT /Contacts", {"Contacts": [{"Name": "n" * 300}]}, "is too long"),
        ("PUT /RepeatingInvoices?unitdp=4", {}, "`unitdp` is not in the document"),
    ],
)
def test_what_is_not_in_the_document_is_found(
    sandbox: Sandbox, specification: Specification, call: str, body: Any, problem: str
) -> None:
    exchange = exchange_of(sandbox, *call.split(), body)
    exchange["status"] = 200 if exchange["status"] == 404 else exchange["status"]
    assert any(problem in found for found in specification.problems(exchange))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"headers": {}}, "`xero-tenant-id` is missing"),
        ({"headers": {"xero-tenant-id": ONE, "idempotency-key": "k" * 129}}, "longer than 128"),
        ({"status": 201}, "201 is not in the document"),
        ({"response_content_type": "text/html"}, "content type text/html"),
        ({"response_body": '{"Invoices": [{"Total": "1.00"}]}'}, "is not of type 'number'"),
        ({"response_body": '{"Invoices": [{"Nonsense": 1}]}'}, "'Nonsense' was unexpected"),
    ],
)
def test_a_wrong_exchange_is_found(
    sandbox: Sandbox, specification: Specification, changes: dict[str, Any], problem: str
) -> None:
    body = {"Invoices": [an_invoice(sandbox.contact(), LineItems=[a_line()])]}
    exchange = exchange_of(sandbox, "PUT", "/Invoices", body)
    assert specification.problems(exchange) == []
    assert any(problem in found for found in specification.problems({**exchange, **changes}))


def test_a_recording_holds_whole_exchanges_but_no_token(sandbox: Sandbox) -> None:
    sandbox.xero("GET", "/Organisation")
    assert sandbox.control("GET", "/recording")["exchanges"] == [], "off unless ordered"
    exchange = exchange_of(sandbox, "GET", "/Invoices?page=1&unitdp=4", key="k-1")
    assert (exchange["path"], exchange["query"]) == ("/api.xro/2.0/Invoices", "page=1&unitdp=4")
    assert exchange["headers"]["idempotency-key"] == "k-1"
    assert seed.ACCESS_TOKEN not in str(exchange)
    assert exchange["response_body"].startswith("{")
    sandbox.control("POST", "/recording", {"on": False})
    sandbox.xero("GET", "/Organisation")
    assert len(recording(sandbox)) == 1
