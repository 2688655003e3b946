"""Connecting an account: which addresses are taken, whose key it is, what is stored."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.platforms import CATALOGUE
from infra.platforms.activecampaign.authorisation import base_of
from infra.sandbox.activecampaign import seed
from tests.platforms.activecampaign.account import ACTION
from workers.connecting import Refused, by_keys, store_by_keys
from workers.execute import execute

PLATFORM = CATALOGUE.platforms["activecampaign"]


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://tidewater.api-us1.com", "https://tidewater.api-us1.com"),
        (" https://Tidewater.api-us1.com/ ", "https://tidewater.api-us1.com"),
        ("https://tidewater.api-us1.com/api/3/", "https://tidewater.api-us1.com"),
        ("https://crm.tidewater.test:8443/ac", "https://crm.tidewater.test:8443/ac"),
        ("http://127.0.0.1:9/activecampaign", "http://127.0.0.1:9/activecampaign"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_an_api_url_is_kept_in_one_form(given, base):
    assert base_of(given) == base
    assert base_of(base) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "tidewater.api-us1.com",
        "https://",
        "https://user:pass@tidewater.api-us1.com",
        "https://tidewater.api-us1.com?x=1",
        "https://tidewater.api-us1.com#x",
        "https://tidewater.api-us1.com:port",
        "https://[",
        "ftp://tidewater.api-us1.com",
        "http://tidewater.api-us1.com",
        "http://127.0.0.1.evil.test",
    ],
)
def test_what_is_no_api_url_is_refused(given):
    with pytest.raises(ValueError, match=r"give the API URL of the Developer tab"):
        base_of(given)


@given(st.text(max_size=40) | st.text("htps:/@[]?#.%18", max_size=30).map("https://{}".format))
@example("https://a\tb")
def test_every_text_is_an_address_or_refused(given):
    try:
        base = base_of(given)
    except ValueError:
        return
    assert base_of(base) == base


def test_a_key_is_tried_then_stored_and_used(world, sandbox):
    given = {"api_url": f"{sandbox.url}/activecampaign/api/3/", "api_key": seed.API_KEY}
    found = by_keys(world.fleet, PLATFORM, given)
    host = sandbox.url.partition("://")[2]
    assert (found.tenant, found.name) == (host, host)
    connected, _ = store_by_keys(world.fleet, world.workspace_id, PLATFORM, given, found)
    params = {"contact_id": seed.CONTACT, "automation_id": seed.WELCOME}
    request = world.request(ACTION, params, integration_id=connected.integration_id)
    execute(world.fleet, action := world.submit(request))
    assert world.status(action) == "succeeded"


def test_what_opens_no_account_is_refused_with_why(world, sandbox):
    base = f"{sandbox.url}/activecampaign"

    def refused(api_url: str, api_key: str = seed.API_KEY) -> str:
        with pytest.raises(Refused) as told:
            by_keys(world.fleet, PLATFORM, {"api_url": api_url, "api_key": api_key})
        assert api_key not in str(told.value)
        return str(told.value)

    assert refused(base, "wrong-key") == (
        "ActiveCampaign: You do not have permission to access this resource"
    )
    assert "clear" in refused("http://tidewater.api-us1.com")
    assert "HTTP 404" in refused(f"{sandbox.url}/nothing")
    assert "does not answer" in refused("http://127.0.0.1:9")
    for fault, words in (("garbage", "no JSON object"), ("status", "HTTP 500")):
        sandbox.fault("activecampaign", fault)
        assert words in refused(base)
    sandbox.fault("activecampaign", "status", status=200)
    assert "names no user" in refused(base)
