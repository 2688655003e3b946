"""`fleet connect`: the test plays the browser, and everything that can go wrong in it."""

import json
import re
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from infra.platforms.xero import sdk
from infra.sandbox import seed
from tests.harness.world import World
from workers.execute import execute

assert sdk, "loaded before any send-by time runs: it takes a second"
BOTH = (seed.TENANT_ONE, seed.TENANT_TWO)


def integrations_of(world: World) -> dict[str, Any]:
    rows = world.rows(
        "SELECT i.*, c.version FROM integrations i JOIN connections c ON c.id = i.connection_id"
        " WHERE i.workspace_id = :w AND i.platform = 'xero'",
        w=world.workspace_id,
    )
    return {row.tenant_key: row for row in rows}


def held_by(world: World, tenant: str) -> dict[str, Any]:
    (row,) = world.rows(
        "SELECT c.credentials FROM connections c JOIN integrations i ON i.connection_id = c.id"
        " WHERE i.workspace_id = :w AND i.tenant_key = :t",
        w=world.workspace_id,
        t=tenant,
    )
    return dict(world.fleet.vault.unlock(bytes(row.credentials)))


def test_signing_in_connects_the_organisations_chosen(world, sandbox, connecting) -> None:
    with connecting("--organisation", "sandbox two pty ltd") as command:
        asked = command.asked()
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == command.redirect_uri
        assert "offline_access" in asked["scope"].split()
        assert seed.CLIENT_SECRET not in command.url
        page = command.come_back(command.agree(approve="1"))
        assert (page.status, b"Thank you" in page.data) == (200, True)
        status, out, said = command.ended()
    assert status == 0, said
    (one,) = json.loads(out)
    assert (one["tenant"], one["created"]) == (seed.TENANT_TWO, True)
    rows = integrations_of(world)
    assert set(rows) == set(BOTH)
    assert rows[seed.TENANT_TWO].connection_id != rows[seed.TENANT_ONE].connection_id
    held = held_by(world, seed.TENANT_TWO)
    assert held["client_secret"] == seed.CLIENT_SECRET
    assert held["refresh_token"] not in out + said
    assert held["access_token"] not in out + said
    assert sandbox.count("xero.token.issued") == 1


def test_connecting_again_mends_the_same_integration_and_what_waited_goes_on(
    world, sandbox, connecting, fleet
) -> None:
    with fleet.database.transaction() as tx:
        bad = fleet.vault.lock({"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET,
                                "access_token": "dead", "refresh_token": "dead"})  # fmt: skip
        tx.execute(
            text("UPDATE connections SET credentials = :bad WHERE platform = 'xero'"), {"bad": bad}
        )
    waiting = world.submit(world.request("xero_create_contact", {}, world.deal({})[0]))
    execute(fleet, waiting)
    before = integrations_of(world)[seed.TENANT_ONE]
    assert (before.status, world.status(waiting)) == ("error", "waiting")
    # The app's id and secret are those stored: nothing is asked for.
    with connecting(
        "--organisation", seed.TENANT_ONE, XERO_CLIENT_ID="", XERO_CLIENT_SECRET=""
    ) as (command):
        command.come_back(command.agree(approve="1"))
        status, out, said = command.ended()
    assert (status, json.loads(out)[0]["created"]) == (0, False), said
    after = integrations_of(world)[seed.TENANT_ONE]
    assert (after.id, after.connection_id) == (before.id, before.connection_id)
    assert (after.status, after.status_reason, after.version) == (
        "active",
        None,
        before.version + 1,
    )
    assert len(world.events("integration.resumed")) == 1
    for _ in range(4):
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now()"))
        execute(fleet, waiting)
    assert world.status(waiting) == "succeeded"


