"""Both kinds of tokens, against the sandbox's OAuth server; what is lost there stays lost."""

import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from domain.actions.outcome import Deferred, Rejected
from infra.clock import utc_now
from infra.exchange import Transport
from infra.platforms.zoom import tokens
from infra.sandbox.zoom import seed
from infra.session import Session
from tests.platforms.zoom.account import (
    CREATED,
    HOST,
    MEETING,
    OAUTH,
    S2S,
    add_account,
    add_user,
    meeting,
)
from workers.execute import execute

ISSUED, REFRESHED = "zoom.token.issued", "zoom.token.refreshed"


def session(sandbox, credentials, path="/zoom/oauth"):
    return Session(
        transport=Transport(2.0, 2.0),
        base_url=sandbox.url + path,
        tenant_key="",
        credentials=credentials,
        send_by=utc_now() + timedelta(seconds=5),
        send_by_monotonic=time.monotonic() + 5,
        call_timeout_s=5.0,
    )


@pytest.fixture
def asking(sandbox):
    return lambda held, **more: tokens.refresh(session(sandbox, {**held, **more}))


def connection(world, integration_id):
    (row,) = world.rows(
        "SELECT c.* FROM connections c JOIN integrations i ON i.connection_id = c.id"
        " WHERE i.id = :id",
        id=integration_id,
    )
    return world.fleet.vault.unlock(bytes(row.credentials))


def hold(world, integration_id, **held):
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text(
                "UPDATE connections SET credentials = :new, version = version + 1 WHERE id ="
                " (SELECT connection_id FROM integrations WHERE id = :id)"
            ),
            {
                "new": world.fleet.vault.lock({**connection(world, integration_id), **held}),
                "id": integration_id,
            },
        )


def state(world, integration_id):
    (row,) = world.rows("SELECT * FROM integrations WHERE id = :id", id=integration_id)
    return row


def carry_on(world, action, rounds=6):
    for _ in range(rounds):
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
            tx.execute(text("UPDATE connections SET refresh_lease_until = NULL"))
        execute(world.fleet, action)
        if world.action(action).finished_at is not None:
            break
    return world.action(action)


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        ({**S2S, "access_token": None}, True),
        ({"kind": "s2s"}, True),
        (S2S, False),
        (OAUTH, False),
        ({**OAUTH, "minutes": -5}, True),
        ({**OAUTH, "minutes": 1}, True),
        ({**S2S, "minutes": 1}, True),
        ({**S2S, "minutes": 3}, False),
    ],
    ids=str,
)
def test_a_token_is_renewed_two_minutes_early(held, needed):
    now = utc_now()
    minutes = held.get("minutes")
    ends = {} if minutes is None else {"expires_at": (now + timedelta(minutes=minutes)).isoformat()}
    assert tokens.needs_refresh({**held, **ends}, now) is needed


def test_an_accounts_app_gets_a_new_token_with_its_keys(asking, sandbox):
    got = asking(S2S, access_token=None)
    assert got["access_token"] not in {None, seed.S2S_ACCESS_TOKEN}
    assert "refresh_token" not in got
    assert (got["kind"], got["client_secret"]) == ("s2s", seed.S2S_CLIENT_SECRET)
    left = datetime.fromisoformat(got["expires_at"]) - utc_now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_a_new_pair_replaces_the_old(asking, sandbox):
    got = asking(OAUTH)
    assert got["access_token"] != seed.ACCESS_TOKEN
    assert got["refresh_token"] != seed.REFRESH_TOKEN
    assert sandbox.counts() == {REFRESHED: 1}


@pytest.mark.parametrize(
    ("held", "more", "code"),
    [
        (OAUTH, {"refresh_token": "a-token-nobody-knows"}, "invalid_grant"),
        (OAUTH, {"client_secret": "a-token-nobody-knows"}, "invalid_client"),
        (S2S, {"client_secret": "a-token-nobody-knows"}, "invalid_client"),
        (S2S, {"account_id": "a-token-nobody-knows"}, "invalid_request"),
        (OAUTH, {"refresh_token": None}, "credentials_incomplete"),
        (S2S, {"account_id": ""}, "credentials_incomplete"),
        ({"kind": "s2s"}, {}, "credentials_incomplete"),
        ({}, {}, "credentials_incomplete"),
    ],
)
def test_what_is_refused_needs_a_person_and_nothing_secret_is_said(asking, held, more, code):
    refused = asking(held, **more)
    assert isinstance(refused, Rejected)
    assert refused.code == code
    assert "connect" in refused.message
    assert "nobody-knows" not in refused.message


@pytest.mark.parametrize("fault", ["status", "garbage", "rate_limited"])
@pytest.mark.parametrize("held", [S2S, OAUTH])
def test_an_outage_is_waited_out(asking, sandbox, held, fault):
    sandbox.fault("zoom", fault, path="/oauth/token")
    assert isinstance(asking(held), Deferred)


