"""Lists of invoices and contacts: filters, pages, order, If-Modified-Since."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sandbox_client import Sandbox

from infra.sandbox import seed


@pytest.fixture
def three(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Three invoices a minute apart, of two contacts; the clock ends a minute after the last."""
    sandbox.control("POST", "/clock", {"set": "2026-03-01T10:00:00.600Z"})
    acme, other = sandbox.contact("Acme", ContactNumber="c-1"), sandbox.contact("Other")
    made = []
    for contact, more in (
        (acme, {"Reference": "one"}),
        (other, {"Reference": "Two", "Status": "DRAFT"}),
        (acme, {"Reference": "three", "Date": "2026-01-15"}),
    ):
        made.append(sandbox.invoice(contact, **more))
        sandbox.advance(60)
    return made


def references(sandbox: Sandbox, query: str, **headers: str) -> list[str]:
    return [invoice["Reference"] for invoice in sandbox.invoices(query, **headers)]


def test_an_unpaged_list_has_no_lines(sandbox: Sandbox, three: list[dict[str, Any]]) -> None:
    answer = sandbox.xero("GET", "/Invoices").json()
    assert "pagination" not in answer
    assert [invoice["LineItems"] for invoice in answer["Invoices"]] == [[], [], []]
    assert "EmailAddress" not in answer["Invoices"][0]["Contact"]
    assert len(answer["Invoices"]) == len(three)


def test_a_page_has_lines_and_says_how_many_there_are(
    sandbox: Sandbox, three: list[dict[str, Any]]
) -> None:
    answer = sandbox.xero("GET", "/Invoices?page=2&pageSize=2").json()
    assert answer["pagination"] == {"page": 2, "pageSize": 2, "pageCount": 2, "itemCount": 3}
    assert [invoice["InvoiceID"] for invoice in answer["Invoices"]] == [three[2]["InvoiceID"]]
    assert answer["Invoices"][0]["LineItems"][0]["LineAmount"] == 100
    assert sandbox.invoices("page=9") == []
    assert sandbox.invoices("page=1&summaryOnly=true")[0]["LineItems"] == []


@pytest.mark.usefixtures("three")
def test_statuses_enforce_paging(sandbox: Sandbox) -> None:
    answer = sandbox.xero("GET", "/Invoices?Statuses=DRAFT,SUBMITTED").json()
    assert answer["pagination"]["itemCount"] == 1
    assert len(answer["Invoices"][0]["LineItems"]) == 1


@pytest.mark.parametrize("size", ["0", "1001", "x"])
def test_a_page_size_is_1_to_1000(sandbox: Sandbox, size: str) -> None:
    assert sandbox.xero("GET", f"/Invoices?page=1&pageSize={size}").status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("order=UpdatedDateUTC+ASC", ["one", "Two", "three"]),
        ("order=UpdatedDateUTC%20DESC", ["three", "Two", "one"]),
        ("order=Date", ["three", "one", "Two"]),
        ("InvoiceNumbers=INV-0001,INV-0003", ["one", "three"]),
        ('where=Status=="AUTHORISED"', ["one", "three"]),
        ('where=Status!%3D"AUTHORISED"', ["Two"]),
        ('where=Reference=="two"', ["Two"]),
        ('where=InvoiceNumber=="INV-0003" AND Reference=="three"', ["three"]),
        ('where=InvoiceNumber=="INV-0003" AND Reference=="one"', []),
        ('where=InvoiceNumber=="INV-0003" OR Reference=="one"', ["one", "three"]),
        ("where=Date<DateTime(2026,2,1)", ["three"]),
        ("where=AmountDue>100 AND Date>%3DDateTime(2026, 02, 01)", ["one", "Two"]),
        ('where=Contact.Name=="ACME"', ["one", "three"]),
        ('where=Contact.ContactNumber=="c-1"', ["one", "three"]),
        ("searchTerm=thr", ["three"]),
        ("IDs=", []),
    ],
)
@pytest.mark.usefixtures("three")
def test_filters_and_orders(sandbox: Sandbox, query: str, expected: list[str]) -> None:
    assert references(sandbox, query.replace(" ", "%20").replace('"', "%22")) == expected


def test_filters_by_id(sandbox: Sandbox, three: list[dict[str, Any]]) -> None:
    ids = [invoice["InvoiceID"] for invoice in three]
    assert references(sandbox, f"IDs={ids[0].upper()},{ids[2]}") == ["one", "three"]
    contact = three[1]["Contact"]["ContactID"]
    assert references(sandbox, f"ContactIDs={contact}") == ["Two"]
    assert references(sandbox, f"where=Contact.ContactID%3D%3Dguid(%22{contact}%22)") == ["Two"]


