"""Every kind of fault does what it says, and only as often as ordered."""

import json
import time
from typing import Any

import pytest
import urllib3
from sandbox_client import Sandbox, in_background, wait_until

from infra.sandbox import seed

POST = {"channel": "C0GENERAL", "text": "hello"}


def messages(sandbox: Sandbox) -> int:
    return sandbox.counts().get("slack.message.posted", 0)


@pytest.mark.parametrize(
    ("fault", "committed"), [("drop_before_commit", 0), ("drop_after_commit", 1)]
)
def test_a_drop_closes_the_connection_without_an_answer(
    sandbox: Sandbox, fault: str, committed: int
) -> None:
    sandbox.fault("slack", fault)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        sandbox.slack_answer("chat.postMessage", POST)
    assert messages(sandbox) == committed
    assert sandbox.slack("chat.postMessage", POST)["ok"], "the fault hits once"
    assert messages(sandbox) == committed + 1


@pytest.mark.parametrize(("fault", "committed"), [("status", 0), ("status_after_commit", 1)])
def test_a_status_is_answered_before_or_after_the_commit(
    sandbox: Sandbox, fault: str, committed: int
) -> None:
    sandbox.fault("slack", fault, status=503)
    assert sandbox.slack_answer("chat.postMessage", POST).status == 503
    assert messages(sandbox) == committed


def test_latency_is_waited_out(sandbox: Sandbox) -> None:
    sandbox.fault("slack", "latency", seconds=0.3)
    began = time.monotonic()
    assert sandbox.slack("chat.postMessage", POST)["ok"]
    assert time.monotonic() - began >= 0.3


def test_xero_says_429_with_its_headers_and_no_body(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "rate_limited", retry_after=26)
    answer = sandbox.xero("GET", "/Organisation")
    assert (answer.status, answer.data) == (429, b"")
    assert answer.headers["X-Rate-Limit-Problem"] == "minute"
    assert answer.headers["Retry-After"] == "26"
    assert answer.headers["X-MinLimit-Remaining"] == "0"
    sandbox.fault("xero", "rate_limited", problem="concurrent", retry_after=26)
    answer = sandbox.xero("GET", "/Organisation")
    assert answer.headers["X-Rate-Limit-Problem"] == "concurrent"
    assert "Retry-After" not in answer.headers


def test_slack_says_429_with_retry_after(sandbox: Sandbox) -> None:
    sandbox.fault("slack", "rate_limited", retry_after=7)
    answer = sandbox.slack_answer("chat.postMessage", POST)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"ok": False, "error": "ratelimited"}
    assert messages(sandbox) == 0


@pytest.mark.parametrize(("fault", "before"), [("hold_before_commit", 0), ("hold_after_commit", 1)])
def test_a_held_request_waits_for_its_release(sandbox: Sandbox, fault: str, before: int) -> None:
    sandbox.fault("slack", fault)
    thread, answers = in_background(lambda: sandbox.slack("chat.postMessage", POST))
    (held,) = wait_until(lambda: sandbox.control("GET", "/held")["held"])
    assert (messages(sandbox), answers) == (before, [])
    assert held["fault"] == fault
    released = sandbox.control("POST", "/held/release", {"id": held["id"]})
    assert released == {"released": [held["id"]]}
    thread.join()
    assert answers[0]["ok"]
    assert messages(sandbox) == 1
    assert sandbox.control("GET", "/held") == {"held": []}


@pytest.mark.parametrize(("waiting", "seconds"), [("hold_before_commit", None), ("latency", 1.5)])
def test_a_request_delayed_over_a_reset_changes_nothing(
    sandbox: Sandbox, waiting: str, seconds: float | None
) -> None:
    sandbox.fault("slack", waiting, seconds=seconds)

    def post() -> str:
        try:
            return str(sandbox.slack("chat.postMessage", POST))
        except urllib3.exceptions.ProtocolError:
            return "dropped"

    thread, answers = in_background(post)
    wait_until(lambda: sandbox.control("GET", "/requests")["requests"])
    sandbox.control("POST", "/reset")
    thread.join()
    assert answers == ["dropped"]
    assert sandbox.counts() == {}