class Endpoint:
    """A token endpoint that answers as told."""

    def __init__(self, status, answer):
        self.status, self.answer = status, answer

    def carry(self, exchange):
        exchange.sent, exchange.status, exchange.answer = True, self.status, self.answer


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"error": {}}',
        b'{"error": "server_error"}',
        b'{"access_token": 5}',
        b'{"access_token": ""}',
        b'{"access_token": "a\\nb"}',
        b'{"access_token": "abc", "expires_in": "soon", "refresh_token": 7, "scope": []}',
        b'{"access_token": "abc", "expires_in": 1e400}',
        b'{"access_token": "abc", "expires_in": 99999999999999999999}',
    ],
)
def test_whatever_the_endpoint_answers_there_is_an_outcome(sandbox, status, answer):
    asking = session(sandbox, OAUTH)
    asking.transport = Endpoint(status, answer)
    got = tokens.refresh(asking)
    if status == 200 and b'"abc"' in answer:
        assert (got["access_token"], got["refresh_token"]) == ("abc", seed.REFRESH_TOKEN)
        assert datetime.fromisoformat(got["expires_at"]) < utc_now() + timedelta(hours=2)
    else:
        assert isinstance(got, Deferred)


def test_a_pair_is_renewed_and_stored_before_it_is_used(world, sandbox):
    integration = add_user(world)
    hold(world, integration, expires_at=(utc_now() - timedelta(minutes=1)).isoformat())
    action = world.submit(world.request("zoom_create_meeting", MEETING))
    execute(world.fleet, action)
    assert world.status(action) == "succeeded"
    kept = connection(world, integration)
    assert kept["refresh_token"] != seed.REFRESH_TOKEN
    assert sandbox.counts() == {REFRESHED: 1, CREATED: 1}


def test_an_accounts_app_that_never_had_a_token_gets_one(world, sandbox):
    integration = add_account(world)
    hold(world, integration, access_token=None)
    action = meeting(world)
    execute(world.fleet, action)
    assert world.status(action) == "succeeded"
    assert sandbox.counts() == {ISSUED: 1, CREATED: 1}


def test_a_pair_lost_on_the_way_wants_the_person_again(world, sandbox):
    """Zoom has ended the old refresh token, and nobody here knows the new one."""
    integration = add_user(world)
    hold(world, integration, expires_at=(utc_now() - timedelta(minutes=1)).isoformat())
    sandbox.fault("zoom", "drop_after_commit", path="/oauth/token")
    action = world.submit(world.request("zoom_create_meeting", MEETING))
    execute(world.fleet, action)
    assert world.status(action) == "waiting"
    carry_on(world, action, rounds=2)
    paused = state(world, integration)
    assert paused.status == "error"
    assert "invalid_grant" in paused.status_reason
    pair = sandbox.control("POST", "/zoom/tokens", {})
    hold(world, integration, **{name: pair[name] for name in ("access_token", "refresh_token")},
         expires_at=(utc_now() + timedelta(hours=1)).isoformat())  # fmt: skip
    world.reconnect(integration)
    assert carry_on(world, action).status == "succeeded"
    assert sandbox.count(CREATED) == 1


def test_a_token_lost_on_the_way_is_asked_for_again_by_an_accounts_app(world, sandbox):
    integration = add_account(world)
    hold(world, integration, access_token=None)
    sandbox.fault("zoom", "drop_after_commit", path="/oauth/token")
    action = meeting(world)
    assert carry_on(world, action).status == "succeeded"
    assert state(world, integration).status == "active"
    assert sandbox.counts() == {ISSUED: 2, CREATED: 1}


@pytest.mark.parametrize("add", [add_account, add_user])
def test_a_token_that_ended_early_is_renewed_once(world, sandbox, add):
    integration = add(world)
    sandbox.fault("zoom", "revoke_token", only_access=True)
    host = HOST if add is add_account else "me"
    row = carry_on(world, meeting(world, host=host))
    assert row.status == "succeeded"
    assert state(world, integration).status == "active"
    assert sum(sandbox.count(kind) for kind in (ISSUED, REFRESHED)) == 1


def test_a_scope_taken_away_pauses_and_says_which(world, sandbox):
    integration = add_account(world)
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": ["user:read:user:admin"]})
    action = meeting(world)
    execute(world.fleet, action)
    paused = state(world, integration)
    assert (paused.status, world.status(action)) == ("error", "waiting")
    assert "meeting:write:meeting" in paused.status_reason
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": None})
    world.reconnect(integration)
    assert carry_on(world, action).status == "succeeded"
    assert sandbox.count(CREATED) == 1
