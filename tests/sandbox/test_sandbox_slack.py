"""Slack's methods: what they take, refuse and give back."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from sandbox_client import Sandbox

from infra.sandbox import seed

METADATA = {"event_type": "fleet_action", "event_payload": {"action_id": "a-1"}}


def post(sandbox: Sandbox, **more: Any) -> Any:
    return sandbox.slack("chat.postMessage", {"channel": "C0GENERAL", "text": "hello", **more})


def history(sandbox: Sandbox, **more: Any) -> Any:
    return sandbox.slack("conversations.history", {"channel": "C0GENERAL", **more})


def test_a_message_is_posted_and_read_back(sandbox: Sandbox) -> None:
    answer = post(sandbox, metadata=METADATA)
    assert (answer["ok"], answer["channel"]) == (True, "C0GENERAL")
    assert answer["message"]["ts"] == answer["ts"]
    (bare,) = history(sandbox)["messages"]
    assert (bare["text"], "metadata" in bare) == ("hello", False)
    (whole,) = history(sandbox, include_all_metadata=True)["messages"]
    assert whole["metadata"] == METADATA
    (effect,) = sandbox.control("GET", "/effects")["effects"]
    assert (effect["kind"], effect["mark"]) == ("message.posted", "a-1")
    assert effect["id"] == f"C0GENERAL:{answer['ts']}"


def test_forms_are_taken_too(sandbox: Sandbox) -> None:
    form = {"channel": "#general", "text": "é", "metadata": json.dumps(METADATA)}
    answer = sandbox.http.request(
        "POST",
        f"{sandbox.base}/slack/api/chat.postMessage",
        body=urlencode(form),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Bearer {seed.SLACK_TOKEN}",
        },
    ).json()
    assert answer["channel"] == "C0GENERAL"
    read = sandbox.http.request(
        "GET",
        f"{sandbox.base}/slack/api/conversations.history?channel=C0GENERAL&include_all_metadata=1",
        headers={"Authorization": f"Bearer {seed.SLACK_TOKEN}"},
    ).json()
    assert [(message["text"], message["metadata"]) for message in read["messages"]] == [
        ("é", METADATA)
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": None}, "channel_not_found"),
        ({"channel": "C0OUTSIDE"}, "not_in_channel"),
        ({"channel": "C0ARCHIVED"}, "is_archived"),
        ({"text": ""}, "no_text"),
        ({"text": None, "blocks": []}, "no_text"),
        ({"text": {"a": 1}}, "invalid_arguments"),
        ({"markdown_text": "x"}, "markdown_text_conflict"),
        ({"text": None, "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"attachments": [{}] * 101}, "too_many_attachments"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"metadata": "{"}, "invalid_metadata_format"),
        (
            {"metadata": {"event_type": "x", "event_payload": {"a": "x" * 17_000}}},
            "metadata_too_large",
        ),
        ({"thread_ts": "1.000001"}, "cannot_reply_to_message"),
    ],
)
def test_refusals_come_with_http_200(sandbox: Sandbox, body: dict[str, Any], error: str) -> None:
    answer = sandbox.slack_answer(
        "chat.postMessage", {"channel": "C0GENERAL", "text": "hello", **body}
    )
    assert (answer.status, answer.json()["ok"], answer.json()["error"]) == (200, False, error)
    assert sandbox.counts() == {}


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-wrong", "invalid_auth")])
def test_who_is_not_known_is_refused(sandbox: Sandbox, token: str | None, error: str) -> None:
    answer = sandbox.slack("auth.test", {}, token=token)
    assert answer == {"ok": False, "error": error}


def test_bodies_that_cannot_be_read(sandbox: Sandbox) -> None:
    assert sandbox.slack("chat.postMessage", b"{")["error"] == "invalid_json"
    assert sandbox.slack("chat.postMessage", b"[]")["error"] == "json_not_object"
    assert sandbox.slack("chat.nonsense", {})["error"] == "unknown_method"


def test_auth_test_says_who_we_are(sandbox: Sandbox) -> None:
    answer = sandbox.slack("auth.test", {})
    assert (answer["ok"], answer["team_id"]) == (True, seed.SLACK_TEAM)


def test_long_text_is_cut_off(sandbox: Sandbox) -> None:
    answer = post(sandbox, text="x" * 40_001)
    assert (len(answer["message"]["text"]), answer["warning"]) == (40_000, "message_truncated")
    assert "warning" not in post(sandbox, text="x" * 40_000)


def test_timestamps_are_unique_and_rise_even_when_the_clock_goes_back(sandbox: Sandbox) -> None:
    first = [post(sandbox)["ts"] for _ in range(5)]
    sandbox.advance(-3600)
    stamps = first + [post(sandbox)["ts"] for _ in range(5)]
    assert stamps == sorted(set(stamps))


def test_history_is_newest_first_between_two_moments(sandbox: Sandbox) -> None:
    stamps = [post(sandbox, text=str(number))["ts"] for number in range(4)]

    def texts(**more: Any) -> list[str]:
        return [message["text"] for message in history(sandbox, **more)["messages"]]

    assert texts() == ["3", "2", "1", "0"]
    assert texts(oldest=stamps[1]) == ["3", "2"]
    assert texts(oldest=stamps[1], inclusive=True) == ["3", "2", "1"]
    assert texts(oldest=stamps[0], latest=stamps[2]) == ["1"]
    assert history(sandbox, oldest="yesterday")["error"] == "invalid_arguments"


def test_history_pages_stay_put_when_messages_come_in(sandbox: Sandbox) -> None:
    for number in range(3):
        post(sandbox, text=str(number))
    first = history(sandbox, limit=2)
    assert ([message["text"] for message in first["messages"]], first["has_more"]) == (
        ["2", "1"],
        True,
    )
    post(sandbox, text="new")
    second = history(sandbox, limit=2, cursor=first["response_metadata"]["next_cursor"])
    assert ([message["text"] for message in second["messages"]], second["has_more"]) == (
        ["0"],
        False,
    )
    assert history(sandbox, cursor="nonsense")["error"] == "invalid_cursor"


def test_replies_stay_in_their_thread(sandbox: Sandbox) -> None:
    parent = post(sandbox)["ts"]
    reply = post(sandbox, text="reply", thread_ts=parent, metadata=METADATA)["ts"]
    post(sandbox, text="loud", thread_ts=parent, reply_broadcast=True)
    assert [message["text"] for message in history(sandbox)["messages"]] == ["loud", "hello"]

    def thread(ts: str) -> Any:
        return sandbox.slack(
            "conversations.replies",
            {"channel": "C0GENERAL", "ts": ts, "include_all_metadata": True},
        )

    assert [message["text"] for message in thread(parent)["messages"]] == [
        "hello",
        "reply",
        "loud",
    ]
    assert thread(parent)["messages"][1]["metadata"] == METADATA
    assert thread(reply)["messages"][0]["ts"] == parent
    assert thread("1.5")["error"] == "thread_not_found"


def test_messages_per_second_and_channel_when_switched_on(sandbox: Sandbox) -> None:
    assert [post(sandbox)["ok"] for _ in range(3)] == [True] * 3
    sandbox.control("POST", "/limits", {"platform": "slack", "channel_per_second": 0.1})
    body = {"channel": "C0GENERAL", "text": "hello"}
    first, second = (sandbox.slack_answer("chat.postMessage", body) for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert second.headers["Retry-After"] == "10"
    other = sandbox.slack_answer("chat.postMessage", {**body, "channel": "C0SALES"})
    assert other.status == 200
    sandbox.advance(10)
    assert sandbox.slack_answer("chat.postMessage", body).status == 200
    sandbox.control("POST", "/limits", {"platform": "slack", "channel_per_second": None})
    assert sandbox.slack_answer("chat.postMessage", body).status == 200


def test_channels_can_be_seeded(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/slack/channels", {"id": "C0NEW", "name": "new"})
    assert sandbox.slack("chat.postMessage", {"channel": "new", "text": "x"})["channel"] == "C0NEW"
    sandbox.control("POST", "/slack/channels", {"id": "C0NEW", "is_archived": True})
    assert post(sandbox, channel="C0NEW")["error"] == "is_archived"
    messages = sandbox.control("GET", "/slack/messages?channel=C0NEW")["messages"]
    assert [(message["channel"], message["text"]) for message in messages] == [("C0NEW", "x")]
    sandbox.control("POST", "/slack/channels", {}, status=400)
    sandbox.control("GET", "/slack/nonsense", status=404)
