"""The Graph API's datasets: what they take, refuse and discard."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from sandbox_client import Sandbox

from infra.sandbox.facebook.seed import BUSINESS, DATASET, DATASET_TWO, TOKEN, VERSION

EM = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
DAY = 86_400


def event(**more: Any) -> dict[str, Any]:
    return {
        "event_name": "Lead",
        "event_time": int(time.time()) - 60,
        "event_id": "one",
        "action_source": "system_generated",
        "user_data": {"em": [EM]},
        **more,
    }


def answered(
    sandbox: Sandbox, *events: Any, dataset: str = DATASET, token: str | None = TOKEN, **more: Any
) -> urllib3.BaseHTTPResponse:
    fields = {"data": json.dumps(events), **more}
    if token is not None:
        fields["access_token"] = token
    return sandbox.http.request(
        "POST",
        f"{sandbox.base}/facebook/{VERSION}/{dataset}/events",
        body=urlencode(fields),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def refusal(answer: urllib3.BaseHTTPResponse, status: int = 400) -> dict[str, Any]:
    assert answer.status == status, answer.data
    error: dict[str, Any] = answer.json()["error"]
    assert error["fbtrace_id"]
    return error


def received(sandbox: Sandbox) -> list[Any]:
    return [one["event"] for one in sandbox.control("GET", "/facebook/events")["events"]]


def test_events_are_received_and_counted(sandbox: Sandbox) -> None:
    sent = [event(), event(event_id="two")]
    answer = answered(sandbox, *sent, test_event_code="TEST7").json()
    assert (answer["events_received"], answer["messages"]) == (2, [])
    assert answer["fbtrace_id"]
    assert received(sandbox) == sent
    first, second = sandbox.control("GET", "/effects")["effects"]
    assert (first["kind"], first["mark"], first["tenant"]) == ("event.received", "one", DATASET)
    assert second["mark"] == "two"
    kept = sandbox.control("GET", f"/facebook/events?dataset={DATASET}")["events"]
    assert [one["test_event_code"] for one in kept] == ["TEST7", "TEST7"]


@pytest.mark.parametrize("where", ["json", "bearer", "query"])
def test_the_token_and_the_events_may_come_in_other_ways(sandbox: Sandbox, where: str) -> None:
    headers = {"Content-Type": "application/json"}
    body: dict[str, Any] = {"data": [event()]}
    query = ""
    if where == "json":
        body["access_token"] = TOKEN
    elif where == "bearer":
        headers["Authorization"] = f"Bearer {TOKEN}"
    else:
        query = f"?access_token={TOKEN}"
    url = f"{sandbox.base}/facebook/{VERSION}/{DATASET}/events{query}"
    answer = sandbox.http.request("POST", url, body=json.dumps(body), headers=headers)
    assert answer.json()["events_received"] == 1


def test_an_event_told_again_is_received_and_discarded(sandbox: Sandbox) -> None:
    assert answered(sandbox, event()).status == 200
    again = answered(sandbox, event(event_time=int(time.time())), event(event_id="two"))
    assert again.json()["events_received"] == 2
    assert [one["event_id"] for one in received(sandbox)] == ["one", "two"]
    assert sandbox.counts() == {"facebook.event.received": 2}


def test_another_name_another_dataset_or_no_id_is_another_event(sandbox: Sandbox) -> None:
    nameless = event()
    del nameless["event_id"]
    answered(sandbox, event(), event(event_name="Contact"), nameless, nameless)
    answered(sandbox, event(), dataset=DATASET_TWO)
    assert sandbox.counts() == {"facebook.event.received": 5}


def test_the_window_counts_from_the_first_receipt_and_ends_after_48_hours(
    sandbox: Sandbox,
) -> None:
    answered(sandbox, event())
    sandbox.advance(47 * 3600)
    answered(sandbox, event())
    assert sandbox.counts() == {"facebook.event.received": 1}
    sandbox.advance(2 * 3600)
    answered(sandbox, event())
    assert sandbox.counts() == {"facebook.event.received": 2}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"event_name": None}, "The parameter $['data'][1]['event_name'] is required."),
        ({"event_time": None}, "The parameter $['data'][1]['event_time'] is required."),
        ({"user_data": None}, "The parameter $['data'][1]['user_data'] is required."),
        ({"action_source": None}, "The parameter $['data'][1]['action_source'] is required."),
        ({"action_source": "shop"}, "['action_source'] must be one of"),
        ({"action_source": ["website"]}, "['action_source'] is not of the expected type"),
        ({"event_time": "now"}, "['event_time'] is not of the expected type"),
        ({"event_time": int(time.time()) + 3600}, "is in the future"),
        ({"event_time": int(time.time()) - 8 * DAY}, "within 7 days"),
        ({"user_data": {"em": "jo@x.test"}}, "['em'] must be hashed"),
        ({"user_data": {"em": [EM.upper()]}}, "['em'] must be hashed"),
        ({"user_data": {"client_user_agent": "x"}}, "sufficient customer information"),
        ({"user_data": {"fn": [EM], "ge": [EM]}}, "sufficient customer information"),
        ({"action_source": "website"}, "['event_source_url'] is required"),
        (
            {"action_source": "website", "event_source_url": "https://x.test"},
            "['client_user_agent'] is required",
        ),
        ({"event_name": "Purchase"}, "['custom_data']['value'] is required"),
        ({"custom_data": {"value": 1, "currency": "dollars"}}, "is not a currency"),
        ({"custom_data": "x"}, "['custom_data'] is not of the expected type"),
    ],
)
def test_one_bad_event_refuses_them_all(sandbox: Sandbox, bad: dict[str, Any], words: str) -> None:
    answer = answered(sandbox, event(), event(event_id="two", **bad), event(event_id="three"))
    error = refusal(answer)
    assert (error["code"], error["is_transient"]) == (100, False)
    assert words in error["error_user_msg"]
    assert received(sandbox) == []


def test_a_sale_in_a_store_may_be_told_for_62_days(sandbox: Sandbox) -> None:
    old = {"event_time": int(time.time()) - 61 * DAY, "action_source": "physical_store"}
    assert answered(sandbox, event(**old)).status == 200
    sandbox.advance(DAY + 60)
    assert refusal(answered(sandbox, event(**old, event_id="two")))["error_subcode"] == 2804003


def test_a_thousand_events_and_no_more(sandbox: Sandbox) -> None:
    events = [event(event_id=str(number)) for number in range(1001)]
    assert "at most 1000" in refusal(answered(sandbox, *events))["error_user_msg"]
    assert answered(sandbox, *events[1:]).json()["events_received"] == 1000
    assert "['data'] is required" in refusal(answered(sandbox))["error_user_msg"]


def test_a_dataset_may_refuse_events_by_name(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/facebook/settings", {"refuse": {"Lead": "this event is blocked"}})
    error = refusal(answered(sandbox, event()))
    assert error["error_user_msg"] == "$['data'][0]: this event is blocked"
    assert answered(sandbox, event(event_name="Contact")).status == 200
    sandbox.control("POST", "/facebook/settings", {"nonsense": 1}, status=400)


@pytest.mark.parametrize("token", [None, "EAAwrong"])
def test_who_is_not_known_is_refused(sandbox: Sandbox, token: str | None) -> None:
    assert refusal(answered(sandbox, event(), token=token), 401)["code"] == 190


def test_a_revoked_token_is_refused_until_it_is_restored(sandbox: Sandbox) -> None:
    sandbox.fault("facebook", "revoke_token")
    assert refusal(answered(sandbox, event()), 401)["code"] == 190
    restored = sandbox.control("POST", "/tokens/restore", {"platform": "facebook"})
    assert restored == {"facebook": {"access_token": TOKEN}}
    assert answered(sandbox, event()).status == 200


def test_an_object_the_token_does_not_open(sandbox: Sandbox) -> None:
    error = refusal(answered(sandbox, event(), dataset="1300000000000009"))
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert "missing permissions" in error["message"]


def test_a_dataset_can_be_read(sandbox: Sandbox) -> None:
    url = f"{sandbox.base}/facebook/{VERSION}/{DATASET}?fields=id,name"
    answer = sandbox.http.request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.json() == {"id": DATASET, "name": "Tidewater Studio"}
    unknown = sandbox.http.request("GET", f"{sandbox.base}/facebook/v1.0/{DATASET}?{TOKEN}")
    assert unknown.status == 401


def usage(answer: urllib3.BaseHTTPResponse) -> int:
    (use,) = json.loads(answer.headers["X-Business-Use-Case-Usage"])[BUSINESS]
    return int(use["estimated_time_to_regain_access"])


def test_calls_an_hour_when_limited(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "facebook", "hour": 1})
    assert answered(sandbox, event()).status == 200
    second = answered(sandbox, event())
    assert refusal(second)["code"] == 80004
    assert usage(second) in {60, 61}
    assert answered(sandbox, event(), dataset=DATASET_TWO).status == 200
    sandbox.advance(3601)
    assert answered(sandbox, event()).status == 200
    sandbox.control("POST", "/limits", {"platform": "facebook", "hour": None})
    assert answered(sandbox, event()).status == 200
    sandbox.control("POST", "/limits", {"platform": "facebook", "day": 1}, status=400)


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [("minute", 400, 4), ("account", 400, 80004), ("custom", 429, 613)],
)
def test_each_way_to_say_too_many_calls(
    sandbox: Sandbox, problem: str, status: int, code: int
) -> None:
    sandbox.fault("facebook", "rate_limited", problem=problem, retry_after=90)
    answer = answered(sandbox, event())
    assert refusal(answer, status)["code"] == code
    assert usage(answer) == 2
    assert received(sandbox) == []


@pytest.mark.parametrize(("status", "code"), [(500, 2), (503, 2), (400, 2), (403, 200)])
def test_a_status_comes_with_the_envelope(sandbox: Sandbox, status: int, code: int) -> None:
    sandbox.fault("facebook", "status", status=status)
    error = refusal(answered(sandbox, event()), status)
    assert (error["code"], error["is_transient"]) == (code, code == 2)


def test_what_is_no_json_or_no_call(sandbox: Sandbox) -> None:
    answer = answered(sandbox, data="{")
    assert "is not JSON" in refusal(answer)["error_user_msg"]
    assert refusal(answered(sandbox, event(), dataset=f"{DATASET}/x"))["code"] == 2500
    sandbox.control("GET", "/facebook/nonsense", status=404)