def test_a_url_can_be_too_long(sandbox: Sandbox) -> None:
    ids = ",".join([seed.TENANT_ONE] * 60)
    assert sandbox.xero("GET", f"/Invoices?IDs={ids}").status == 414


@pytest.mark.parametrize(
    "where", ['Colour=="red"', "Status==", 'Status=="A" AND', "Status", 'Status=="A" "B"', "((("]
)
def test_a_where_that_cannot_be_read_is_refused(sandbox: Sandbox, where: str) -> None:
    answer = sandbox.xero("GET", f"/Invoices?where={where}".replace(" ", "%20"))
    assert answer.status == 400
    assert answer.json()["Type"] == "QueryParseException"


@pytest.mark.parametrize(
    ("seconds", "written", "expected"),
    [
        (-1, "%Y-%m-%dT%H:%M:%S", ["one", "Two", "three"]),
        (0, "%Y-%m-%dT%H:%M:%S", ["Two", "three"]),
        (-1, "%Y-%m-%dT%H:%M:%S.999999+00:00", ["one", "Two", "three"]),
        (0, "%a, %d %b %Y %H:%M:%S GMT", ["Two", "three"]),
        (7200, "%Y-%m-%dT%H:%M:%S+02:00", ["Two", "three"]),
        (3600, "%Y-%m-%dT%H:%M:%SZ", []),
    ],
)
def test_if_modified_since_is_accurate_to_the_second(
    sandbox: Sandbox,
    three: list[dict[str, Any]],
    seconds: int,
    written: str,
    expected: list[str],
) -> None:
    changed = datetime.fromisoformat(three[0]["UpdatedDateUTCString"])
    since = (changed + timedelta(seconds=seconds)).strftime(written)
    assert references(sandbox, "page=1", **{"If-Modified-Since": since}) == expected


def test_a_change_moves_an_invoice_into_the_list(
    sandbox: Sandbox, three: list[dict[str, Any]]
) -> None:
    since = {"If-Modified-Since": "2026-03-01T10:02:59"}
    assert references(sandbox, "page=1", **since) == []
    sandbox.control("POST", f"/xero/invoices/{three[0]['InvoiceID']}/pay", {})
    assert references(sandbox, "page=1", **since) == ["one"]


def test_created_by_my_app_leaves_out_what_people_raised(
    sandbox: Sandbox, three: list[dict[str, Any]]
) -> None:
    contact = three[0]["Contact"]["ContactID"]
    line = {"Description": "By hand", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}
    wish = {"Contact": {"ContactID": contact}, "LineItems": [line], "Reference": "by hand"}
    raised = sandbox.control("POST", "/xero/invoices", wish)
    assert (raised["Status"], raised["Total"]) == ("AUTHORISED", 5.5)
    assert references(sandbox, "createdByMyApp=true") == ["one", "Two", "three"]
    assert references(sandbox, "page=1") == ["one", "Two", "three", "by hand"]
    report = sandbox.control("GET", "/effects?kind=xero.invoice.created")
    assert report["counts"]["xero.invoice.created"] == 3
    assert report["counts_by_person"] == {"xero.invoice.created": 1}
    assert [effect["by"] for effect in report["effects"]] == ["app"] * 3 + ["person"]


def test_organisations_do_not_see_each_other(sandbox: Sandbox, three: list[dict[str, Any]]) -> None:
    other = sandbox.xero("GET", "/Invoices?page=1", tenant=seed.TENANT_TWO)
    assert other.json()["Invoices"] == []
    path = f"/Invoices/{three[0]['InvoiceID']}"
    assert sandbox.xero("GET", path, tenant=seed.TENANT_TWO).status == 404


def test_accounts_and_tax_rates_are_listed_with_where(sandbox: Sandbox) -> None:
    where = 'Type=="BANK" AND Status=="ACTIVE"'.replace(" ", "%20")
    accounts = sandbox.xero("GET", f"/Accounts?where={where}").json()["Accounts"]
    assert [account["Code"] for account in accounts] == ["090", "091"]
    one = sandbox.xero("GET", f"/Accounts/{accounts[0]['AccountID']}").json()["Accounts"]
    assert [account["Code"] for account in one] == ["090"]
    rates = sandbox.xero("GET", "/TaxRates").json()["TaxRates"]
    by_type = {rate["TaxType"]: rate["EffectiveRate"] for rate in rates}
    assert by_type["OUTPUT"] == 10
    assert by_type["NONE"] == by_type["EXEMPTOUTPUT"] == 0
