"""Reading Xero's invoices, good and bad, and keeping them as plain JSON."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from xero_python.accounting.models.time_zone import TimeZone

from infra.platforms.xero.client import parsed
from infra.platforms.xero.organisation import today
from infra.platforms.xero.snapshots import Unreadable, from_json, mark_in, snapshot_of, to_json
from infra.platforms.xero.time_zones import IANA, zone

EFFECT = "5acaed1b-9132-4419-8782-41efccd5c231"
ELEMENT = {
    "InvoiceID": "I1",
    "InvoiceNumber": "INV-0055",
    "Type": "ACCREC",
    "Status": "AUTHORISED",
    "Contact": {"ContactID": "C1"},
    "CurrencyCode": "AUD",
    "LineAmountTypes": "Exclusive",
    "Total": Decimal("24.15"),
    "AmountDue": 24,
    "AmountPaid": Decimal("0.15"),
    "DateString": "2026-01-31T00:00:00",
    "Date": "/Date(1769855400000+0000)/",
    "DueDate": "/Date(1772236800000+0000)/",
    "Url": f"https://fleet.invalid/i/{EFFECT}",
    "UpdatedDateUTC": "/Date(1789378199100+0000)/",
    "LineItems": [
        {"LineItemID": "L1", "Description": "d", "Quantity": 1, "UnitAmount": Decimal("21.95"),
         "LineAmount": Decimal("21.95"), "TaxAmount": Decimal("2.20")},
    ],
}  # fmt: skip


def test_an_invoice_is_read():
    read = snapshot_of(ELEMENT)
    assert (read.date, read.due_date) == (date(2026, 1, 31), date(2026, 2, 28))
    assert read.updated_utc == datetime(2026, 9, 14, 9, 29, 59, 100_000, UTC)
    assert (read.total, read.amount_due) == (Decimal("24.15"), Decimal(24))
    assert mark_in(read.url) == EFFECT


def test_it_survives_being_stored():
    read = snapshot_of(ELEMENT)
    assert from_json(json.loads(json.dumps(to_json(read)))) == read
    bare = snapshot_of(
        {**ELEMENT, "DueDate": None, "LineItems": None, "Url": None, "Reference": ""}
    )
    assert from_json(json.loads(json.dumps(to_json(bare)))) == bare


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Status": "NEW"}, "Status"),
        ({"InvoiceID": None}, "InvoiceID"),
        ({"Contact": None}, "ContactID"),
        ({"Total": "12"}, "Total"),
        ({"Total": True}, "Total"),
        ({"Date": "soon", "DateString": None}, "Date"),
        ({"UpdatedDateUTC": "/Date(99999999999999999)/"}, "UpdatedDateUTC"),
        ({"LineAmountTypes": "None"}, "LineAmountTypes"),
        ({"LineItems": 3}, "LineItems"),
        ({"LineItems": [3]}, "LineItems[0]"),
        ({"LineItems": [{}, {"TaxAmount": {}}]}, "LineItems[1].TaxAmount"),
    ],
)
def test_a_bad_one_says_where(change, path):
    with pytest.raises(Unreadable) as bad:
        snapshot_of({**ELEMENT, **change})
    assert bad.value.path == path


@pytest.mark.parametrize("url", [None, 3, "", "https://x.test/", "https://x.test/i/abc"])
def test_other_urls_are_no_marks(url):
    assert mark_in(url) is None


def test_every_zone_of_xeros_is_known():
    assert [name.value for name in TimeZone if zone(name.value) is None] == []
    assert all(zone(name) for name in IANA.values())
    assert zone("Pacific/Auckland").key == "Pacific/Auckland"
    assert zone("NOWHERESTANDARDTIME") is None
    assert zone("../etc/passwd") is None


def test_today_is_the_organisations():
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    there = {"time_zone": "NEWZEALANDSTANDARDTIME"}
    assert today(there, {}, noon) == date(2026, 11, 24)
    assert today(there, {"time_zone": "America/New_York"}, noon) == date(2026, 11, 23)
    assert today({"time_zone": "MARSSTANDARDTIME"}, {}, noon) is None


def test_a_bare_answer_is_exact():
    (element,) = parsed(b'{"Invoices": [{"Total": 24.15}]}')["Invoices"]
    assert element["Total"] == Decimal("24.15")
