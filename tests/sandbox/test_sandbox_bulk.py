"""Very many invoices at once, for measurements of a sync."""

import time
from typing import Any

from sandbox_client import Sandbox

from infra.sandbox import seed


def page(sandbox: Sandbox, query: str, **headers: str) -> dict[str, Any]:
    answer = sandbox.xero("GET", f"/Invoices?page=1&pageSize=1000&{query}", headers=headers)
    assert answer.status == 200, answer.data
    return dict(answer.json())


def bulk(sandbox: Sandbox, **wish: Any) -> Any:
    return sandbox.control("POST", "/xero/invoices/bulk", wish)


def test_seeded_invoices_are_whole_and_spread_over_time(sandbox: Sandbox) -> None:
    made = bulk(sandbox, count=1500, lines=2, days=30)
    assert made["created"] == 1500
    read = page(sandbox, "order=UpdatedDateUTC")
    assert read["pagination"] == {"page": 1, "pageSize": 1000, "pageCount": 2, "itemCount": 1500}
    first, second = read["Invoices"][:2]
    assert (first["SubTotal"], first["Total"], first["AmountDue"]) == (200, 220, 220)
    assert [line["LineAmount"] for line in first["LineItems"]] == [100, 100]
    assert first["Contact"]["ContactID"] == made["contact"]
    gap_ms = int(second["UpdatedDateUTC"][6:19]) - int(first["UpdatedDateUTC"][6:19])
    assert abs(gap_ms - 30 * 86_400_000 / 1500) <= 1
    assert len({row["InvoiceNumber"] for row in read["Invoices"]}) == 1000
    assert sandbox.counts() == {}, "seeded is not made"
    assert sandbox.invoice(made["contact"])["InvoiceNumber"] == "INV-1501"


def test_so_many_are_touched_and_read_as_changed(sandbox: Sandbox) -> None:
    bulk(sandbox, count=500)
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    sandbox.advance(60)
    touched = sandbox.control("POST", "/xero/invoices/touch", {"count": 100})["touched"]
    assert len(set(touched)) == 100
    changed = page(sandbox, "", **{"If-Modified-Since": since})["Invoices"]
    assert {row["InvoiceID"] for row in changed} == set(touched)


def test_they_belong_to_the_contact_and_the_organisation_named(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    bulk(sandbox, count=10, contact=contact, status="DRAFT")
    bulk(sandbox, count=5, tenant=seed.TENANT_TWO)
    rows = page(sandbox, "")["Invoices"]
    assert {(row["Contact"]["ContactID"], row["Status"]) for row in rows} == {(contact, "DRAFT")}
    assert len(rows) == 10
    sandbox.control("POST", "/xero/invoices/bulk", {"contact": "nobody"}, status=400)
    sandbox.control("POST", "/xero/invoices/bulk", {"count": 0}, status=400)
    sandbox.control("POST", "/xero/invoices/bulk", {"status": "PAID"}, status=400)


def test_a_full_page_is_served_quickly(sandbox: Sandbox) -> None:
    bulk(sandbox, count=2000)
    page(sandbox, "")
    began = time.monotonic()
    page(sandbox, "")
    assert time.monotonic() - began < 2, "some 0.15 s; the measured is the fleet, not the sandbox"
