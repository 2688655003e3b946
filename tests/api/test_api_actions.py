"""Submitting, looking at and steering actions over HTTP."""

import pytest

from workers.execute import execute

pytestmark = pytest.mark.processes

MESSAGE = {"action_type": "slack_send_message", "params": {"channel": "C0GENERAL", "text": "hi"}}


def test_an_action_is_stored_before_it_is_answered(admin, world) -> None:
    said = admin.post(f"/integrations/{world.slack}/action", MESSAGE, X_Request_Id="req-1")
    assert said.status == 202, said.body
    row = world.action(said.json["id"])
    assert (row.status, row.source, row.request_id) == ("queued", "http", "req-1")
    assert said.headers["Location"] == said.json["url"]
    assert said.headers["X-Request-Id"] == "req-1"
    execute(world.fleet, row.id)
    shown = admin.get(f"/actions/{row.id}").json
    assert (shown["status"], shown["is_final"]) == ("succeeded", True)
    assert shown["result"]["channel"] == "C0GENERAL"