def test_tokens_that_reach_less_leave_the_others_their_own(world, sandbox, connecting) -> None:
    with connecting("--all") as command:
        command.come_back(command.agree(approve="1"))
        assert command.ended()[0] == 0
    both = integrations_of(world)
    assert both[seed.TENANT_ONE].connection_id == both[seed.TENANT_TWO].connection_id
    shared = held_by(world, seed.TENANT_TWO)
    with connecting() as command:  # one organisation alone: nothing to choose from
        command.come_back(command.agree(approve="1", tenants=seed.TENANT_ONE))
        assert command.ended()[0] == 0
    after = integrations_of(world)
    assert {key: row.id for key, row in after.items()} == {key: r.id for key, r in both.items()}
    assert after[seed.TENANT_ONE].connection_id != after[seed.TENANT_TWO].connection_id
    assert held_by(world, seed.TENANT_TWO) == shared
    assert held_by(world, seed.TENANT_ONE) != shared


def test_declining_changes_nothing_and_says_so(world, sandbox, connecting) -> None:
    with connecting("--all") as command:
        page = command.come_back(command.agree(approve="0"))
        assert b"Nothing was connected" in page.data
        status, out, _said = command.ended()
    assert (status, json.loads(out)["error"]) == (1, "access was declined; nothing was changed")
    assert set(integrations_of(world)) == {seed.TENANT_ONE}


def test_somebody_elses_sign_in_is_turned_away_and_the_right_one_still_works(
    world, sandbox, connecting
) -> None:
    with connecting("--all") as command:
        back = command.agree(approve="1")
        forged = re.sub(r"state=[^&]+", "state=forged", back)
        assert command.come_back(forged).status == 400
        assert command.come_back(command.redirect_uri + "?code=x").status == 400
        assert command.come_back(command.redirect_uri.replace("callback", "other")).status == 404
        assert command.come_back(back).status == 200
        status, _out, said = command.ended()
    assert status == 0
    assert "turned away" in said


def test_a_browser_that_only_connects_holds_nobody_up(world, sandbox, connecting) -> None:
    with connecting("--all") as command:
        port = urlsplit(command.redirect_uri).port
        with socket.create_connection(("127.0.0.1", port)):  # as browsers do, just in case
            assert command.come_back(command.agree(approve="1")).status == 200
            assert command.ended()[0] == 0


def test_a_code_too_old_is_refused_in_xeros_words(world, sandbox, connecting) -> None:
    with connecting("--all") as command:
        back = command.agree(approve="1")
        sandbox.control("POST", "/clock", {"advance_seconds": 600})
        command.come_back(back)
        status, out, _said = command.ended()
    assert status == 1
    assert "invalid_grant" in json.loads(out)["error"]


def test_nobody_coming_ends_it_with_what_may_be_wrong(world, sandbox, connecting) -> None:
    began = time.monotonic()
    with connecting("--wait", "1") as command:
        status, out, _said = command.ended()
    assert status == 1
    assert time.monotonic() - began < 20
    answer = json.loads(out)
    assert "nobody came back within 1 s" in answer["error"]
    assert "redirect URI" in " ".join(answer["hints"])


def test_several_organisations_and_none_named_are_listed(world, sandbox, connecting) -> None:
    with connecting() as command:
        command.come_back(command.agree(approve="1"))
        status, out, _said = command.ended()
    answer = json.loads(out)
    assert status == 1
    assert len(answer["hints"]) == 2
    assert seed.TENANT_TWO in " ".join(answer["hints"])
    assert set(integrations_of(world)) == {seed.TENANT_ONE}


def test_slack_is_connected_by_a_token_that_slack_knows(world, run, environment, monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", seed.SLACK_TOKEN)
    ran = run("connect", "slack", "--workspace", world.workspace_id, "--json")
    assert ran.json[0]["integration_id"] == str(world.slack)
    assert ran.json[0]["created"] is False
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    ran = run("connect", "slack", "--workspace", world.workspace_id, "--json")
    assert (ran.status, ran.json["error"]) == (1, "Slack: invalid_auth")


def test_whose_it_is_must_be_said_where_there_are_several(world, fleet, run, environment) -> None:
    World(fleet)
    ran = run("connect", "slack", "--json")
    assert ran.status == 1
    assert len(ran.json["hints"]) == 2
