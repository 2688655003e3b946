"""Finding a message again, whatever the clocks say."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.actions.outcome import Blocks, Deferred
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.slack.errors import (
    NOT_AUTHORISED,
    OF_THE_TOKEN,
    classify_status,
    refusal,
)
from workers.execute import execute

POSTED = "slack.message.posted"


def look_up(fleet, world, transport=None, **params):
    """A message whose answer was lost, looked up after its settling time: its action."""
    wish = {"channel": "C0GENERAL", "text": "hello", **params}
    action = world.submit(world.request("slack_send_message", wish))
    execute(fleet, action)
    assert world.status(action) == "reconciling"
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    return again(replace(fleet, transport=transport or fleet.transport), world, action)


def again(fleet, world, action):
    """Carry it on twice, as if what it waits for were over."""
    for _ in range(2):
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
        execute(fleet, action)
    return world.action(action)


def test_a_host_whose_clock_is_ahead_posts_once(fleet, world, sandbox):
    ahead = replace(fleet, now=lambda: utc_now() + timedelta(minutes=2))
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    assert look_up(ahead, world).status == "succeeded"
    assert sandbox.count(POSTED) == 1


class Saying:
    """A transport: one method is answered with this."""

    def __init__(self, inner, method, **answer):
        self.inner, self.method, self.answer = inner, method, json.dumps(answer).encode()

    def carry(self, exchange):
        self.inner.carry(exchange)
        if self.method in exchange.url:
            exchange.answer = self.answer


@pytest.mark.parametrize(
    "answer",
    [
        {"messages": [], "has_more": True},
        {"messages": [], "has_more": True, "response_metadata": "none"},
        {"messages": []},
        {"messages": {}, "has_more": False},
        {"messages": None, "has_more": False},
        {"has_more": False},
        {},
    ],
)
def test_a_list_that_is_not_whole_is_no_absence(fleet, world, sandbox, answer):
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    saying = Saying(fleet.transport, "conversations.history", ok=True, **answer)
    action = look_up(fleet, world, saying)
    assert (action.status, action.error["code"]) == ("reconciling", "unreadable_answer")
    assert sandbox.count(POSTED) == 1


@pytest.mark.parametrize(
    "odd", [None, "text", {"metadata": []}, {"metadata": {"event_payload": 1}}]
)
def test_messages_of_others_are_passed_over_whatever_they_hold(fleet, world, sandbox, odd):
    sandbox.fault("slack", "drop_before_commit", path="chat.postMessage")
    saying = Saying(
        fleet.transport, "conversations.history", ok=True, messages=[odd], has_more=False
    )
    assert look_up(fleet, world, saying).status == "succeeded"  # absent, and sent again
    assert sandbox.count(POSTED) == 1


THREAD = "1700000000.000100"


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ([{"ts": THREAD}], "cannot_reply_to_message"),  # absent, sent again, and refused
        ([{"ts": THREAD, "thread_ts": THREAD}], "cannot_reply_to_message"),
        ([{"ts": THREAD, "thread_ts": "1700000000.000050"}], "not_the_thread"),
    ],
)
def test_a_reply_leads_to_no_whole_thread(fleet, world, sandbox, listed, code):
    """Asked by a reply's `ts`, Slack may list that reply alone: ours is not among it."""
    sandbox.fault("slack", "drop_before_commit", path="chat.postMessage")
    saying = Saying(
        fleet.transport, "conversations.replies", ok=True, messages=listed, has_more=False
    )
    assert look_up(fleet, world, saying, thread_ts=THREAD).error["code"] == code


@pytest.mark.parametrize("code", sorted(OF_THE_TOKEN))
def test_a_token_refused_while_looking_up_pauses_the_integration(fleet, world, sandbox, code):
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    saying = Saying(fleet.transport, "conversations.history", ok=False, error=code)
    action = look_up(fleet, world, saying)
    assert action.status == "reconciling"
    assert len(world.events("integration.paused")) == 1
    world.reconnect(world.slack)
    assert again(fleet, world, action.id).status == "succeeded"
    assert sandbox.count(POSTED) == 1


def test_a_scope_missing_for_the_look_up_pauses_nothing(fleet, world, sandbox):
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    saying = Saying(fleet.transport, "conversations.history", ok=False, error="missing_scope")
    action = look_up(fleet, world, saying)
    assert (action.status, action.error["code"]) == ("reconciling", "look_up_refused")
    assert world.events("integration.paused") == []


@pytest.mark.parametrize("answer", [{}, {"channel": "C0GENERAL"}, {"ts": "1.2"}, {"ts": 12}])
def test_ok_without_a_message_is_looked_up(fleet, world, sandbox, answer):
    action = world.message()
    execute(
        replace(fleet, transport=Saying(fleet.transport, "chat.postMessage", ok=True, **answer)),
        action,
    )
    assert world.action(action).error["code"] == "unreadable_answer"
    assert world.status(action) == "reconciling"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("17", 17), ("0", 1), ("soon", 30), ("999999999", 86_400), ("9" * 20, 86_400)],
)
def test_no_header_holds_a_channel_for_ever(said, seconds):
    exchange = Exchange("POST", "http://x/y", {}, b"", utc_now(), 0.0, 0.0)
    exchange.status, exchange.answer_headers = 429, {"retry-after": said}
    now = utc_now()
    limited = classify_status(exchange, now)
    assert isinstance(limited, Deferred)
    assert limited.until == now + timedelta(seconds=seconds)


def test_slacks_words_are_kept_short_and_without_secrets():
    said = {
        "ok": False,
        "error": "invalid_blocks" * 1_000,
        "errors": ["xoxb-1-abcdef", "x" * 9_000],
    }
    refused = refusal(None, said, utc_now())
    assert (len(refused.code), len(refused.message)) == (80, len("Slack: ") + 2_000)
    assert "xoxb-1" not in refused.message


@pytest.mark.parametrize("code", sorted(NOT_AUTHORISED))
def test_refused_credentials_keep_slacks_word(code):
    refused = refusal(None, {"ok": False, "error": code}, utc_now())
    assert isinstance(refused, Deferred)
    assert (refused.code, refused.blocks) == (code, Blocks.CONNECTION)
