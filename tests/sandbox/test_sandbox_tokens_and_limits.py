"""OAuth, tenants, and the call budgets of Xero."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from sandbox_client import Sandbox

from infra.sandbox import seed

CLIENT = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET}


def refresh(sandbox: Sandbox, token: str = seed.REFRESH_TOKEN, **more: Any) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token, **CLIENT, **more}
    return sandbox.http.request(
        "POST",
        f"{sandbox.base}/xero/connect/token",
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def test_a_refresh_gives_a_new_pair(sandbox: Sandbox) -> None:
    answer = refresh(sandbox)
    pair = answer.json()
    assert (answer.status, pair["expires_in"], pair["token_type"]) == (200, 1800, "Bearer")
    assert pair["refresh_token"] not in ("", seed.REFRESH_TOKEN)
    assert sandbox.xero("GET", "/Organisation", token=pair["access_token"]).status == 200
    sandbox.advance(1780)
    assert sandbox.xero("GET", "/Organisation", token=pair["access_token"]).status == 200
    sandbox.advance(20)
    expired = sandbox.xero("GET", "/Organisation", token=pair["access_token"])
    assert expired.status == 401
    assert expired.json()["Detail"].startswith("TokenExpired: token expired at")
    assert sandbox.xero("GET", "/Organisation").status == 200, "the seeded token stays good"
    assert refresh(sandbox, pair["refresh_token"]).status == 200
    assert sandbox.counts() == {"xero.token.refreshed": 2}


def test_the_client_may_say_who_it_is_by_basic(sandbox: Sandbox) -> None:
    coded = b64encode(f"{seed.CLIENT_ID}:{seed.CLIENT_SECRET}".encode()).decode()
    answer = sandbox.http.request(
        "POST",
        f"{sandbox.base}/xero/connect/token",
        body=urlencode({"grant_type": "refresh_token", "refresh_token": seed.REFRESH_TOKEN}),
        headers={"Authorization": f"Basic {coded}"},
    )
    assert answer.status == 200


def test_a_used_refresh_token_has_half_an_hour_of_grace(sandbox: Sandbox) -> None:
    assert refresh(sandbox).status == 200
    sandbox.advance(1790)
    assert refresh(sandbox).status == 200
    sandbox.advance(20)
    answer = refresh(sandbox)
    assert (answer.status, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"refresh_token": "nonsense"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_refused_refreshes(sandbox: Sandbox, more: dict[str, Any], error: str) -> None:
    answer = refresh(sandbox, **more)
    assert (answer.status, answer.json()) == (400, {"error": error})
    assert sandbox.counts() == {}


def test_a_refresh_token_dies_after_sixty_days_unused(sandbox: Sandbox) -> None:
    token = sandbox.control("POST", "/xero/tokens", {})["refresh_token"]
    sandbox.advance(60 * 86_400 + 1)
    assert refresh(sandbox, token).json() == {"error": "invalid_grant"}


def test_revoking_ends_the_refresh_token_too_unless_told(sandbox: Sandbox) -> None:
    sandbox.fault("xero", "revoke_token", only_access=True)
    assert sandbox.xero("GET", "/Organisation").status == 401
    pair = refresh(sandbox).json()
    sandbox.fault("xero", "revoke_token")
    assert sandbox.xero("GET", "/Organisation", token=pair["access_token"]).status == 401
    assert refresh(sandbox, pair["refresh_token"]).json() == {"error": "invalid_grant"}


def test_tokens_of_any_life_can_be_given_out(sandbox: Sandbox) -> None:
    wish = {"expires_in": 5, "tenants": [seed.TENANT_TWO]}
    token = sandbox.control("POST", "/xero/tokens", wish)["access_token"]
    two = sandbox.xero("GET", "/Organisation", token=token, tenant=seed.TENANT_TWO)
    assert two.json()["Organisations"][0]["Name"] == "Sandbox Two Pty Ltd"
    sandbox.advance(5)
    assert sandbox.xero("GET", "/Organisation", token=token, tenant=seed.TENANT_TWO).status == 401


def test_a_tenant_the_token_is_not_connected_to_is_forbidden(sandbox: Sandbox) -> None:
    for token, tenant in (
        (seed.ACCESS_TOKEN_ONE, seed.TENANT_TWO),
        (seed.ACCESS_TOKEN, "3f0a0000-0000-4000-8000-00000000000f"),
        (seed.ACCESS_TOKEN, ""),
    ):
        answer = sandbox.xero("GET", "/Organisation", token=token, tenant=tenant)
        assert (answer.status, answer.json()["Title"]) == (403, "Forbidden")
    unknown = sandbox.xero("GET", "/Organisation", token="nonsense")
    assert (unknown.status, unknown.json()["Detail"]) == (401, "AuthenticationUnsuccessful")


def test_connections_are_listed_and_ended(sandbox: Sandbox) -> None:
    def connections(method: str = "GET", path: str = "") -> Any:
        return sandbox.http.request(
            method,
            f"{sandbox.base}/xero/connections{path}",
            headers={"Authorization": f"Bearer {seed.ACCESS_TOKEN}"},
        )

    one, two = connections().json()
    assert (one["tenantId"], two["tenantId"]) == seed.TENANTS
    assert (one["tenantType"], one["tenantName"]) == ("ORGANISATION", "Sandbox One Pty Ltd")
    assert connections("DELETE", f"/{one['id']}").status == 204
    assert connections("DELETE", f"/{one['id']}").status == 404
    assert [row["tenantId"] for row in connections().json()] == [seed.TENANT_TWO]
    assert sandbox.xero("GET", "/Organisation").status == 403


def test_the_organisation_as_xero_gives_it(sandbox: Sandbox) -> None:
    (shown,) = sandbox.xero("GET", "/Organisation").json()["Organisations"]
    assert (shown["BaseCurrency"], shown["Timezone"]) == ("AUD", "AUSEASTERNSTANDARDTIME")
    assert "PeriodLockDate" not in shown
    sandbox.control("POST", "/xero/organisation", {"Name": "New", "PeriodLockDate": "2026-06-30"})
    (shown,) = sandbox.xero("GET", "/Organisation").json()["Organisations"]
    assert (shown["Name"], shown["PeriodLockDate"]) == ("New", "/Date(1782777600000+0000)/")
    sandbox.control("POST", "/xero/organisation", {"Naem": "x"}, status=400)


def test_sixty_calls_a_minute_in_a_fixed_window(sandbox: Sandbox) -> None:
    limits = {"platform": "xero", "minute": 60, "day": 5000, "window": "fixed"}
    sandbox.control("POST", "/limits", limits)
    sandbox.control("POST", "/clock", {"set": "2026-03-01T10:00:00Z"})
    wait = 0
    while not wait:  # walk to the beginning of a window, wherever this tenant's lies
        answer = sandbox.xero("GET", "/Organisation")
        sandbox.advance(1)
        wait = int(answer.headers["X-MinLimit-Remaining"]) == 59
    answers = [sandbox.xero("GET", "/Organisation") for _ in range(60)]
    assert [answer.status for answer in answers[:59]] == [200] * 59
    assert [answer.headers["X-MinLimit-Remaining"] for answer in answers[57:59]] == ["1", "0"]
    refused = answers[59]
    assert (refused.status, refused.data) == (429, b"")
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert refused.headers["X-MinLimit-Remaining"] == "0"
    assert "Content-Type" not in refused.headers
    after = int(refused.headers["Retry-After"])
    assert 1 <= after <= 60
    other = sandbox.xero("GET", "/Organisation", tenant=seed.TENANT_TWO)
    assert other.status == 200, "limits are per tenant"
    sandbox.advance(after)
    assert sandbox.xero("GET", "/Organisation").status == 200


def test_sixty_calls_in_any_minute(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 60})
    for _ in range(30):
        assert sandbox.xero("GET", "/Organisation").status == 200
    sandbox.advance(40)
    left = [
        int(sandbox.xero("GET", "/Organisation").headers["X-MinLimit-Remaining"]) for _ in range(30)
    ]
    assert left == list(range(29, -1, -1))
    refused = sandbox.xero("GET", "/Organisation")
    assert (refused.status, refused.headers["X-Rate-Limit-Problem"]) == (429, "minute")
    after = int(refused.headers["Retry-After"])
    assert 10 <= after <= 21, "until the oldest is a minute old"
    sandbox.advance(after)
    assert sandbox.xero("GET", "/Organisation").status == 200
    sandbox.control("POST", "/limits", {"platform": "xero", "window": "rolling"}, status=400)


@pytest.mark.parametrize(
    ("limit", "problem", "other_tenant"), [("day", "day", 200), ("app_minute", "appminute", 429)]
)
def test_the_other_windows(sandbox: Sandbox, limit: str, problem: str, other_tenant: int) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", limit: 2})
    assert [sandbox.xero("GET", "/Organisation").status for _ in range(2)] == [200, 200]
    refused = sandbox.xero("GET", "/Organisation")
    assert (refused.status, refused.headers["X-Rate-Limit-Problem"]) == (429, problem)
    assert ("Retry-After" in refused.headers) is (limit == "day")
    tenant_two = sandbox.xero("GET", "/Organisation", tenant=seed.TENANT_TWO).status
    assert tenant_two == other_tenant


def test_the_real_limits_are_the_default(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/reset")
    limits = sandbox.control("POST", "/limits", {"platform": "xero"})
    assert limits == {
        "minute": 60,
        "day": 5000,
        "concurrent": 5,
        "app_minute": 10000,
        "email_day": 1000,
        "approved_month": None,
        "window": "sliding",
    }
    sandbox.control("POST", "/limits", {"platform": "xero", "hour": 1}, status=400)


def test_every_answer_says_what_is_left(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 60, "day": 100})
    for method, path, status in (
        ("GET", "/Organisation", 200),
        ("GET", "/Nonsense", 404),
        ("PUT", "/Contacts", 400),
    ):
        answer = sandbox.xero(method, path, b"{" if method == "PUT" else None)
        assert answer.status == status
        for name in ("X-MinLimit-Remaining", "X-DayLimit-Remaining", "X-AppMinLimit-Remaining"):
            assert answer.headers[name].isdigit()
