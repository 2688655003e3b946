"""Looking an invoice up by its mark while the list it is in changes."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from infra.exchange import Exchange
from infra.platforms.xero import invoice_calls
from tests.platforms.xero.test_create_invoice import CREATED
from tests.platforms.xero.test_sync import raised, tell_later
from workers.execute import execute


class Moves:
    """A transport: after each first page of a look-up somebody changes an invoice on it."""

    def __init__(self, fleet, invoice):
        self.inner, self.invoice = fleet.transport, invoice
        self.url = f"{fleet.settings.xero_api_url}/api.xro/2.0/Invoices/{invoice}"
        self.left = 1

    def carry(self, exchange):
        self.inner.carry(exchange)
        on_page = self.invoice.encode() in exchange.answer
        if not on_page or "createdByMyApp" not in exchange.url or not self.left:
            return
        self.left -= 1
        touched = Exchange(
            "POST",
            self.url,
            {k: v for k, v in exchange.headers.items() if k != "If-Modified-Since"},
            json.dumps({"Invoices": [{"InvoiceID": self.invoice, "Reference": "x"}]}).encode(),
            exchange.send_by,
            exchange.send_by_monotonic,
            exchange.ends_by_monotonic,
        )
        self.inner.carry(touched)
        assert touched.status == 200, touched.answer


def lost_after(office, monkeypatch, count, *, seconds_pass):
    """`count` invoices, then one whose answer was lost and that is looked up: (first, action)."""
    monkeypatch.setattr(invoice_calls, "PAGE_SIZE", count)
    deals = [office.world.deal({})[0] for _ in range(count)]
    ids = []
    for deal in deals:
        ids.append(office.invoice(deal).result["invoice_id"])
        if seconds_pass:
            tell_later(office)
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", "status_after_commit", method="PUT", path="/Invoices", status=500)
    action = office.world.invoice(deal)
    execute(office.world.fleet, action)
    with office.world.fleet.database.transaction() as tx:  # the settling time is over
        tx.execute(text("UPDATE effects SET last_send_by = last_send_by - interval '5 min'"))
    return ids[0], action


@pytest.mark.parametrize("seconds_pass", [True, False])
def test_an_invoice_moving_between_two_pages_hides_no_other(office, monkeypatch, seconds_pass):
    first, action = lost_after(office, monkeypatch, 3, seconds_pass=seconds_pass)
    fleet = office.world.fleet
    office.world.fleet = replace(fleet, transport=Moves(fleet, first))
    done = office.carry_on(action)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 4


def test_more_pages_than_are_read_are_no_answer(office, monkeypatch):
    monkeypatch.setattr(invoice_calls, "CALLS_MAX", 2)
    _, action = lost_after(office, monkeypatch, 1, seconds_pass=True)
    raised(office)
    row = office.carry_on(action, turns=2)
    assert (row.status, row.error["code"]) == ("reconciling", "too_many_invoices")
    assert office.sandbox.count(CREATED) == 3


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([["a", "b"], ["a", "b"], ["c"]], None),
        ([["a", "b"], ["a", "b"], ["a"]], "invoices_moved"),
    ],
)
def test_counted_pages_prove_an_absence_only_when_they_do_not_overlap(
    office, monkeypatch, pages, code
):
    monkeypatch.setattr(invoice_calls, "PAGE_SIZE", 2)
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", "status", method="PUT", path="/Invoices", status=500)
    action = office.world.invoice(deal)
    fleet = office.world.fleet
    execute(fleet, action)
    office.world.fleet = replace(fleet, transport=Told(fleet.transport, pages))
    office.carry_on(action, turns=1)
    row = office.world.action(action)
    assert row.status == "reconciling"
    assert row.error["code"] == (code or "absent")


class Told:
    """A transport that answers look-ups itself, all invoices changed within one second."""

    def __init__(self, inner, pages):
        self.inner, self.pages = inner, iter(pages)

    def carry(self, exchange):
        if "createdByMyApp" not in exchange.url:
            self.inner.carry(exchange)
            return
        rows = [
            {"InvoiceID": one, "UpdatedDateUTC": "/Date(1900000000000+0000)/"}
            for one in next(self.pages)
        ]
        exchange.sent, exchange.status = True, 200
        exchange.answer = json.dumps({"Invoices": rows}).encode()
