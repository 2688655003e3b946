"""Connecting Zoom: an account by its app's keys, a person by signing in."""

from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from domain.actions.outcome import Deferred, Rejected
from infra.platforms import CATALOGUE
from infra.platforms.zoom import authorisation
from infra.platforms.zoom.tokens import TO_CREATE, TO_LIST, may
from infra.sandbox.zoom import seed
from tests.platforms.zoom.account import CREATED, HOST, LIMITS, MEETING, OAUTH
from tests.platforms.zoom.test_zoom_tokens import carry_on, connection, session
from workers import connecting

ZOOM = CATALOGUE.platforms["zoom"]
KEYS = {
    "account_id": seed.ACCOUNT,
    "client_id": seed.S2S_CLIENT_ID,
    "client_secret": seed.S2S_CLIENT_SECRET,
}
REDIRECT = "http://localhost:8765/callback"
APP = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET}


def connect(world):
    found = connecting.by_keys(world.fleet, ZOOM, KEYS)
    done, said = connecting.store_by_keys(world.fleet, world.workspace_id, ZOOM, KEYS, found)
    assert "name the host" in said[0]
    world.integrations["zoom"] = done.integration_id
    return done


def test_an_account_is_connected_by_its_keys(world, sandbox):
    done = connect(world)
    assert (done.tenant.key, done.created) == (seed.ACCOUNT, True)
    held = connection(world, done.integration_id)
    assert held["kind"] == "s2s"
    assert held["access_token"]
    action = world.submit(world.request("zoom_create_meeting", {**MEETING, "host": HOST}))
    assert carry_on(world, action).status == "succeeded"
    assert sandbox.counts() == {"zoom.token.issued": 1, CREATED: 1}
    assert connect(world).integration_id == done.integration_id, "the same again"


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        (["meeting:read:list_meetings:admin"], ["meeting:write:meeting"]),
        (["meeting:write:meeting:admin"], ["meeting:read:list_meetings"]),
        (["user:read:user:admin"], ["meeting:write:meeting"]),
        (["meeting:write:admin", "meeting:read:admin"], []),
    ],
)
def test_scopes_are_looked_at_before_anything_is_stored(world, sandbox, scopes, lacking):
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": scopes})
    if not lacking:
        assert connect(world).created
        return
    with pytest.raises(connecting.Refused) as refused:
        connect(world)
    for scope in lacking:
        assert scope in str(refused.value)
    assert world.rows("SELECT * FROM integrations WHERE platform = 'zoom'") == []


def test_wrong_keys_are_refused_and_not_repeated(world, sandbox):
    with pytest.raises(connecting.Refused) as refused:
        connecting.by_keys(world.fleet, ZOOM, {**KEYS, "client_secret": "SECRETSECRET"})
    assert "invalid_client" in str(refused.value)
    assert "SECRETSECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("scope", "create", "find"),
    [
        ("meeting:write:meeting meeting:read:list_meetings", True, True),
        ("meeting:write:meeting:admin,meeting:read:list_meetings:admin", True, True),
        ("meeting:write:admin meeting:read:admin", True, True),
        ("meeting:read", False, True),
        ("meeting:write:meeting_poll", False, False),
        ("", True, True),
        (None, True, True),
    ],
)
def test_what_a_token_may_do(scope, create, find):
    held = {"scope": scope}
    assert (may(held, TO_CREATE), may(held, TO_LIST)) == (create, find)


# --- signing in -------------------------------------------------------------------------------


@pytest.fixture
def signed_in(sandbox):
    """What a browser does: agree, and bring the code back."""

    def sign_in(asked, **more):
        page = urllib3.PoolManager(retries=False)
        query = "".join(f"&{name}={value}" for name, value in more.items())
        answer = page.request("GET", f"{asked.url}&approve=1{query}", redirect=False)
        back = {n: v[0] for n, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        assert back["state"] == asked.state
        return back["code"]

    return sign_in


def ask(sandbox):
    return authorisation.ask(f"{sandbox.url}/zoom/oauth", seed.CLIENT_ID, REDIRECT)


def test_a_person_signs_in_and_hosts_a_meeting(world, sandbox, signed_in):
    asked = ask(sandbox)
    code = signed_in(asked, user=seed.SECOND)
    held = authorisation.redeem(session(sandbox, APP), asked, code)
    assert {name: bool(held[name]) for name in OAUTH} == dict.fromkeys(OAUTH, True)
    assert held["kind"] == "oauth"
    whose = authorisation.user(session(sandbox, held, "/zoom/v2"))
    assert (whose.tenant, whose.name, whose.id) == (
        f"{seed.ACCOUNT}:{seed.SECOND}",
        "Zoom, Sam Okafor",
        seed.SECOND,
    )
    world.add("zoom", whose.tenant, held, {"limits": LIMITS})
    action = world.submit(world.request("zoom_create_meeting", MEETING))
    assert carry_on(world, action).result["host"] == seed.SECOND_EMAIL


def test_every_sign_in_is_one_of_its_own(sandbox):
    one, another = ask(sandbox), ask(sandbox)
    assert one.state != another.state
    assert one.verifier not in one.url
    assert one.verifier not in repr(one)
    assert "code_challenge_method=S256" in one.url
    assert "scope" not in one.url


def test_a_code_is_good_for_who_asked_and_once(sandbox, signed_in):
    asked, other = ask(sandbox), ask(sandbox)
    refused = authorisation.redeem(session(sandbox, APP), other, signed_in(asked))
    assert (type(refused), refused.code) == (Rejected, "invalid_grant")
    code = signed_in(asked)
    assert authorisation.redeem(session(sandbox, APP), asked, code)["refresh_token"]
    again = authorisation.redeem(session(sandbox, APP), asked, code)
    assert isinstance(again, Rejected)


def test_a_person_whose_app_may_not_look_up_is_told(sandbox, signed_in):
    sandbox.control("POST", "/zoom/settings", {"user_scopes": ["meeting:write:meeting"]})
    asked = ask(sandbox)
    refused = authorisation.redeem(session(sandbox, APP), asked, signed_in(asked))
    assert refused.code == "missing_scopes"
    assert "meeting:read:list_meetings" in refused.message


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("status", Deferred), ("garbage", Deferred), ("rate_limited", Deferred),
     ("revoke_token", Deferred)],
)  # fmt: skip
def test_whose_it_is_may_be_asked_again(sandbox, fault, kind):
    sandbox.fault("zoom", fault)
    assert isinstance(authorisation.user(session(sandbox, OAUTH, "/zoom/v2")), kind)


def test_an_answer_without_an_account_is_nobodys(sandbox):
    class Odd:
        def carry(self, exchange):
            exchange.sent, exchange.status, exchange.answer = True, 200, b'{"id": 5}'

    asking = session(sandbox, OAUTH, "/zoom/v2")
    asking.transport = Odd()
    assert authorisation.user(asking).code == "unreadable_answer"
