"""Renewing tokens against the sandbox's identity endpoint."""

from datetime import datetime, timedelta

import pytest

from domain.actions.outcome import Deferred, Rejected
from infra.clock import utc_now
from infra.platforms.xero import tokens
from infra.sandbox import seed
from tests.platforms.xero.test_client import session

HELD = {
    "client_id": seed.CLIENT_ID,
    "client_secret": seed.CLIENT_SECRET,
    "access_token": seed.ACCESS_TOKEN,
    "refresh_token": seed.REFRESH_TOKEN,
}


@pytest.fixture
def asking(sandbox):
    def ask(**held):
        made = session(sandbox)
        made.credentials = {**HELD, **held}
        return tokens.refresh(made)

    return ask


def test_a_token_without_an_end_never_needs_renewal():
    assert not tokens.needs_refresh(HELD, utc_now())


@pytest.mark.parametrize(("minutes", "needed"), [(-5, True), (1, True), (3, False)])
def test_a_token_is_renewed_two_minutes_early(minutes, needed):
    now = utc_now()
    ends = (now + timedelta(minutes=minutes)).isoformat()
    assert tokens.needs_refresh({**HELD, "expires_at": ends}, now) is needed


def test_a_new_pair_replaces_the_old(asking):
    renewed = asking()
    assert renewed["access_token"] != seed.ACCESS_TOKEN
    assert renewed["refresh_token"] != seed.REFRESH_TOKEN
    assert renewed["client_secret"] == seed.CLIENT_SECRET
    left = datetime.fromisoformat(renewed["expires_at"]) - utc_now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)


def test_a_refused_pair_needs_a_person_and_nothing_secret_is_said(asking):
    refused = asking(refresh_token="a-token-nobody-knows")
    assert isinstance(refused, Rejected)
    assert refused.code == "invalid_grant"
    assert "nobody-knows" not in refused.message


def test_missing_credentials_are_named():
    class Bare:
        credentials = {"access_token": "x"}  # noqa: RUF012

    refused = tokens.refresh(Bare())
    assert isinstance(refused, Rejected)
    assert "client_id, client_secret, refresh_token" in refused.message


@pytest.mark.parametrize("fault", ["status", "garbage"])
def test_an_outage_is_waited_out(asking, sandbox, fault):
    sandbox.fault("xero", fault, path="/connect/token", times=None)
    assert isinstance(asking(), Deferred)
