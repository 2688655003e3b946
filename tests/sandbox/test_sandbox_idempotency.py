"""Xero's idempotency keys: replay, mismatch, expiry, cached errors, duplicates at once."""

from typing import Any

import pytest
import urllib3
from sandbox_client import Sandbox, an_invoice, in_background, wait_until

from infra.sandbox import seed


def create(sandbox: Sandbox, key: str | None, **more: Any) -> urllib3.BaseHTTPResponse:
    body = {"Contacts": [{"Name": "Acme", **more}]}
    return sandbox.xero("PUT", "/Contacts?summarizeErrors=false", body, key=key)


def test_the_same_request_is_answered_from_the_first(sandbox: Sandbox) -> None:
    first, second = create(sandbox, "k1"), create(sandbox, "k1")
    assert second.data == first.data
    assert sandbox.counts() == {"xero.contact.created": 1}
    requests = sandbox.control("GET", "/requests?platform=xero")["requests"]
    assert [request["replayed"] for request in requests] == [False, True]


def test_a_replay_costs_quota(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "day": 2})
    assert [create(sandbox, "k1").status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("change", ["body", "url", "method", "tenant"])
def test_a_different_request_under_the_key_is_refused(sandbox: Sandbox, change: str) -> None:
    create(sandbox, "k1")
    body = {"Contacts": [{"Name": "Other" if change == "body" else "Acme"}]}
    answer = sandbox.xero(
        "POST" if change == "method" else "PUT",
        "/Contacts" if change == "url" else "/Contacts?summarizeErrors=false",
        body,
        key="k1",
        tenant=seed.TENANT_TWO if change == "tenant" else seed.TENANT_ONE,
    )
    assert answer.status == 400
    assert answer.json()["Detail"] == "Idempotency Key: k1 is used with a different request."
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_a_key_expires_six_minutes_after_the_first_call(sandbox: Sandbox) -> None:
    invoice = {"Invoices": [an_invoice(sandbox.contact())]}
    first = sandbox.xero("PUT", "/Invoices", invoice, key="k1")
    sandbox.advance(300)
    assert sandbox.xero("PUT", "/Invoices", invoice, key="k1").data == first.data
    sandbox.advance(50)
    assert sandbox.xero("PUT", "/Invoices", invoice, key="k1").data == first.data
    sandbox.advance(10)
    assert sandbox.xero("PUT", "/Invoices", invoice, key="k1").data != first.data
    effects = sandbox.control("GET", "/effects?kind=invoice.created")["effects"]
    assert [effect["duplicate_of_key"] for effect in effects] == [False, True]
    assert {effect["idempotency_key"] for effect in effects} == {"k1"}


def test_errors_are_kept_under_the_key(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "status", status=500)
    assert create(sandbox, "k1").status == 500
    assert create(sandbox, "k1").status == 500, "although the cause is gone"
    assert create(sandbox, "k2").status == 200


def test_a_5xx_after_the_commit_is_kept_too(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "status_after_commit", status=502)
    assert [create(sandbox, "k1").status for _ in range(2)] == [502, 502]
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_a_5xx_need_not_be_kept(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "status", status=503, cached=False)
    assert [create(sandbox, "k1").status for _ in range(2)] == [503, 200]


def test_a_429_is_never_kept(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "rate_limited")
    assert [create(sandbox, "k1").status for _ in range(2)] == [429, 200]


@pytest.mark.parametrize(("fault", "made"), [("drop_before_commit", 0), ("drop_after_commit", 1)])
def test_after_a_drop_the_same_key_gives_one_effect(
    sandbox: Sandbox, fault: str, made: int
) -> None:
    sandbox.fault("xero", fault)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        create(sandbox, "k1")
    assert sandbox.counts().get("xero.contact.created", 0) == made
    assert create(sandbox, "k1").status == 200
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_a_duplicate_at_the_same_time_waits_for_the_first(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "hold_before_commit")
    calls = [in_background(lambda: create(sandbox, "k1").data) for _ in range(2)]
    wait_until(lambda: len(sandbox.control("GET", "/requests")["requests"]) == 2)
    assert [answers for _thread, answers in calls] == [[], []]
    sandbox.control("POST", "/held/release", {})
    for thread, _answers in calls:
        thread.join()
    answers = [answer for _thread, found in calls for answer in found]
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_a_key_is_at_most_128_characters(sandbox: Sandbox) -> None:
    assert create(sandbox, "k" * 128).status == 200
    assert create(sandbox, "k" * 129, Name="Other").status == 400
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_reads_ignore_the_key(sandbox: Sandbox) -> None:
    before = sandbox.xero("GET", "/Contacts", key="k1").json()["Contacts"]
    sandbox.contact()
    assert len(sandbox.xero("GET", "/Contacts", key="k1").json()["Contacts"]) == len(before) + 1
