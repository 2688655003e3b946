"""A scope that only this message needs refuses this message; any other pauses the workspace."""

import json

import pytest

from domain.actions.outcome import Blocks, Deferred, Rejected
from infra.clock import utc_now
from infra.platforms.slack.errors import refusal
from workers.execute import execute

POSTED = "slack.message.posted"
CUSTOMISE = "chat:write.customize"


def post(world, **more):
    params = {"channel": "C0GENERAL", "text": "A deal was won", **more}
    action = world.submit(world.request("slack_send_message", params))
    execute(world.fleet, action)
    return world.action(action)


def lose(sandbox, *scopes):
    sandbox.control("POST", "/slack/scopes", {"missing": scopes})


@pytest.mark.parametrize(
    "more",
    [{"username": "Deals"}, {"icon_emoji": ":tada:"}, {"icon_url": "https://x.test/i.png"}],
    ids=lambda more: next(iter(more)),
)
def test_a_message_that_wants_another_name_or_icon_is_refused_alone(world, sandbox, more):
    lose(sandbox, CUSTOMISE)
    row = post(world, **more)
    assert (row.status, row.error["code"]) == ("rejected", "missing_scope")
    assert row.error["message"].startswith(f"Slack: missing_scope (needs {CUSTOMISE})")
    assert "leave out username, icon_emoji and icon_url" in row.error["message"]
    assert post(world).status == "succeeded", "nothing is paused"
    assert sandbox.count(POSTED) == 1


def test_a_scope_every_message_needs_pauses_the_workspace(world, sandbox):
    lose(sandbox, "chat:write", CUSTOMISE)
    row = post(world, username="Deals")
    assert (row.status, row.error["code"]) == ("waiting", "missing_scope")
    (integration,) = world.rows("SELECT status FROM integrations WHERE id = :i", i=world.slack)
    assert integration.status == "error"
    assert sandbox.count(POSTED) == 0


@pytest.mark.parametrize(
    ("needed", "customised", "kind"),
    [
        (CUSTOMISE, True, Rejected),
        (f" {CUSTOMISE} ", True, Rejected),
        (CUSTOMISE, False, Deferred),
        (f"chat:write,{CUSTOMISE}", True, Deferred),
        ("chat:write", True, Deferred),
        ("", True, Deferred),
        (None, True, Deferred),
        ([CUSTOMISE], True, Deferred),
        (7, True, Deferred),
    ],
)
def test_only_that_scope_alone_and_asked_for_is_the_messages_own(needed, customised, kind):
    answer = json.loads(json.dumps({"ok": False, "error": "missing_scope", "needed": needed}))
    refused = refusal(None, answer, utc_now(), customised=customised)
    assert type(refused) is kind
    assert kind is Rejected or refused.blocks is Blocks.CONNECTION


def test_an_app_whose_messages_are_switched_off_pauses(world):
    refused = refusal(None, {"ok": False, "error": "messages_tab_disabled"}, utc_now())
    assert isinstance(refused, Deferred)
    assert refused.blocks is Blocks.CONNECTION
