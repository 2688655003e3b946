"""Finding a message again, whatever the clocks say."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.actions.outcome import Blocks, Deferred
from infra.clock import utc_now
from infra.platforms.slack.errors import NOT_AUTHORISED, refusal
from workers.execute import execute

POSTED = "slack.message.posted"


def look_up(fleet, world, transport=None):
    """A message whose answer was lost, looked up after its settling time: its action."""
    action = world.message()
    execute(fleet, action)
    assert world.status(action) == "reconciling"
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    for _ in range(2):
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
        execute(replace(fleet, transport=transport or fleet.transport), action)
    return world.action(action)


def test_a_host_whose_clock_is_ahead_posts_once(fleet, world, sandbox):
    ahead = replace(fleet, now=lambda: utc_now() + timedelta(minutes=2))
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    assert look_up(ahead, world).status == "succeeded"
    assert sandbox.count(POSTED) == 1


class NoCursor:
    """A transport: Slack says there is more, and not where."""

    def __init__(self, inner):
        self.inner = inner

    def carry(self, exchange):
        self.inner.carry(exchange)
        if "conversations.history" in exchange.url:
            exchange.answer = json.dumps({"ok": True, "messages": [], "has_more": True}).encode()


def test_more_messages_without_a_cursor_are_no_absence(fleet, world, sandbox):
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    action = look_up(fleet, world, NoCursor(fleet.transport))
    assert (action.status, action.error["code"]) == ("reconciling", "unreadable_answer")
    assert sandbox.count(POSTED) == 1


@pytest.mark.parametrize("code", sorted(NOT_AUTHORISED))
def test_refused_credentials_keep_slacks_word(code):
    refused = refusal(None, {"ok": False, "error": code}, utc_now())
    assert isinstance(refused, Deferred)
    assert (refused.code, refused.blocks) == (code, Blocks.CONNECTION)
