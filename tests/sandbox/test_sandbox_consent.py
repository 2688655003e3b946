"""Connecting an app: the consent page, codes with PKCE, what is revoked."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sandbox_client import Sandbox

from infra.sandbox import seed

REDIRECT = "http://localhost:8765/callback"
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CLIENT = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET}
ASKED = {
    "response_type": "code",
    "client_id": seed.CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": "offline_access accounting.invoices",
    "state": "s t&te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def visit(sandbox: Sandbox, method: str = "GET", body: str | None = None, **more: Any) -> Any:
    asked = {name: value for name, value in {**ASKED, **more}.items() if value is not None}
    return sandbox.http.request(
        method,
        f"{sandbox.base}/xero/identity/connect/authorize?{urlencode(asked)}",
        body=body,
        redirect=False,
    )


def came_back(answer: Any) -> dict[str, str]:
    assert answer.status == 302, answer.data
    location = answer.headers["Location"]
    assert location.startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def post(sandbox: Sandbox, path: str, form: dict[str, str], **headers: str) -> Any:
    return sandbox.http.request(
        "POST", f"{sandbox.base}/xero{path}", body=urlencode(form), headers=headers
    )


def exchange(sandbox: Sandbox, code: str, **more: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **CLIENT,
        **more,
    }
    return post(sandbox, "/connect/token", form)


def connect(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    answer = exchange(sandbox, came_back(visit(sandbox, approve="1", **more))["code"])
    assert answer.status == 200, answer.data
    return dict(answer.json())


def connections(sandbox: Sandbox, token: str) -> list[str]:
    answer = sandbox.http.request(
        "GET",
        f"{sandbox.base}/xero/connections",
        headers={"Authorization": f"Bearer {token}"},
    )
    return [row["tenantId"] for row in answer.json()]


def test_a_person_chooses_on_the_page_which_organisations(sandbox: Sandbox) -> None:
    page = visit(sandbox)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Sandbox Two Pty Ltd" in page.data
    assert b'value="s t&amp;te"' in page.data
    form = urlencode({**ASKED, "tenant": seed.TENANT_TWO, "approve": "1"})
    back = came_back(visit(sandbox, "POST", form))
    assert back["state"] == "s t&te"
    pair = exchange(sandbox, back["code"]).json()
    assert (pair["expires_in"], pair["token_type"]) == (1800, "Bearer")
    assert pair["scope"] == ASKED["scope"]
    assert connections(sandbox, pair["access_token"]) == [seed.TENANT_TWO]
    assert sandbox.xero("GET", "/Organisation", token=pair["access_token"]).status == 403
    assert sandbox.counts() == {"xero.token.issued": 1}


def test_a_client_without_a_browser_is_let_through(sandbox: Sandbox) -> None:
    one = connect(sandbox, tenants=seed.TENANT_ONE)
    assert connections(sandbox, one["access_token"]) == [seed.TENANT_ONE]
    both = connect(sandbox)
    assert connections(sandbox, both["access_token"]) == list(seed.TENANTS)
    form = {"grant_type": "refresh_token", "refresh_token": one["refresh_token"], **CLIENT}
    next_pair = post(sandbox, "/connect/token", form).json()
    assert connections(sandbox, next_pair["access_token"]) == [seed.TENANT_ONE]
    assert next_pair["scope"] == ASKED["scope"]


def test_a_person_may_decline(sandbox: Sandbox) -> None:
    assert came_back(visit(sandbox, approve="0")) == {"error": "access_denied", "state": "s t&te"}


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "offline_access accounting.transactions"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_wish_comes_back_as_an_error(
    sandbox: Sandbox, more: dict[str, str], error: str
) -> None:
    assert came_back(visit(sandbox, approve="1", **more))["error"] == error


@pytest.mark.parametrize(
    "more", [{"client_id": "other"}, {"redirect_uri": "http://evil.test/x"}, {"redirect_uri": None}]
)
def test_nobody_is_sent_to_a_stranger(sandbox: Sandbox, more: dict[str, Any]) -> None:
    answer = visit(sandbox, approve="1", **more)
    assert (answer.status, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:8765/other"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_a_code_is_only_good_for_who_asked(
    sandbox: Sandbox, more: dict[str, str], error: str
) -> None:
    code = came_back(visit(sandbox, approve="1"))["code"]
    answer = exchange(sandbox, code, **more)
    assert (answer.status, answer.json()) == (400, {"error": error})


def test_a_code_is_good_once_and_for_five_minutes(sandbox: Sandbox) -> None:
    code = came_back(visit(sandbox, approve="1"))["code"]
    assert exchange(sandbox, code).status == 200
    assert exchange(sandbox, code).json() == {"error": "invalid_grant"}
    late = came_back(visit(sandbox, approve="1"))["code"]
    sandbox.advance(301)
    assert exchange(sandbox, late).json() == {"error": "invalid_grant"}


def test_tokens_are_as_wide_as_the_scope(sandbox: Sandbox) -> None:
    narrow = connect(sandbox, scope="accounting.invoices")
    assert {"refresh_token", "id_token"} & set(narrow) == set()
    wide = connect(sandbox, scope="openid email offline_access accounting.invoices")
    assert wide["id_token"].count(".") == 2


def test_a_revocation_drops_everything_of_the_user(sandbox: Sandbox) -> None:
    pair = connect(sandbox)
    basic = b64encode(f"{seed.CLIENT_ID}:{seed.CLIENT_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    unknown = post(sandbox, "/connect/revocation", {"token": "nonsense"}, **headers)
    assert (unknown.status, connections(sandbox, pair["access_token"])) == (200, list(seed.TENANTS))
    assert post(sandbox, "/connect/revocation", {"token": pair["refresh_token"]}).status == 400
    gone = post(sandbox, "/connect/revocation", {"token": pair["refresh_token"]}, **headers)
    assert (gone.status, gone.data) == (200, b"")
    assert connections(sandbox, pair["access_token"]) == []
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], **CLIENT}
    assert post(sandbox, "/connect/token", form).json() == {"error": "invalid_grant"}
    sandbox.control("POST", "/tokens/restore", {})
    assert sandbox.xero("GET", "/Organisation").status == 200


def test_added_organisations_are_reached_at_once(sandbox: Sandbox) -> None:
    added = sandbox.control("POST", "/xero/organisations", {"count": 50})["organisations"]
    assert len({row["tenant"] for row in added} | set(seed.TENANTS)) == 52
    (named,) = sandbox.control("POST", "/xero/organisations", {"names": ["Mine"]})["organisations"]
    shown = sandbox.xero("GET", "/Organisation", tenant=named["tenant"]).json()
    assert shown["Organisations"][0]["Name"] == "Mine"
    assert len(connections(sandbox, seed.ACCESS_TOKEN)) == 53
    accounts = [
        sandbox.xero("GET", "/Accounts", tenant=tenant).json()["Accounts"][0]["AccountID"]
        for tenant in (seed.TENANT_ONE, seed.TENANT_TWO, named["tenant"])
    ]
    assert len(set(accounts)) == 3, "an account belongs to one organisation"
    sandbox.control("POST", "/reset")
    assert len(connections(sandbox, seed.ACCESS_TOKEN)) == 2