@pytest.mark.parametrize(
    ("fault", "error"), [("garbage", json.JSONDecodeError), ("nested", RecursionError)]
)
def test_unreadable_is_no_json_and_committed(
    sandbox: Sandbox, fault: str, error: type[Exception]
) -> None:
    sandbox.fault("xero", fault, method="PUT")
    answer = sandbox.xero("PUT", "/Contacts", {"Contacts": [{"Name": "Acme"}]})
    assert answer.status == 200
    with pytest.raises(error):
        answer.json()
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_a_truncated_answer_breaks_off(sandbox: Sandbox) -> None:
    sandbox.fault("slack", "truncated")
    with pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
        sandbox.slack_answer("chat.postMessage", POST)
    assert messages(sandbox) == 1


def test_a_revoked_token_is_refused_until_restored(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "revoke_token")
    sandbox.fault("slack", "revoke_token")
    assert sandbox.xero("GET", "/Organisation").status == 401
    assert sandbox.xero("GET", "/Organisation").status == 401
    assert sandbox.slack("chat.postMessage", POST)["error"] == "token_revoked"
    restored = sandbox.control("POST", "/tokens/restore", {})
    assert restored["xero"]["access_token"] == seed.ACCESS_TOKEN
    assert sandbox.xero("GET", "/Organisation").status == 200
    assert sandbox.slack("chat.postMessage", POST)["ok"]


def test_a_fault_hits_only_what_it_names(sandbox: Sandbox) -> None:
    sandbox.fault("slack", "status", path="postMessage$", contains="boom", method="POST", times=2)
    assert sandbox.slack_answer("chat.postMessage", POST).status == 200
    assert sandbox.slack_answer("auth.test", {"text": "boom"}).status == 200
    statuses = [
        sandbox.slack_answer("chat.postMessage", {**POST, "text": "boom"}).status for _ in range(3)
    ]
    assert statuses == [500, 500, 200]
    (fault,) = sandbox.control("GET", "/faults")["faults"]
    assert fault["hits"] == 2
    sandbox.fault("slack", "status", times=None)
    assert [sandbox.slack_answer("auth.test", {}).status for _ in range(3)] == [500] * 3
    sandbox.control("DELETE", "/faults")
    assert sandbox.slack_answer("auth.test", {}).status == 200


@pytest.mark.parametrize(
    "order",
    [
        {"platform": "xero", "fault": "explode"},
        {"platform": "myob", "fault": "status"},
        {"platform": "xero", "fault": "status", "path": "("},
        {"platform": "xero", "fault": "status", "tiems": 2},
        {"platform": "xero", "fault": "status", "times": "2"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(sandbox: Sandbox, order: dict[str, Any]) -> None:
    assert "error" in sandbox.control("POST", "/faults", order, status=400)
    assert sandbox.control("GET", "/faults") == {"faults": []}


def test_requests_tell_concurrency_and_refusals(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "concurrent": 2})
    sandbox.fault("xero", "hold_before_commit", times=2)
    parked = [in_background(lambda: sandbox.xero("GET", "/Organisation").status) for _ in range(2)]
    wait_until(lambda: len(sandbox.control("GET", "/held")["held"]) == 2)
    third = sandbox.xero("GET", "/Organisation")
    assert (third.status, third.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
    sandbox.control("POST", "/held/release", {})
    for thread, answers in parked:
        thread.join()
        assert answers == [200]
    report = sandbox.control("GET", "/requests?platform=xero")
    assert report["in_flight_max"] == {f"xero:{seed.TENANT_ONE}": 3}
    assert (report["totals"], report["rate_limited"]) == ({"xero": 3}, {"xero": 1})
    assert [request["status"] for request in report["requests"]] == [200, 200, 429]
    assert [request["in_flight"] for request in report["requests"]] == [1, 2, 3]
