"""Cal.com's guests: ten at a time, thirty in all, nobody twice."""

from typing import Any

import pytest
from calcom_client import Cal, at
from sandbox_client import Sandbox

from infra.sandbox.calcom import seed


@pytest.fixture
def jo(sandbox: Sandbox) -> Cal:
    return Cal(sandbox)


@pytest.fixture
def uid(jo: Cal) -> str:
    return str(jo.book(at(30))["uid"])


def people(jo: Cal, uid: str) -> list[str]:
    booking = jo.answer("GET", f"/bookings/{uid}").json()["data"]
    return [one["email"] for one in booking["attendees"]]


def words(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def test_guests_are_added_once(jo: Cal, uid: str) -> None:
    answer = jo.add(uid, "a@x.test", "b@x.test")
    assert answer.status == 200
    assert answer.json()["data"]["guests"] == ["a@x.test", "b@x.test"]
    assert jo.add(uid, "B@x.test", "b+tag@x.test", "c@x.test").status == 200
    assert people(jo, uid) == ["ada@brightside.test", "a@x.test", "b@x.test", "c@x.test"]
    again = jo.add(uid, "A+again@X.test")
    assert (again.status, words(again)) == (400, "emails_must_be_unique_valid")
    assert jo.sandbox.counts()["calcom.guest.added"] == 3
    added = [e for e in jo.sandbox.control("GET", "/effects")["effects"] if "guest" in e["kind"]]
    assert next((one["id"], one["mark"]) for one in added) == (f"{uid} a@x.test", None)


def test_internal_refusals_may_come_in_a_general_sentence(jo: Cal, uid: str) -> None:
    jo.sandbox.control("POST", "/calcom/settings", {"general_words": True})
    answer = jo.add(uid, "ada@brightside.test")
    assert (answer.status, words(answer)) == (
        400,
        "Bad request: Please check your request data and try again",
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "guests must be an array"),
        ({"guests": []}, "guests must contain at least 1 elements"),
        ({"guests": [{"email": f"{n}@x.test"} for n in range(11)]}, "no more than 10 elements"),
        ({"guests": ["a@x.test"]}, "guests must be an object"),
        ({"guests": [{"name": "A"}]}, "guests.email must be a string"),
        ({"guests": [{"email": "a"}]}, "guests.email must be an email"),
        ({"guests": [{"email": "a@x.test", "timeZone": "X"}]}, "valid IANA time-zone"),
    ],
)
def test_what_is_no_list_of_guests_is_refused(jo: Cal, uid: str, body: Any, said: str) -> None:
    answer = jo.answer("POST", f"/bookings/{uid}/guests", body)
    assert (answer.status, said in words(answer)) == (400, True)
    assert people(jo, uid) == ["ada@brightside.test"]


def test_thirty_people_a_booking(jo: Cal, uid: str) -> None:
    for ten in range(2):
        assert jo.add(uid, *(f"g{ten}{n}@x.test" for n in range(10))).status == 200
    answer = jo.add(uid, *(f"h{n}@x.test" for n in range(10)))
    assert words(answer) == (
        "Cannot add 10 guests. This booking already has 21 attendees. Maximum total guests allowed "
        "is 30. You can add up to 9 more guests."
    )


def test_who_may_not_and_who_need_not(jo: Cal, uid: str) -> None:
    sam = Cal(jo.sandbox, seed.CALCOM_OTHER_API_KEY)
    assert words(sam.add(uid, "a@x.test")) == "you_do_not_have_permission"
    assert sam.add(uid, "a@x.test").status == 403
    assert jo.add(uid, "sam@tidewater.test").status == 200
    assert sam.add(uid, "a@x.test").status == 200, "who attends may bring guests"
    assert jo.add("nothing", "a@x.test").status == 404
    assert Cal(jo.sandbox, None).add(uid, "a@x.test").status == 401


def test_the_guests_field_may_be_switched_off(jo: Cal, uid: str) -> None:
    wish = {"id": seed.CALCOM_INTRO, "guests_disabled": True}
    jo.sandbox.control("POST", "/calcom/event-types", wish)
    assert "The guests field is disabled" in words(jo.add(uid, "a@x.test"))


def test_blocked_ones_are_passed_over_and_some_are_asked_first(jo: Cal, uid: str) -> None:
    wish = {"blocked": ["bad@x.test"], "verified_first": ["ask@x.test"]}
    jo.sandbox.control("POST", "/calcom/settings", wish)
    assert jo.add(uid, "bad@x.test").status == 400
    assert jo.add(uid, "bad@x.test", "ask@x.test", "a@x.test").status == 200
    assert people(jo, uid) == ["ada@brightside.test", "a@x.test"]
    assert jo.sandbox.counts()["calcom.guest.asked"] == 1


def test_five_a_minute(jo: Cal, uid: str) -> None:
    answers = [jo.add(uid, f"{n}@x.test") for n in range(6)]
    assert [one.status for one in answers] == [200] * 5 + [429]
    headers = answers[5].headers
    assert headers["X-RateLimit-Reset-Booking_guests_add"] == "60"
    assert headers["X-RateLimit-Limit-Booking_guests_add"] == "5"
    assert "X-RateLimit-Limit-Default" not in headers
    assert jo.answer("GET", f"/bookings/{uid}").status == 200, "only this endpoint is closed"
    jo.sandbox.advance(61)
    assert jo.add(uid, "z@x.test").status == 200


def test_what_was_done_outlives_a_restart(tmp_path: Any) -> None:
    state = str(tmp_path / "state.db")
    running = Sandbox("--state", state)
    try:
        uid = Cal(running).book(at(30))["uid"]
        Cal(running).add(uid, "a@x.test")
    finally:
        running.close()
    running = Sandbox("--state", state)
    try:
        assert people(Cal(running), uid) == ["ada@brightside.test", "a@x.test"]
        assert running.counts() == {"calcom.booking.created": 1, "calcom.guest.added": 1}
    finally:
        running.close()
