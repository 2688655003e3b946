"""Zoom's account: meetings made, listed and read, what is refused, and the limits."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from sandbox_client import Sandbox

from infra.sandbox.zoom import seed

MARK = "2a1c7f0e-5b1d-4f4e-9f10-0123456789ab"
START = "2027-03-01T09:00:00Z"
SECRETS = ("password", "encrypted_password", "h323_password", "pstn_password")


def zoom(
    sandbox: Sandbox,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = seed.S2S_ACCESS_TOKEN,
    **query: Any,
) -> urllib3.BaseHTTPResponse:
    """Make a call of the API."""
    return sandbox.http.request(
        method,
        f"{sandbox.base}/zoom/v2{path}" + (f"?{urlencode(query)}" if query else ""),
        body=body if body is None or isinstance(body, bytes) else json.dumps(body),
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


def create(
    sandbox: Sandbox, host: str = seed.OWNER_EMAIL, token: str = seed.S2S_ACCESS_TOKEN, **more: Any
) -> urllib3.BaseHTTPResponse:
    wish = {"topic": "Kick-off", "type": 2, "start_time": START, **more}
    return zoom(sandbox, "POST", f"/users/{host}/meetings", wish, token=token)


def listed(sandbox: Sandbox, host: str = seed.OWNER_EMAIL, **query: Any) -> list[dict[str, Any]]:
    answer = zoom(sandbox, "GET", f"/users/{host}/meetings", **query)
    assert answer.status == 200, answer.data
    return list(answer.json()["meetings"])


def series(sandbox: Sandbox, **rule: Any) -> list[str]:
    """When a series takes place."""
    more = {"type": 8, "timezone": "Europe/Berlin", "recurrence": rule}
    answer = create(sandbox, start_time=rule.pop("start", "2027-03-15T09:00:00"), **more)
    assert answer.status == 201, answer.data
    return [one["start_time"] for one in answer.json()["occurrences"]]


def test_a_meeting_is_made_and_read_back(sandbox: Sandbox) -> None:
    answer = create(sandbox, agenda=f"[ref:{MARK}]\nAgenda", default_password=True)
    made = answer.json()
    assert (answer.status, made["type"], made["host_email"]) == (201, 2, seed.OWNER_EMAIL)
    assert made["start_time"] == START
    assert answer.headers["x-zm-trackingid"].startswith("SBX_")
    assert all(made[name] for name in SECRETS)
    assert f"/j/{made['id']}?pwd={made['encrypted_password']}" in made["join_url"]
    assert "zak=" in made["start_url"]
    read = zoom(sandbox, "GET", f"/meetings/{made['id']}").json()
    assert read == made
    (effect,) = sandbox.control("GET", "/effects")["effects"]
    assert (effect["kind"], effect["id"], effect["mark"]) == (
        "meeting.created",
        str(made["id"]),
        MARK,
    )
    assert effect["tenant"] == seed.ACCOUNT


def test_without_a_passcode_there_is_none(sandbox: Sandbox) -> None:
    made = create(sandbox).json()
    assert not set(SECRETS) & set(made)
    assert "pwd=" not in made["join_url"]


def test_local_times_are_the_zones_and_answers_are_utc(sandbox: Sandbox) -> None:
    def start(**more: Any) -> str:
        return str(create(sandbox, **more).json()["start_time"])

    assert start(start_time="2027-07-01T09:00:00", timezone="Europe/Berlin") == (
        "2027-07-01T07:00:00Z"
    )
    assert start(start_time="2027-07-01T09:00:00") == "2027-06-30T23:00:00Z", "the host's zone"
    skipped = start(start_time="2027-03-28T02:30:00", timezone="Europe/Berlin")
    assert skipped == "2027-03-28T01:30:00Z"
    twice = start(start_time="2027-10-31T02:30:00", timezone="Europe/Berlin")
    assert twice == "2027-10-31T00:30:00Z"


def test_hosts_go_by_id_email_and_me(sandbox: Sandbox) -> None:
    by_id = create(sandbox, seed.SECOND).json()
    by_email = create(sandbox, seed.SECOND_EMAIL.upper()).json()
    assert by_id["host_id"] == by_email["host_id"] == seed.SECOND
    assert create(sandbox, "me").json()["host_id"] == seed.OWNER
    nobody = create(sandbox, "nobody@tidewater.test")
    assert (nobody.status, nobody.json()) == (
        404,
        {"code": 1001, "message": "User does not exist: nobody@tidewater.test."},
    )
    added = sandbox.control("POST", "/zoom/users", {"email": "new@tidewater.test"})
    assert create(sandbox, "new@tidewater.test").json()["host_id"] == added["id"]


def test_a_user_acts_for_themselves(sandbox: Sandbox) -> None:
    assert create(sandbox, "me", seed.ACCESS_TOKEN).json()["host_id"] == seed.OWNER
    assert create(sandbox, seed.OWNER, seed.ACCESS_TOKEN).status == 201
    refused = create(sandbox, seed.SECOND, seed.ACCESS_TOKEN)
    assert (refused.status, refused.json()["code"]) == (400, 200)
    me = zoom(sandbox, "GET", "/users/me", token=seed.ACCESS_TOKEN).json()
    assert (me["account_id"], me["email"]) == (seed.ACCOUNT, seed.OWNER_EMAIL)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"topic": "x" * 201}, "topic"),
        ({"agenda": "x" * 2_001}, "agenda"),
        ({"type": 4}, "type"),
        ({"type": True}, "type"),
        ({"start_time": "tomorrow"}, "start_time"),
        ({"start_time": "2027-02-30T09:00:00Z"}, "start_time"),
        ({"start_time": "2027-03-01T09:00:00+01:00"}, "start_time"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"duration": 0}, "duration"),
        ({"misspelt": 1}, "misspelt"),
        ({"settings": []}, "settings"),
        ({"settings": {"auto_recording": "yes"}}, "settings.auto_recording"),
        ({"settings": {"misspelt": True}}, "settings.misspelt"),
        ({"settings": {"meeting_invitees": ["a@b.test"]}}, "settings.meeting_invitees"),
        ({"type": 8}, "recurrence"),
        ({"recurrence": {"type": 1}}, "recurrence"),
        ({"type": 8, "recurrence": {"type": 9}}, "recurrence.type"),
        ({"type": 8, "recurrence": {"type": 2}}, "recurrence.weekly_days"),
        ({"type": 8, "recurrence": {"type": 2, "weekly_days": "8"}}, "recurrence.weekly_days"),
        ({"type": 8, "recurrence": {"type": 3}}, "recurrence.monthly_day"),
        (
            {"type": 8, "recurrence": {"type": 1, "end_times": 2, "end_date_time": START}},
            "recurrence.end_times",
        ),
        (
            {"type": 8, "recurrence": {"type": 3, "monthly_day": 1, "repeat_interval": 11}},
            "recurrence.repeat_interval",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_by_field(
    sandbox: Sandbox, more: dict[str, Any], field: str
) -> None:
    answer = create(sandbox, **more)
    body = answer.json()
    assert (answer.status, body["code"], body["message"]) == (400, 300, "Validation Failed.")
    assert field in [one["field"] for one in body["errors"]]
    assert sandbox.counts() == {}


def test_bodies_that_cannot_be_read(sandbox: Sandbox) -> None:
    for body in (b"{", b"[]", b""):
        answer = zoom(sandbox, "POST", "/users/me/meetings", body)
        assert (answer.status, answer.json()["code"]) == (400, 300)
    assert zoom(sandbox, "GET", "/nonsense").json()["code"] == 2300
    assert zoom(sandbox, "GET", "/meetings/1").json()["code"] == 3001


def test_series(sandbox: Sandbox) -> None:
    assert series(sandbox, type=1, repeat_interval=7, end_times=3) == [
        "2027-03-15T08:00:00Z",
        "2027-03-22T08:00:00Z",
        "2027-03-29T07:00:00Z",  # nine o'clock all the same: summer time has begun
    ]
    assert series(sandbox, type=2, weekly_days="2,4", end_times=3) == [
        "2027-03-15T08:00:00Z",
        "2027-03-17T08:00:00Z",
        "2027-03-22T08:00:00Z",
    ]
    assert series(sandbox, type=3, monthly_day=31, end_date_time="2027-08-01T00:00:00Z") == [
        "2027-03-31T07:00:00Z",
        "2027-05-31T07:00:00Z",
        "2027-07-31T07:00:00Z",
    ]
    last_friday = {"type": 3, "monthly_week": -1, "monthly_week_day": 6, "end_times": 2}
    assert series(sandbox, **last_friday) == ["2027-03-26T08:00:00Z", "2027-04-30T07:00:00Z"]


def test_lists_leave_out_instant_and_expired_meetings(sandbox: Sandbox) -> None:
    create(sandbox, type=1, topic="now")
    create(sandbox, type=3, topic="any time", start_time="2027-03-01T09:00:00Z")
    create(sandbox, topic="soon")
    rule = {"type": 1, "end_times": 2}
    create(sandbox, type=8, topic="series", timezone="UTC", recurrence=rule)
    sandbox.control("POST", "/clock", {"set": "2027-03-20T00:00:00+00:00"})
    assert [row["topic"] for row in listed(sandbox)] == ["any time", "soon", "series", "series"]
    assert [row["topic"] for row in listed(sandbox, type="upcoming")] == ["any time"]
    previous = [row["topic"] for row in listed(sandbox, type="previous_meetings")]
    assert previous == ["soon", "series", "series"]
    sandbox.control("POST", "/clock", {"set": "2027-03-31T12:00:00+00:00"})
    assert [row["topic"] for row in listed(sandbox)] == ["any time", "series"]
    assert listed(sandbox, seed.SECOND) == []
    assert zoom(sandbox, "GET", "/users/me/meetings", type="nonsense").status == 400


def test_lists_cut_agendas_off_and_hide_passcodes(sandbox: Sandbox) -> None:
    create(sandbox, agenda="x" * 300, default_password=True)
    (row,) = listed(sandbox)
    assert row["agenda"] == "x" * 250
    assert "join_url" in row
    assert not {"start_url", *SECRETS} & set(row)


def test_lists_between_days(sandbox: Sandbox) -> None:
    for day in ("2027-03-01", "2027-03-03"):
        create(sandbox, start_time=f"{day}T23:30:00Z", topic=day)
    near = listed(sandbox, **{"from": "2027-02-28", "to": "2027-03-02"})
    assert [row["topic"] for row in near] == ["2027-03-01"]


def test_pages(sandbox: Sandbox) -> None:
    sandbox.control(
        "POST", "/zoom/meetings", {"count": 5, "start_time": START, "host": seed.OWNER_EMAIL}
    )
    path = f"/users/{seed.OWNER}/meetings"
    first = zoom(sandbox, "GET", path, page_size=2).json()
    assert (len(first["meetings"]), first["total_records"], first["page_count"]) == (2, 5, 3)
    second = zoom(
        sandbox, "GET", path, page_size=2, next_page_token=first["next_page_token"]
    ).json()
    third = zoom(
        sandbox, "GET", path, page_size=2, next_page_token=second["next_page_token"]
    ).json()
    assert "next_page_token" not in third
    rows = first["meetings"] + second["meetings"] + third["meetings"]
    assert len({row["id"] for row in rows}) == 5
    sandbox.advance(901)
    late = zoom(sandbox, "GET", path, page_size=2, next_page_token=first["next_page_token"])
    assert late.json()["message"] == "The next page token is invalid or expired."
    assert zoom(sandbox, "GET", path, page_size=301).status == 400


def test_a_host_may_have_a_hundred_created_a_day(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/clock", {"set": "2027-01-10T22:00:00+00:00"})
    sandbox.control("POST", "/limits", {"platform": "zoom", "host_day": 3})
    statuses = [create(sandbox).status for _ in range(3)]
    over = create(sandbox)
    assert (statuses, over.status) == ([201] * 3, 429)
    assert "daily rate limit (3) of Meeting Create/Update" in over.json()["message"]
    assert not {"Retry-After", "X-RateLimit-Type"} & set(over.headers)
    assert create(sandbox, seed.SECOND).status == 201
    sandbox.advance(2 * 3_600)
    assert create(sandbox).status == 201, "days begin at midnight UTC"


def test_limits_of_the_account_when_switched_on(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/limits", {"platform": "zoom", "qps": 1})
    first, second = (zoom(sandbox, "GET", "/users/me") for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert second.headers["X-RateLimit-Type"] == "QPS"
    sandbox.control("POST", "/clock", {"set": "2027-01-10T22:00:00+00:00"})
    sandbox.control("POST", "/limits", {"platform": "zoom", "qps": None, "day": 2})
    answers = [zoom(sandbox, "GET", "/users/me") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].headers["X-RateLimit-Type"] == "Daily-limit"
    assert answers[2].headers["Retry-After"] == "2027-01-11T00:00:00Z"


@pytest.mark.parametrize(
    ("more", "retry_after", "kind"),
    [
        ({"problem": "host_day"}, None, None),
        ({"problem": "host_day", "retry_after": 60}, "60", None),
        ({}, None, "QPS"),
        ({"retry_after": 3}, "3", "QPS"),
    ],
)
def test_refusals_can_be_ordered(
    sandbox: Sandbox, more: dict[str, Any], retry_after: str | None, kind: str | None
) -> None:
    sandbox.fault("zoom", "rate_limited", **more)
    answer = create(sandbox)
    assert (answer.status, answer.json()["code"]) == (429, 429)
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.headers.get("X-RateLimit-Type") == kind


def test_a_list_may_lag_behind(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/zoom/settings", {"list_lag_s": 30})
    create(sandbox)
    assert listed(sandbox) == []
    sandbox.advance(31)
    assert len(listed(sandbox)) == 1


def test_what_a_person_does(sandbox: Sandbox) -> None:
    identity = create(sandbox).json()["id"]
    sandbox.control("POST", f"/zoom/meetings/{identity}", {"agenda": "mine"})
    (row,) = listed(sandbox)
    assert row["agenda"] == "mine"
    sandbox.control("POST", f"/zoom/meetings/{identity}/delete", {})
    assert listed(sandbox) == sandbox.control("GET", "/zoom/meetings")["meetings"] == []
    sandbox.control("POST", f"/zoom/meetings/{identity}/delete", {}, status=404)
    sandbox.control("POST", f"/zoom/meetings/{identity}", {"id": 1}, status=400)
    sandbox.control("GET", "/zoom/nonsense", status=404)
    sandbox.control("POST", "/zoom/users", {"email": "nonsense"}, status=400)


def test_scopes(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": ["meeting:write:admin"]})
    assert create(sandbox).status == 201, "a classic scope"
    refused = zoom(sandbox, "GET", "/users/me/meetings")
    words = "Invalid access token, does not contain scopes:[meeting:read:list_meetings:admin]."
    assert (refused.status, refused.json()) == (400, {"code": 4711, "message": words})
    assert create(sandbox, "me", seed.ACCESS_TOKEN).status == 201, "another app"
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": None})
    assert listed(sandbox) != []
