"""What a page says, however it says it: one bad element loses no other, amounts stay exact."""

import gzip
import json
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from domain.actions.outcome import Succeeded
from infra.database import repeating
from infra.platform import Sent
from infra.platforms.xero import sync_pages
from infra.platforms.xero.client import parsed
from infra.platforms.xero.seeking import beginning
from tests.platforms.xero.test_client import session
from tests.platforms.xero.test_snapshots import ELEMENT
from tests.platforms.xero.test_sync import SYNC, consume, raised, tell_later


class Doctored:
    """A transport that changes invoices on their way from Xero's lists to us."""

    def __init__(self, inner, change):
        self.inner, self.change = inner, change

    def carry(self, exchange):
        self.inner.carry(exchange)
        if exchange.method == "GET" and exchange.url.partition("?")[0].endswith("/Invoices"):
            document = json.loads(exchange.answer)
            document["Invoices"] = [
                changed for one in document["Invoices"] for changed in self.change(one)
            ]
            exchange.answer = json.dumps(document).encode()


def doctor(office, change):
    office.world.fleet = replace(
        office.world.fleet, transport=Doctored(office.world.fleet.transport, change)
    )


class Page:
    """A transport that answers with one page."""

    def __init__(self, elements):
        self.answer = json.dumps({"Invoices": elements}).encode()

    def carry(self, exchange):
        exchange.sent, exchange.status, exchange.answer = True, 200, self.answer


def read(elements):
    """Read a page as a sync does: (result, cargo)."""
    call = sync_pages.page_call(sync_pages.ALL, (), beginning())
    sent = Sent(uuid4(), None, {}, call, "", None)
    outcome = sync_pages.read_page(session(Nowhere, transport=Page(elements)), sent)
    assert isinstance(outcome, Succeeded), outcome
    return outcome.result, outcome.cargo


class Nowhere:
    url = "http://127.0.0.1:9"


GOOD = {**ELEMENT, "InvoiceID": str(uuid4()), "Contact": {"ContactID": str(uuid4())}} | {
    name: float(ELEMENT[name]) for name in ("Total", "AmountPaid")
}
GOOD["LineItems"] = []
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["/Date(1789378199100+0000)/", GOOD["InvoiceID"]]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)  # fmt: skip
broken = st.dictionaries(st.sampled_from(sorted(GOOD)), anything, min_size=1).map(
    lambda change: {**GOOD, "InvoiceID": str(uuid4()), **change}
)


@given(st.lists(st.one_of(anything, broken), max_size=6), st.integers(0, 6))
def test_whatever_else_is_on_a_page_a_good_invoice_is_read(others, place):
    elements = [*others[:place], GOOD, *others[place:]]
    result, cargo = read(elements)
    assert GOOD["InvoiceID"] in {head.invoice_id for head in cargo.heads}
    assert len(cargo.heads) + len(cargo.bad) <= len(elements)
    assert result["next"] is None


@given(
    st.integers(-(10**14), 10**14).map(lambda n: Decimal(n) / 10_000),
    st.sampled_from(["{}", "{}0", "{:E}"]),
)
def test_amounts_are_exact_up_to_xeros_largest(amount, form):
    literal = (form if "." in str(amount) or "E" in form else "{}").format(amount)
    assert parsed(b'{"Total": %b}' % literal.encode()) == {"Total": amount}


def test_forty_ids_make_an_address_every_server_takes():
    ids = [str(uuid4()) for _ in range(sync_pages.IDS_PER_CALL)]
    for scope in (sync_pages.INVOICES, sync_pages.CONTACTS):
        call = sync_pages.page_call(scope, ids, beginning())
        assert len(f"https://api.xero.com{call.path}?{urlencode(call.query)}") < 2000


def test_an_unreadable_invoice_is_kept_once_with_its_reason_and_the_others_are_booked(office):
    _, _, bad = raised(office)
    _, _, good = raised(office)
    for one in (bad, good):
        tell_later(office)
        office.person(f"invoices/{one}/pay")

    def change(element):
        wrong = {"CurrencyCode": None, "Status": "NEW"} if element["InvoiceID"] == bad else {}
        yield {**element, **wrong}
        if wrong:
            yield {"InvoiceID": "not an id", "Contact": 5}

    doctor(office, change)
    for _ in range(2):
        done = office.act(SYNC)
    assert done.result["unreadable"] == 2
    letters = office.rows("SELECT * FROM dead_letters ORDER BY problems->0->>'field'")
    fields = [letter.problems[0]["field"] for letter in letters]
    assert fields == ["InvoiceID", "Status"]
    assert letters[1].headers["invoice_id"] == bad
    found = office.rows("SELECT platform_invoice_id AS id, status FROM invoices")
    assert {row.id: row.status for row in found} == {bad: "AUTHORISED", good: "PAID"}


