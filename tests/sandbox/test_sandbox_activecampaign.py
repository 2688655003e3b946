"""ActiveCampaign's calls: what they take, refuse and give back."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sandbox_client import Sandbox

from infra.clock import utc_now
from infra.sandbox.activecampaign import seed

SERIES = "Could not create SubscriberSeries"


@pytest.fixture
def account(sandbox: Sandbox) -> Sandbox:
    """The seeded account, open to any number of calls."""
    sandbox.control("POST", "/limits", {"platform": "activecampaign", "second": None})
    return sandbox


def answer(sandbox: Sandbox, method: str, path: str, body: Any = None, key: str = "") -> Any:
    return sandbox.http.request(
        method,
        f"{sandbox.base}/activecampaign/api/3{path}",
        body=body if isinstance(body, bytes | None) else json.dumps(body),
        headers={"Api-Token": key or seed.API_KEY, "Content-Type": "application/json"},
    )


def call(sandbox: Sandbox, method: str, path: str, body: Any = None, key: str = "") -> Any:
    told = answer(sandbox, method, path, body, key)
    return told.status, told.json()


def sync(sandbox: Sandbox, email: str, **more: Any) -> Any:
    return call(sandbox, "POST", "/contact/sync", {"contact": {"email": email, **more}})


def add(sandbox: Sandbox, automation: str, contact: str = seed.CONTACT) -> Any:
    wish = {"contactAutomation": {"contact": int(contact), "automation": int(automation)}}
    return call(sandbox, "POST", "/contactAutomations", wish)


def rows(sandbox: Sandbox, contact: str = seed.CONTACT) -> list[Any]:
    status, told = call(sandbox, "GET", f"/contacts/{contact}/contactAutomations")
    assert status == 200
    return list(told["contactAutomations"])


def counts(sandbox: Sandbox) -> dict[str, str]:
    _, told = call(sandbox, "GET", f"/contacts/{seed.CONTACT}/automationEntryCounts")
    return {one["id"]: one["contactEntryCount"] for one in told["automationEntryCounts"]}


def settings(sandbox: Sandbox, **wish: Any) -> None:
    sandbox.control("POST", "/activecampaign/settings", wish)


def effects(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    told = sandbox.control("GET", "/effects")["effects"]
    return [(one["kind"], one["id"], one["mark"]) for one in told]


def test_a_contact_is_created_then_updated_and_is_an_effect_only_when_it_changes(account) -> None:
    status, told = sync(account, "Ada@Tidewater.test", firstName="Ada", phone="02 5550")
    assert (status, told["contact"]["id"]) == (201, "2")
    assert (told["contact"]["email"], told["contact"]["firstName"]) == ("ada@tidewater.test", "Ada")
    assert sync(account, "ada@tidewater.test", firstName="Ada")[0] == 200
    assert account.counts() == {"activecampaign.contact.synced": 1}
    fields = [{"field": 1, "value": "Albany"}]
    status, told = sync(account, "ada@tidewater.test", lastName="L", fieldValues=fields)
    assert (status, told["contact"]["id"], told["contact"]["firstName"]) == (200, "2", "Ada")
    assert [(one["field"], one["value"]) for one in told["fieldValues"]] == [("1", "Albany")]
    assert effects(account) == [("contact.synced", "2", "ada@tidewater.test")] * 2
    _, found = call(account, "GET", "/contacts?email=ADA@tidewater.test")
    assert [one["id"] for one in found["contacts"]] == ["2"]
    assert call(account, "GET", "/contacts/2")[1]["contact"]["lastName"] == "L"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, {}),
        ({}, 400, {}),
        ({"contact": {"firstName": "A"}}, 400, {}),
        ({"contact": {"email": "a@b"}}, 422, "Contact Email Address is not valid."),
        (
            {"contact": {"email": "a@b.c", "fieldValues": [{"field": "77"}]}},
            422,
            "Field does not exist",
        ),
    ],
)
def test_a_contact_that_cannot_be_synced_is_refused(account, body, status, told) -> None:
    refused = call(account, "POST", "/contact/sync", body)
    assert refused[0] == status
    assert told in (refused[1], refused[1].get("errors", [{}])[0].get("title"))
    assert account.counts() == {}


def test_an_entry_is_a_row_with_ids_as_text(account) -> None:
    before = utc_now() - timedelta(seconds=1)
    status, told = add(account, seed.WELCOME)
    entry = told["contactAutomation"]
    assert (status, entry["contact"], entry["automation"], entry["status"]) == (201, "1", "1", 1)
    assert told["contacts"][0]["id"] == "1"
    (row,) = rows(account)
    assert (row["id"], row["seriesid"], row["status"]) == (entry["id"], "1", "1")
    assert datetime.fromisoformat(row["adddate"]) >= before
    assert effects(account) == [("contact_automation.created", entry["id"], "1:1")]
    assert counts(account) == {"1": "1"}
    one = call(account, "GET", f"/contactAutomations/{entry['id']}")[1]["contactAutomation"]
    assert one == row
    account.control("POST", f"/activecampaign/entries/{row['id']}/complete", {})
    assert (rows(account)[0]["status"], rows(account)[0]["completed"]) == ("2", 1)


def test_who_is_in_it_already_may_enter_again_only_where_the_automation_lets_them(account) -> None:
    assert add(account, seed.WELCOME)[0] == 201
    assert add(account, seed.WELCOME) == (403, {"message": SERIES})
    assert [add(account, seed.NEWSLETTER)[0] for _ in range(2)] == [201, 201]
    assert [row["id"] for row in rows(account)] == ["1", "2", "3"]
    assert counts(account) == {"1": "1", "2": "2"}
    settings(account, reuses_row=True)
    account.advance(5)
    assert add(account, seed.NEWSLETTER)[1]["contactAutomation"]["id"] == "3"
    assert len(rows(account)) == 3
    assert rows(account)[2]["adddate"] > rows(account)[1]["adddate"]
    assert add(account, seed.NEWSLETTER, "1")[0] == 201
    assert account.counts() == {"activecampaign.contact_automation.created": 5}


@pytest.mark.parametrize("automation", [seed.RETIRED, "77"])
def test_an_automation_that_takes_nobody(account, automation) -> None:
    assert add(account, automation) == (403, {"message": SERIES})
    settings(account, refusal_status=422)
    status, told = add(account, automation)
    assert (status, told["errors"][0]["detail"]) == (422, SERIES)
    assert account.counts() == {}


def test_an_entry_of_nobody_or_of_nonsense(account) -> None:
    words = "No Result found for Subscriber with id 77"
    assert add(account, seed.WELCOME, "77") == (404, {"message": words})
    assert call(account, "GET", "/contacts/77/contactAutomations") == (404, {"message": words})
    assert call(account, "GET", "/contacts/77/automationEntryCounts") == (404, {"message": words})
    assert call(account, "POST", "/contactAutomations", {"contactAutomation": {}}) == (400, {})
    status, told = call(account, "GET", "/nonsense")
    assert (status, told["errors"][0]["title"]) == (404, "Not Found")
    settings(account, soft_failure=True)
    assert add(account, seed.WELCOME) == (200, {"succeeded": 0})
    assert account.counts() == {}


def test_who_is_taken_out_has_entered_all_the_same(account) -> None:
    add(account, seed.NEWSLETTER)
    assert call(account, "DELETE", "/contactAutomations/1") == (200, {})
    words = "No Result found for SubscriberSeries with id 1"
    assert call(account, "DELETE", "/contactAutomations/1") == (403, {"message": words})
    assert call(account, "GET", "/contactAutomations/1") == (404, {"message": words})
    assert (rows(account), counts(account)) == ([], {"2": "1"})
    assert add(account, seed.NEWSLETTER)[1]["contactAutomation"]["id"] == "2"


def test_rows_and_counts_lag_as_far_as_they_are_told(account) -> None:
    settings(account, lag_s=30)
    add(account, seed.NEWSLETTER)
    assert (rows(account), counts(account)) == ([], {})
    account.advance(31)
    assert (len(rows(account)), counts(account)) == (1, {"2": "1"})


def test_lists_come_in_pages(account) -> None:
    for _ in range(25):
        add(account, seed.NEWSLETTER)
    assert len(rows(account)) == 20
    path = f"/contacts/{seed.CONTACT}/contactAutomations"
    _, told = call(account, "GET", f"{path}?limit=100")
    assert (len(told["contactAutomations"]), "meta" in told) == (25, False)
    _, told = call(account, "GET", "/contactAutomations?limit=10&offset=20")
    ids = [one["id"] for one in told["contactAutomations"]]
    assert (ids, told["meta"]["total"]) == (["21", "22", "23", "24", "25"], "25")
    for number in range(100):
        account.control("POST", "/activecampaign/automations", {"name": f"N{number}"})
    _, told = call(account, "GET", "/automations?limit=500")
    assert (len(told["automations"]), told["meta"]["total"]) == (100, "105")
    found = {one["id"]: (one["name"], one["status"]) for one in told["automations"]}
    assert (found["1"], found["3"]) == (("Welcome", "1"), ("Retired", "2"))


def test_a_key_that_is_not_the_accounts_is_refused(account) -> None:
    assert call(account, "GET", "/users/me")[1]["user"]["username"] == "admin"
    status, told = call(account, "GET", "/users/me", key="wrong")
    assert (status, list(told)) == (403, ["message"])
    settings(account, auth_status=401)
    assert call(account, "GET", "/users/me", key="wrong")[0] == 401
    account.fault("activecampaign", "revoke_token")
    assert add(account, seed.WELCOME)[0] == 401
    account.control("POST", "/tokens/restore", {"platform": "activecampaign"})
    assert add(account, seed.WELCOME)[0] == 201


def test_five_calls_a_second_whoever_makes_them(sandbox: Sandbox) -> None:
    told = [answer(sandbox, "GET", "/users/me") for _ in range(6)]
    assert [one.status for one in told] == [200] * 5 + [429]
    left = [one.headers["RateLimit-Remaining"] for one in told]
    assert (left, told[0].headers["RateLimit-Limit"]) == (["4", "3", "2", "1", "0", "0"], "5")
    assert int(told[5].headers["Retry-After"]) in {1, 2}
    assert "Retry-After" not in told[0].headers
    sandbox.advance(1.2)
    assert answer(sandbox, "GET", "/users/me").status == 200
    sandbox.control("POST", "/limits", {"platform": "activecampaign", "second": 1})
    sandbox.advance(1.2)
    assert [answer(sandbox, "GET", "/users/me").status for _ in range(2)] == [200, 429]
    sandbox.fault("activecampaign", "rate_limited", retry_after=30)
    assert answer(sandbox, "GET", "/users/me").headers["Retry-After"] == "30"
    sandbox.control("POST", "/limits", {"platform": "activecampaign", "minute": 1}, status=400)


def test_a_person_adds_too_and_is_counted_apart(account) -> None:
    made = account.control("POST", "/activecampaign/contacts", {"email": "kim@tidewater.test"})
    wish = {"contact": made["id"], "automation": seed.NEWSLETTER}
    row = account.control("POST", "/activecampaign/entries", wish)
    report = account.control("GET", "/effects")
    assert report["counts"] == {}
    assert report["counts_by_person"] == {
        "activecampaign.contact.synced": 1,
        "activecampaign.contact_automation.created": 1,
    }
    assert [one["id"] for one in rows(account, made["id"])] == [row["id"]]
    account.control("POST", f"/activecampaign/entries/{row['id']}/remove", {})
    assert account.control("GET", "/activecampaign/entries")["entries"] == []
    account.control("POST", "/activecampaign/automations/1", {"active": False})
    wish = {"contact": made["id"], "automation": seed.WELCOME}
    account.control("POST", "/activecampaign/entries", wish, status=400)
    account.control("POST", "/activecampaign/automations/77", {}, status=404)
    account.control("POST", "/activecampaign/entries/77/remove", {}, status=400)
    account.control("POST", "/activecampaign/settings", {"nonsense": 1}, status=400)
    account.control("GET", "/activecampaign/nonsense", status=404)


@pytest.mark.parametrize(
    ("status", "shape"), [(400, {}), (402, "message"), (404, "errors"), (422, "errors")]
)
def test_ordered_refusals_have_the_shape_they_were_seen_in(account, status, shape) -> None:
    account.fault("activecampaign", "status", status=status)
    told = add(account, seed.WELCOME)
    assert told[0] == status
    assert told[1] == shape if shape == {} else shape in told[1]
    account.fault("activecampaign", "status", status=503)
    assert answer(account, "GET", "/users/me").headers["Content-Type"] == "text/html"
