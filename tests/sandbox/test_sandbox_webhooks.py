"""Webhooks: events of what changed, signed, batched, sent again until they are heard."""

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from hmac import new as hmac
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from sandbox_client import Sandbox, wait_until

from infra.sandbox import seed

KEY = "signing-key/+="


class Listener:
    """Somebody who is told: keeps what came with a good signature, refuses the rest."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refused = 0
        self.statuses: list[int] = []  # answers to give first, whatever comes
        self.checks = True
        self.cookie = False
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(listener.hear(body, self.headers["x-xero-signature"]))
                if listener.cookie:
                    self.send_header("Set-Cookie", "a=b")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/xero"

    def hear(self, body: bytes, signature: str) -> int:
        good = b64encode(hmac(KEY.encode(), body, sha256).digest()).decode()
        if self.checks and signature != good:
            self.refused += 1
            return 401
        told = json.loads(body)
        if told["events"] and self.statuses:
            return self.statuses.pop(0)
        if told["events"]:
            self.heard.append(told)
        return 200

    def events(self) -> list[tuple[str, str, str]]:
        return [
            (event["eventCategory"], event["eventType"], event["resourceId"])
            for told in self.heard
            for event in told["events"]
        ]


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener()
    yield running
    running.server.shutdown()
    running.server.server_close()


def subscribe(sandbox: Sandbox, listener: Listener, **more: Any) -> Any:
    wish = {"url": listener.url, "key": KEY, "retry_seconds": 0.05, **more}
    return sandbox.control("POST", "/xero/webhooks", wish)


def shown(sandbox: Sandbox) -> Any:
    return sandbox.control("GET", "/xero/webhooks")


def all_told(sandbox: Sandbox, events: int) -> None:
    wait_until(lambda: shown(sandbox)["delivered"] == shown(sandbox)["events"] == events)


def test_changes_by_the_app_and_by_people_are_told(sandbox: Sandbox, listener: Listener) -> None:
    assert subscribe(sandbox, listener)["status"] == "ok"
    contact = sandbox.contact()
    invoice = sandbox.invoice(contact)["InvoiceID"]
    sandbox.control("POST", f"/xero/invoices/{invoice}/pay", {})
    all_told(sandbox, 3)
    assert listener.events() == [
        ("CONTACT", "CREATE", contact),
        ("INVOICE", "CREATE", invoice),
        ("INVOICE", "UPDATE", invoice),
    ]
    event = listener.heard[-1]["events"][-1]
    assert event["tenantId"] == seed.TENANT_ONE
    assert event["resourceUrl"].endswith(f"/api.xro/2.0/Invoices/{invoice}")
    assert not event["eventDateUtc"].endswith("Z")
    assert len(event["eventDateUtc"]) == len("2024-06-21T01:15:39.902")
    assert listener.heard[0]["firstEventSequence"] == 1
    assert listener.heard[-1]["lastEventSequence"] == 3


def test_nothing_is_told_of_what_was_refused_or_left_no_trace(
    sandbox: Sandbox, listener: Listener
) -> None:
    invoice = sandbox.invoice(sandbox.contact())
    sandbox.control("POST", f"/xero/invoices/{invoice['InvoiceID']}/pay", {"amount": 10})
    subscribe(sandbox, listener)
    assert sandbox.xero("PUT", "/Contacts", {"Contacts": [{"Name": "Acme Ltd"}]}).status == 400
    quiet = {"Invoices": [{"DueDate": "2030-01-01"}]}
    assert sandbox.xero("POST", f"/Invoices/{invoice['InvoiceID']}", quiet).status == 200
    assert shown(sandbox)["events"] == 0


def test_a_template_tells_of_what_it_raises(sandbox: Sandbox, listener: Listener) -> None:
    contact = sandbox.contact()
    subscribe(sandbox, listener)
    schedule = {
        "Period": 1,
        "Unit": "WEEKLY",
        "DueDate": 7,
        "DueDateType": "DAYSAFTERBILLDATE",
        "StartDate": "2026-01-05",
    }
    sandbox.control("POST", "/clock", {"set": "2026-01-01T00:00:00Z"})
    lines = [{"Description": "Plan", "UnitAmount": 1, "AccountCode": "200"}]
    wish = {"Contact": {"ContactID": contact}, "Schedule": schedule, "LineItems": lines}
    sandbox.control("POST", "/xero/templates", wish)
    sandbox.control("POST", "/clock", {"set": "2026-01-15T00:00:00Z"})
    all_told(sandbox, 2)
    assert [event[:2] for event in listener.events()] == [("INVOICE", "CREATE")] * 2


@pytest.mark.parametrize(("checks", "cookie"), [(0, 0), (1, 1)])
def test_who_cannot_tell_a_signature_is_told_nothing(
    sandbox: Sandbox, listener: Listener, checks: int, cookie: int
) -> None:
    listener.checks, listener.cookie = bool(checks), bool(cookie)
    answer = subscribe(sandbox, listener)
    assert answer["status"] == "failed"
    assert answer["probes"]["invalid"] == {"status": [200, 401][checks], "ok": bool(checks)}
    assert answer["probes"]["valid"] == {"status": 200, "ok": not cookie}
    sandbox.contact()
    assert (shown(sandbox)["events"], shown(sandbox)["delivered"]) == (1, 0)
    listener.checks, listener.cookie = True, False
    assert subscribe(sandbox, listener)["status"] == "ok"
    all_told(sandbox, 1)


def test_what_was_not_heard_is_told_again(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener)
    listener.statuses = [503, 401, 500]
    contact = sandbox.contact()
    all_told(sandbox, 1)
    assert listener.events() == [("CONTACT", "CREATE", contact)]
    deliveries = shown(sandbox)["deliveries"]
    assert [one["status"] for one in deliveries] == [503, 401, 500, 200]
    assert [one["attempt"] for one in deliveries] == [1, 2, 3, 4]


def test_several_changes_share_a_delivery(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener)
    body = {"Contacts": [{"Name": f"Number {number}"} for number in range(60)]}
    assert sandbox.xero("PUT", "/Contacts", body).status == 200
    all_told(sandbox, 60)
    assert [len(told["events"]) for told in listener.heard] == [50, 10]
    assert [told["firstEventSequence"] for told in listener.heard] == [1, 51]


def test_deliveries_can_be_doubled_turned_round_and_replayed(
    sandbox: Sandbox, listener: Listener
) -> None:
    subscribe(sandbox, listener, batch_seconds=0.2)
    sandbox.control("POST", "/xero/webhooks/faults", {"duplicate": 1, "reorder": 2})
    names = [sandbox.contact(name) for name in ("One", "Two")]
    all_told(sandbox, 2)
    assert [identity for *_rest, identity in listener.events()] == [*names[::-1], *names[::-1]]
    listener.heard.clear()
    assert sandbox.control("POST", "/xero/webhooks/replay", {}) == {"events": 2}
    all_told(sandbox, 2)
    assert [identity for *_rest, identity in listener.events()] == names


def test_a_forged_delivery_is_answered_by_the_listener(
    sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.control("POST", "/xero/webhooks/forge", {}, status=400)
    subscribe(sandbox, listener)
    assert sandbox.control("POST", "/xero/webhooks/forge", {}) == {"status": 401}
    assert (listener.refused, listener.heard) == (2, [])


def test_a_subscription_ends(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener)
    assert sandbox.control("POST", "/xero/webhooks", {"url": None})["status"] == "none"
    sandbox.contact()
    assert shown(sandbox)["events"] == 0
    assert subscribe(sandbox, listener)["status"] == "ok"
    sandbox.contact("Second")
    all_told(sandbox, 1)
    sandbox.control("POST", "/reset")
    assert shown(sandbox)["status"] == "none"


def test_events_outlive_the_process(listener: Listener, tmp_path: Any) -> None:
    state = str(tmp_path / "state.db")
    first = Sandbox("--state", state)
    subscribe(first, listener)
    listener.statuses = [503] * 1000
    first.contact()
    wait_until(lambda: shown(first)["deliveries"])
    first.close()
    listener.statuses.clear()
    second = Sandbox("--state", state)
    try:
        all_told(second, 1)
    finally:
        second.close()
    assert len(listener.events()) == 1
