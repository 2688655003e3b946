"""The process: its one line, its state over SIGKILL, its size, its speed."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from sandbox_client import ROOT, Sandbox, an_invoice, in_background, wait_until

from infra.sandbox.world import World

Start = Callable[..., Sandbox]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sandboxes of one's own; each is killed at the end."""
    running: list[Sandbox] = []

    def begin(*arguments: str) -> Sandbox:
        running.append(Sandbox(*arguments))
        return running[-1]

    yield begin
    for sandbox in running:
        sandbox.close()


def post_to_the_end(sandbox: Sandbox) -> str:
    """Post a message and say what came of it."""
    try:
        return str(sandbox.slack("chat.postMessage", {"channel": "C0SALES", "text": "kept"}))
    except urllib3.exceptions.ProtocolError:
        return "dropped"


def test_it_says_where_it_listens_and_binds_to_loopback(sandbox: Sandbox) -> None:
    assert re.fullmatch(r"sandbox ready on http://127\.0\.0\.1:\d+\n", sandbox.ready_line)
    health = sandbox.control("GET", "/health")
    assert (health["ok"], health["platforms"]) == (True, sorted(World().platforms))


def test_what_was_answered_for_survives_sigkill(start: Start, tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    before = start("--state", state)
    before.control("POST", "/limits", {"platform": "xero", "day": 100, "minute": None})
    before.control("POST", "/clock", {"advance_seconds": 86_400})
    invoice = before.invoice(before.contact(ContactNumber="c-1"))
    body = {"Invoices": [an_invoice(invoice["Contact"]["ContactID"])]}
    first = before.xero("PUT", "/Invoices", body, key="k1")
    before.control("POST", f"/xero/invoices/{invoice['InvoiceID']}/pay", {"amount": 10})
    posted = before.slack("chat.postMessage", {"channel": "C0SALES", "text": "kept"})
    for _ in range(10):  # past ten, so that the order of numbers is not that of their texts
        before.slack("chat.postMessage", {"channel": "C0GENERAL", "text": "more"})
    pair = before.control("POST", "/xero/tokens", {})
    effects = before.control("GET", "/effects")
    left = int(before.xero("GET", "/Organisation").headers["X-DayLimit-Remaining"])
    before.process.send_signal(signal.SIGKILL)
    before.process.wait()

    after = start("--state", state)
    assert after.control("GET", "/effects") == effects
    assert after.control("GET", "/clock")["offset_seconds"] == 86_400
    shown = after.xero("GET", f"/Invoices/{invoice['InvoiceID']}", token=pair["access_token"])
    assert shown.json()["Invoices"][0]["AmountDue"] == 100
    assert shown.json()["Invoices"][0]["LineItems"] == invoice["LineItems"]
    assert int(shown.headers["X-DayLimit-Remaining"]) == left - 1
    assert after.xero("PUT", "/Invoices", body, key="k1").data == first.data, "keys are kept"
    assert after.invoice(invoice["Contact"]["ContactID"])["InvoiceNumber"] == "INV-0003"
    (message,) = after.slack("conversations.history", {"channel": "C0SALES"})["messages"]
    assert message["ts"] == posted["ts"]
    duplicate = after.xero("PUT", "/Contacts", {"Contacts": [{"Name": "acme LTD"}]})
    assert duplicate.status == 400


def test_a_kill_before_the_answer_keeps_all_or_nothing(start: Start, tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    before = start("--state", state)
    before.fault("slack", "hold_after_commit")
    thread, answers = in_background(lambda: post_to_the_end(before))
    wait_until(lambda: before.control("GET", "/held")["held"])
    before.process.send_signal(signal.SIGKILL)
    before.process.wait()
    thread.join()
    assert answers == ["dropped"]
    after = start("--state", state)
    assert after.counts() == {"slack.message.posted": 1}
    assert len(after.control("GET", "/slack/messages")["messages"]) == 1


def test_a_reset_is_kept_as_well(start: Start, tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    before = start("--state", state)
    before.contact()
    before.control("POST", "/reset")
    before.process.send_signal(signal.SIGKILL)
    before.process.wait()
    after = start("--state", state)
    assert after.counts() == {}
    assert after.contact()


def test_without_a_file_nothing_is_kept(start: Start) -> None:
    first = start()
    first.contact()
    first.close()
    assert start().counts() == {}


def test_it_ends_on_sigterm_with_a_request_parked(start: Start) -> None:
    sandbox = start()
    sandbox.fault("slack", "hold_before_commit")
    thread, _answers = in_background(lambda: post_to_the_end(sandbox))
    wait_until(lambda: sandbox.control("GET", "/held")["held"])
    sandbox.process.terminate()
    sandbox.process.wait(timeout=20)
    thread.join()


def test_it_is_light(start: Start) -> None:
    sandbox = start()
    body = {"channel": "C0GENERAL", "text": "hello"}
    calls = []
    for _ in range(500):
        began = time.monotonic()
        assert sandbox.slack_answer("chat.postMessage", body).status == 200
        calls.append(time.monotonic() - began)
    process = Path(f"/proc/{sandbox.process.pid}")
    resident_kib = int(re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())[1])
    assert resident_kib < 50 * 1024
    user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    cpu_s = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    assert cpu_s < 2, "the start included; some 3,000 posts take a second"
    # An answer held back by Nagle's algorithm takes 40 ms, every time.
    assert min(calls) < 0.02


def test_it_imports_nothing_of_the_fleet() -> None:
    for file in (ROOT / "infra" / "sandbox").rglob("*.py"):
        for name in re.findall(
            r"^(?:from|import) (infra[\w.]*|workers|domain)", file.read_text(), re.MULTILINE
        ):
            assert name.startswith("infra.sandbox"), (file.name, name)
