"""Zoom's OAuth server: two kinds of apps, pairs that rotate, the consent page."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sandbox_client import Sandbox

from infra.sandbox.zoom import seed

REDIRECT = "http://localhost:8765/callback"
VERIFIER = "v" * 64
ASKED = {
    "response_type": "code",
    "client_id": seed.CLIENT_ID,
    "redirect_uri": REDIRECT,
    "state": "s t&te",
    "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}
GENERAL = (seed.CLIENT_ID, seed.CLIENT_SECRET)
SERVER = (seed.S2S_CLIENT_ID, seed.S2S_CLIENT_SECRET)
INVALID_GRANT = {"error": "invalid_grant", "reason": "Invalid authorization code"}


def tokens(
    sandbox: Sandbox, form: dict[str, str], app: tuple[str, str], *, query: bool = False
) -> Any:
    basic = b64encode(":".join(app).encode()).decode()
    coded = urlencode(form)
    return sandbox.http.request(
        "POST",
        f"{sandbox.base}/zoom/oauth/token" + (f"?{coded}" if query else ""),
        body=None if query else coded,
        headers={"Authorization": f"Basic {basic}"},
    )


def account(sandbox: Sandbox, account_id: str = seed.ACCOUNT, **more: Any) -> Any:
    form = {"grant_type": "account_credentials", "account_id": account_id}
    return tokens(sandbox, form, more.pop("app", SERVER), **more)


def renewed(sandbox: Sandbox, token: str) -> Any:
    return tokens(sandbox, {"grant_type": "refresh_token", "refresh_token": token}, GENERAL)


def me(sandbox: Sandbox, token: str) -> Any:
    return sandbox.http.request(
        "GET",
        f"{sandbox.base}/zoom/v2/users/me",
        headers={"Authorization": f"Bearer {token}"},
    )


def visit(sandbox: Sandbox, method: str = "GET", body: str | None = None, **more: Any) -> Any:
    asked = {name: value for name, value in {**ASKED, **more}.items() if value is not None}
    return sandbox.http.request(
        method,
        f"{sandbox.base}/zoom/oauth/authorize?{urlencode(asked)}",
        body=body,
        redirect=False,
    )


def came_back(answer: Any) -> dict[str, str]:
    assert answer.status == 302, answer.data
    location = answer.headers["Location"]
    assert location.startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def redeemed(sandbox: Sandbox, code: str, **more: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **more,
    }
    return tokens(sandbox, form, GENERAL)


def test_an_accounts_app_gets_as_many_tokens_as_it_asks_for(sandbox: Sandbox) -> None:
    first, second = (account(sandbox, query=query).json() for query in (True, False))
    assert (first["token_type"], first["expires_in"]) == ("bearer", 3_600)
    assert "refresh_token" not in first
    assert first["scope"].split() == sorted(seed.S2S_SCOPES)
    for token in (first["access_token"], second["access_token"], seed.S2S_ACCESS_TOKEN):
        assert me(sandbox, token).status == 200
    assert sandbox.counts() == {"zoom.token.issued": 2}
    sandbox.advance(3_601)
    late = me(sandbox, first["access_token"])
    assert (late.status, late.json()) == (401, {"code": 124, "message": "Access token is expired."})


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"account_id": "other"}, "invalid_request"),
        ({"app": (seed.S2S_CLIENT_ID, "wrong")}, "invalid_client"),
        ({"app": ("other", "wrong")}, "invalid_client"),
        ({"app": GENERAL}, "unsupported_grant_type"),
    ],
)
def test_who_asks_wrongly_gets_none(sandbox: Sandbox, more: dict[str, Any], error: str) -> None:
    answer = account(sandbox, **more)
    assert (answer.status, answer.json()["error"]) == (400, error)
    assert sandbox.counts() == {}


def test_an_old_refresh_token_is_dead_at_once(sandbox: Sandbox) -> None:
    pair = renewed(sandbox, seed.REFRESH_TOKEN).json()
    again = renewed(sandbox, seed.REFRESH_TOKEN)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")
    assert me(sandbox, seed.ACCESS_TOKEN).status == 200, "the old access token lives on"
    assert me(sandbox, pair["access_token"]).json()["id"] == seed.OWNER
    assert renewed(sandbox, pair["refresh_token"]).status == 200
    assert sandbox.counts() == {"zoom.token.refreshed": 2}


def test_who_signs_in_is_whose_tokens_they_are(sandbox: Sandbox) -> None:
    page = visit(sandbox)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Sam Okafor" in page.data
    assert b'value="s t&amp;te"' in page.data
    back = came_back(
        visit(sandbox, "POST", urlencode({**ASKED, "user": seed.SECOND, "approve": "1"}))
    )
    assert back["state"] == "s t&te"
    pair = redeemed(sandbox, back["code"]).json()
    assert me(sandbox, pair["access_token"]).json()["id"] == seed.SECOND
    assert pair["scope"].split() == sorted(seed.USER_SCOPES)
    declined = came_back(visit(sandbox, approve="0"))
    assert declined == {"error": "access_denied", "state": "s t&te"}


def test_a_challenge_without_a_method_is_plain(sandbox: Sandbox) -> None:
    code = came_back(visit(sandbox, approve="1", code_challenge_method=None))["code"]
    assert redeemed(sandbox, code).json() == INVALID_GRANT
    code = came_back(
        visit(sandbox, approve="1", code_challenge_method=None, code_challenge=VERIFIER)
    )["code"]
    assert redeemed(sandbox, code).status == 200


@pytest.mark.parametrize(
    "more", [{"code_verifier": "w" * 64}, {"redirect_uri": "http://localhost:8765/other"}]
)
def test_a_code_is_only_good_for_who_asked(sandbox: Sandbox, more: dict[str, str]) -> None:
    code = came_back(visit(sandbox, approve="1"))["code"]
    assert redeemed(sandbox, code, **more).json() == INVALID_GRANT


def test_a_code_is_good_once_and_for_five_minutes(sandbox: Sandbox) -> None:
    code = came_back(visit(sandbox, approve="1"))["code"]
    assert redeemed(sandbox, code).status == 200
    assert redeemed(sandbox, code).json() == INVALID_GRANT
    late = came_back(visit(sandbox, approve="1"))["code"]
    sandbox.advance(301)
    assert redeemed(sandbox, late).json() == INVALID_GRANT


@pytest.mark.parametrize(
    "more", [{"client_id": "other"}, {"redirect_uri": "http://evil.test/x"}, {"redirect_uri": None}]
)
def test_nobody_is_sent_to_a_stranger(sandbox: Sandbox, more: dict[str, Any]) -> None:
    answer = visit(sandbox, approve="1", **more)
    assert (answer.status, "Location" in answer.headers) == (400, False)
    wrong = visit(sandbox, approve="1", response_type="token")
    assert came_back(wrong)["error"] == "unsupported_response_type"


def test_a_revoked_user_must_sign_in_again(sandbox: Sandbox) -> None:
    sandbox.fault("zoom", "revoke_token")
    refused = me(sandbox, seed.ACCESS_TOKEN)
    assert (refused.status, refused.json()["code"]) == (401, 124)
    assert renewed(sandbox, seed.REFRESH_TOKEN).json()["error"] == "invalid_grant"
    assert me(sandbox, seed.S2S_ACCESS_TOKEN).status == 200, "another app"
    sandbox.control("POST", "/tokens/restore", {"platform": "zoom"})
    assert me(sandbox, seed.ACCESS_TOKEN).status == 200
    assert renewed(sandbox, seed.REFRESH_TOKEN).status == 200


def test_a_deactivated_app_gets_no_token(sandbox: Sandbox) -> None:
    sandbox.fault("zoom", "revoke_token", only_access=True)
    assert me(sandbox, seed.S2S_ACCESS_TOKEN).status == 401
    fresh = account(sandbox).json()["access_token"]
    sandbox.fault("zoom", "revoke_token")
    assert me(sandbox, fresh).status == 401
    assert account(sandbox).json()["error"] == "invalid_client"
    sandbox.control("POST", "/tokens/restore", {"platform": "zoom"})
    assert me(sandbox, account(sandbox).json()["access_token"]).status == 200


def test_tokens_of_any_age_can_be_had(sandbox: Sandbox) -> None:
    pair = sandbox.control("POST", "/zoom/tokens", {"user": seed.SECOND, "expires_in": 60})
    assert me(sandbox, pair["access_token"]).json()["id"] == seed.SECOND
    sandbox.advance(61)
    assert me(sandbox, pair["access_token"]).status == 401
    assert me(sandbox, "").status == 401
    nowhere = sandbox.http.request("GET", f"{sandbox.base}/zoom/oauth/token")
    assert nowhere.json()["code"] == 2300