def test_an_unreadable_invoice_that_is_nobodys_is_no_letter(office):
    contact = office.person("contacts", Name="Nobody of ours")["ContactID"]
    office.person("invoices/bulk", contact=contact, count=2, days=0.01)
    doctor(office, lambda element: [{**element, "Status": "NEW"}])
    done = office.act(SYNC)
    assert (done.result["unreadable"], done.result["skipped"]) == (0, 2)


def test_texts_the_database_refuses_lose_nothing(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    doctor(office, lambda element: [{**element, "Reference": "a\0b\ud800"}])
    assert office.act(SYNC).result["changed"] == 1
    (row,) = office.rows("SELECT status, reference FROM invoices")
    assert (row.status, row.reference) == ("PAID", "a\\0b\\ud800")


TEMPLATE = "7c1e4d3a-0000-4000-8000-000000000001"


@pytest.fixture
def template(office):
    """A repeating invoice of ours for a deal, and an invoice in Xero that it has generated."""
    deal, (line,) = office.world.deal({})
    effect = uuid4()
    values = {
        "workspace_id": office.world.workspace_id, "integration_id": office.world.xero,
        "deal_id": deal, "platform_template_id": TEMPLATE, "contact_id": "C1",
        "status": "AUTHORISED", "schedule_period": 1, "schedule_unit": "MONTHLY",
        "start_date": "2026-12-01", "due_days": 14, "due_date_type": "DAYSAFTERBILLDATE",
        "approved_for_sending": True, "currency": "AUD", "line_amount_types": "Exclusive",
        "subtotal": Decimal(100), "lines": [],
    }  # fmt: skip
    contact = office.person("contacts", Name="Subscriber")["ContactID"]
    office.person("invoices/bulk", contact=contact, count=1, days=0.01)
    doctor(office, lambda element: [{**element, "RepeatingInvoiceID": TEMPLATE}])

    def store():
        with office.world.fleet.database.transaction() as tx:
            repeating.put(tx, effect, values)

    return deal, line, contact, store


def child(office):
    (row,) = office.rows("SELECT * FROM invoices")
    return (row.deal_id, row.portion, row.origin, row.raised_as, row.repeating_invoice_id)


def test_what_a_template_of_ours_generates_is_its_deals_and_promotes_nothing(office, template):
    deal, line, _, store = template
    store()
    done = office.act(SYNC)
    assert (done.result["changed"], done.result["promoted"], done.result["skipped"]) == (1, 0, 1)
    assert child(office) == (deal, "ongoing", "xero", None, TEMPLATE)
    consume(office)
    assert office.world.payment_statuses(line) == ["unpaid"]
    assert office.act(SYNC).result["changed"] == 0


def test_what_was_seen_before_its_template_is_linked_when_seen_again(office, template):
    deal, _, contact, store = template
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO contact_links (integration_id, entity_id, entity,"
                " platform_contact_id, linked_by) VALUES (:i, :e, 'customer', :c, 'sam')"
            ),
            {"i": office.world.xero, "e": uuid4(), "c": contact},
        )
    office.act(SYNC)
    assert child(office)[0] is None
    store()
    assert office.act(SYNC).result["changed"] == 1
    assert child(office) == (deal, "ongoing", "xero", None, TEMPLATE)


def test_compressed_answers_are_counted_as_they_came(tmp_path):
    body = json.dumps({"Invoices": [{**GOOD, "InvoiceID": str(UUID(int=n))} for n in range(50)]})

    class Xero(BaseHTTPRequestHandler):
        def do_GET(self):
            assert "gzip" in self.headers["Accept-Encoding"]
            packed = gzip.compress(body.encode())
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Xero)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        Nowhere.url = f"http://127.0.0.1:{server.server_port}"
        call = sync_pages.page_call(sync_pages.ALL, (), beginning())
        outcome = sync_pages.read_page(session(Nowhere), Sent(uuid4(), None, {}, call, "", None))
    finally:
        server.shutdown()
        server.server_close()
    assert len(outcome.cargo.heads) == 50
    assert outcome.result["bytes_decoded"] == len(body)
    assert outcome.result["bytes"] == len(gzip.compress(body.encode())) < len(body) / 5
