"""Booking with Cal.com, and finding what was booked: once, whatever is lost."""

import json
from typing import Any

import pytest

from domain.actions.outcome import Succeeded
from infra.exchange import Transport
from infra.platforms.calcom.bookings import told
from infra.platforms.calcom.client import booking_path
from infra.sandbox.calcom import seed
from tests.harness.world import eventually
from tests.platforms.calcom.cases import ATTENDEE, a_start, booking
from tests.platforms.calcom.desk import BOOKED, BOOKING, Desk, answer_with, answered
from workers.commands import resume


def test_what_is_told_of_a_booking(desk: Desk) -> None:
    start = a_start()
    row = desk.book(start=start, metadata={"deal": "D-7"}, guests=["lee@x.test"])
    (kept,) = desk.bookings()
    assert row.result == {
        "booking_uid": kept["uid"],
        "start": start.replace("Z", ".000Z"),
        "end": row.result["end"],
        "meeting_url": f"https://app.cal.com/video/{kept['uid']}",
        "status": "accepted",
    }
    assert kept["metadata"] == {"deal": "D-7", "fleet_effect": str(desk.effect(row.id).id)}
    assert [one["email"] for one in kept["attendees"]] == ["ada@brightside.test", "lee@x.test"]
    assert desk.effect(row.id).external_id == kept["uid"]


def test_everything_asked_for_reaches_cal_com_in_its_names(desk: Desk) -> None:
    desk.sandbox.control("POST", "/recording", {"on": True})
    desk.book(
        start="2031-05-01T09:00:00+10:00",
        event_type_id=seed.CALCOM_WORKSHOP,
        length_in_minutes=90,
        location={"type": "link"},
        booking_fields_responses={"some_notes": "x"},
        attendee={**ATTENDEE, "phone_number": "+61255501200", "language": "pt-BR"},
    )
    (sent,) = desk.sandbox.control("GET", "/recording?platform=calcom")["exchanges"]
    body = json.loads(sent["body"])
    assert sent["headers"]["cal-api-version"] == "2024-08-13"
    assert body.pop("metadata")["fleet_effect"]
    assert body == {
        "start": "2031-04-30T23:00:00Z",
        "eventTypeId": seed.CALCOM_WORKSHOP,
        "lengthInMinutes": 90,
        "location": {"type": "link"},
        "bookingFieldsResponses": {"some_notes": "x"},
        "attendee": {
            "name": "Ada Reyes",
            "email": "ada@brightside.test",
            "timeZone": "Australia/Sydney",
            "phoneNumber": "+61255501200",
            "language": "pt-BR",
        },
    }


def by_number() -> dict[str, Any]:
    return {"name": "Ada", "time_zone": "UTC", "phone_number": "+61400000000"}


WAYS: dict[str, dict[str, Any]] = {
    "one host": {"event_type_id": seed.CALCOM_INTRO},
    # Of these Cal.com itself would let a second one be made.
    "unconfirmed": {"event_type_id": seed.CALCOM_REVIEW},
    "another host is free": {"event_type_id": seed.CALCOM_KICK_OFF},
    "seats are left": {"event_type_id": seed.CALCOM_COURSE},
    "by slug": {"event_type_id": None, "event_type_slug": "review", "username": "jo"},
    "by number": {"event_type_id": seed.CALCOM_REVIEW, "attendee": by_number()},
}
QUICK = {"another host is free", "seats are left", "by slug"}
TRIED = [
    pytest.param(
        fault,
        way,
        id=f"{fault} {name}",
        marks=[] if fault == "drop_after_commit" and name in QUICK else [pytest.mark.deep],
    )
    for fault in ("drop_before_commit", "drop_after_commit")
    for name, way in WAYS.items()
    # Of a team's, what is not seen is not believed to be absent: test_calcom_whose.py.
    if (fault, name) != ("drop_before_commit", "another host is free")
]


@pytest.mark.parametrize(("fault", "way"), TRIED)
def test_a_lost_answer_is_found_again_or_sent_again_once(
    desk: Desk, fault: str, way: dict[str, Any]
) -> None:
    given = {name: value for name, value in way.items() if value is not None}
    request = booking(desk.world, **given)
    if way["event_type_id"] is None:
        del request["params"]["event_type_id"]
    action = desk.lost(fault)(request)
    desk.again(action)
    desk.age()
    row = desk.again(action, times=2)
    assert row.status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1
    assert row.result["booking_uid"] == desk.bookings()[0]["uid"]
    assert ("seat_uid" in row.result) == (way["event_type_id"] == seed.CALCOM_COURSE)


def test_an_address_cal_com_keeps_in_another_way_is_no_absence(desk: Desk) -> None:
    """Decision 0035: its list compares addresses letter by letter, and may not keep ours."""

    def lowered(exchange: Any) -> None:
        if exchange.method == "GET" and "attendeeEmail" in exchange.url:
            answer_with(exchange, {**answered(exchange), "data": []})

    action = desk.lost("drop_after_commit")(booking(desk.world))
    desk.age()
    assert desk.again(action, desk.through(lowered), times=3).status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1


def test_a_list_that_lags_behind_is_asked_again(desk: Desk) -> None:
    desk.sandbox.control("POST", "/calcom/settings", {"lag_s": 20})
    action = desk.lost("drop_after_commit")(booking(desk.world))
    assert desk.again(action, times=3).status == "reconciling"
    desk.sandbox.control("POST", "/clock", {"advance_seconds": 21})
    assert desk.again(action).status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1


def test_every_page_is_looked_through(desk: Desk) -> None:
    start = a_start()
    for _ in range(101):
        body = {
            "start": start,
            "eventTypeId": seed.CALCOM_REVIEW,
            "attendee": {"name": "X", "email": "x@x.test", "timeZone": "UTC"},
        }
        desk.sandbox.control("POST", "/calcom/bookings", body)
    request = booking(desk.world, start=start, event_type_id=seed.CALCOM_REVIEW)
    action = desk.lost("drop_after_commit")(request)
    row = desk.again(action)
    assert (row.status, desk.sandbox.count(BOOKED)) == ("succeeded", 1)
    assert row.result["booking_uid"] == desk.bookings()[-1]["uid"]


def test_more_than_can_be_looked_through_is_no_absence(desk: Desk) -> None:
    def endless(exchange: Any) -> None:
        if exchange.method == "GET":
            told_ = answered(exchange)
            pages = {**told_["pagination"], "hasNextPage": True}
            answer_with(exchange, {**told_, "data": [], "pagination": pages})

    action = desk.lost("drop_after_commit")(booking(desk.world))
    desk.age()
    row = desk.again(action, desk.through(endless), times=2)
    assert (row.status, row.error["code"]) == ("reconciling", "too_many_bookings")
    assert desk.sandbox.count(BOOKED) == 1


NO_MORE = {"pagination": {"hasNextPage": False}}
OTHER_SHAPES: tuple[dict[str, Any], ...] = (
    {"data": {"bookings": [], "recurringInfo": []}, **NO_MORE},  # the older endpoint
    {"data": []},  # no word of further pages
    {"data": [{"uid": "x"}], **NO_MORE},
    {"data": [7], **NO_MORE},
    {"data": None, **NO_MORE},
    {"data": {"uid": "x", "start": "s", "end": "e", "status": "accepted"}, **NO_MORE},
)


def test_a_list_in_another_shape_is_no_absence(desk: Desk) -> None:
    def another(exchange: Any) -> None:
        if exchange.method == "GET":
            answer_with(exchange, {"status": "success", **document})

    action = desk.lost("drop_before_commit")(booking(desk.world))
    desk.age()
    for document in OTHER_SHAPES:
        row = desk.again(action, desk.through(another))
        assert (row.status, row.error["code"]) == ("reconciling", "unreadable_answer"), document
    assert desk.sandbox.count(BOOKED) == 0


def test_a_booking_in_the_older_shape_is_looked_up(desk: Desk) -> None:
    def older(exchange: Any) -> None:
        if exchange.method == "POST":
            booked = answered(exchange)["data"]
            old = {"uid": booked["uid"], "startTime": booked["start"], "endTime": booked["end"]}
            answer_with(exchange, {"status": "success", "data": old})

    action = desk.submit(booking(desk.world))
    row = desk.again(action, desk.through(older))
    assert (row.status, row.error["code"]) == ("reconciling", "unreadable_answer")
    assert "older endpoint" in row.error["message"]
    assert desk.again(action).status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1


def test_a_refused_look_up_tells_nothing(desk: Desk) -> None:
    action = desk.lost("drop_before_commit")(booking(desk.world))
    desk.age()
    desk.sandbox.fault("calcom", "status", method="GET", status=404)
    row = desk.again(action)
    assert (row.status, row.error["code"]) == ("reconciling", "look_up_refused")


# --- a time that is taken -------------------------------------------------------------------------


@pytest.mark.parametrize("clash", [400, 409])
def test_a_late_arrival_of_our_own_is_found_when_the_time_is_taken(desk: Desk, clash: int) -> None:
    """Held somewhere on its way, it was looked up, believed absent, and arrives after all."""
    desk.sandbox.control("POST", "/calcom/settings", {"clash": clash})
    desk.sandbox.fault("calcom", "hold_before_commit", method="POST", path=BOOKING, seconds=60)
    action = desk.submit(booking(desk.world))
    impatient = desk.with_transport(Transport(2.0, 0.3))
    assert desk.again(action, impatient).status == "reconciling"
    desk.age()
    assert desk.again(action).status == "waiting"  # absent, and to be sent again
    desk.sandbox.control("POST", "/held/release", {})
    eventually(lambda: desk.sandbox.count(BOOKED))
    row = desk.again(action)
    assert (row.status, desk.sandbox.count(BOOKED)) == ("succeeded", 1)
    assert row.result["booking_uid"] == desk.bookings()[0]["uid"]


def test_a_uid_that_is_no_text_leads_nowhere() -> None:
    assert booking_path("\ud800/..") == "/v2/bookings/%3F%2F.."


def test_a_person_who_was_wrong_about_it_books_nothing_twice(desk: Desk) -> None:
    """They saw no booking and said so; Cal.com has it, and refuses another one."""
    action = desk.lost("drop_after_commit")(booking(desk.world))
    desk.sandbox.fault("calcom", "status", method="GET", status=500)
    desk.park(action)
    resume(desk.fleet, action, who="test", did_not_happen=True)
    desk.sandbox.control("DELETE", "/faults")
    row = desk.again(action)
    assert (row.status, desk.sandbox.count(BOOKED)) == ("succeeded", 1)
    assert row.result["booking_uid"] == desk.bookings()[0]["uid"]


def taken_meanwhile(desk: Desk) -> Any:
    """An action whose first send was lost for good, and whose time somebody else has taken."""
    request = booking(desk.world)
    action = desk.lost("drop_before_commit")(request)
    desk.age()
    assert desk.again(action).status == "waiting"
    body = {
        "start": request["params"]["start"],
        "eventTypeId": seed.CALCOM_INTRO,
        "attendee": {"name": "X", "email": "x@x.test", "timeZone": "UTC"},
    }
    desk.sandbox.control("POST", "/calcom/bookings", body)
    return action


def test_a_time_somebody_else_has_taken_is_refused_in_cal_coms_words(desk: Desk) -> None:
    row = desk.again(taken_meanwhile(desk))
    assert (row.status, row.error["code"]) == ("rejected", "already_booked")
    assert "Cal.com: User either already has booking at this time" in row.error["message"]
    assert desk.sandbox.count(BOOKED) == 0


@pytest.mark.parametrize("fault", ["status", "drop_before_commit", "rate_limited"])
def test_a_taken_time_that_cannot_be_looked_up_stays_unknown(desk: Desk, fault: str) -> None:
    action = taken_meanwhile(desk)
    desk.sandbox.fault("calcom", fault, method="GET")
    row = desk.again(action)
    assert (row.status, row.error["code"]) == ("reconciling", "look_up_failed")
    desk.age()
    assert desk.again(action, times=4).status == "rejected"


def test_the_very_first_send_is_refused_without_a_look(desk: Desk) -> None:
    start = a_start()
    desk.book(start=start)
    before = len(desk.sandbox.control("GET", "/requests?platform=calcom")["requests"])
    row = desk.book(start=start)
    assert (row.status, row.error["code"]) == ("rejected", "already_booked")
    asked = desk.sandbox.control("GET", "/requests?platform=calcom")["requests"][before:]
    assert [one["method"] for one in asked] == ["POST"]


# --- recurring bookings, seats, people ------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "drop_after_commit"])
def test_a_recurring_booking_lists_all_of_it(desk: Desk, fault: str | None) -> None:
    request = booking(desk.world, event_type_id=seed.CALCOM_WEEKLY, recurrence_count=3)
    if fault is None:
        row = desk.done(desk.submit(request))
    else:
        row = desk.again(desk.lost(fault)(request))
    uids = [one["uid"] for one in desk.bookings()]
    assert row.result["booking_uids"] == uids
    assert row.result["booking_uid"] == uids[0]
    assert row.result["recurring_booking_uid"] == desk.bookings()[0]["recurring"]
    assert "warning" not in row.result
    assert desk.sandbox.count(BOOKED) == 3


def empty_list(exchange: Any) -> None:
    if exchange.method == "GET" and "/v2/bookings?" in exchange.url:
        answer_with(exchange, {"status": "success", "data": [], **NO_MORE})


@pytest.mark.parametrize("lags", [False, True])
def test_a_recurring_booking_that_broke_off_is_not_made_twice(desk: Desk, *, lags: bool) -> None:
    """Of its weeks the third is taken: Cal.com refuses, and the first two stand."""
    request = booking(desk.world, event_type_id=seed.CALCOM_WEEKLY)
    third = {
        "start": "2030-01-21T09:00:00Z",
        "eventTypeId": seed.CALCOM_INTRO,
        "attendee": {"name": "X", "email": "x@x.test", "timeZone": "UTC"},
    }
    desk.sandbox.control("POST", "/calcom/bookings", third)
    request["params"] |= {"start": "2030-01-07T09:00:00Z", "recurrence_count": 4}
    action = desk.submit(request)
    if lags:  # what is read lags behind what was just written
        row = desk.again(action, desk.through(empty_list))
        assert (row.status, row.error["code"]) == ("reconciling", "not_seen_yet")
        row = desk.again(action)
    else:
        row = desk.done(action)
    assert row.status == "succeeded"
    assert len(row.result["booking_uids"]) == desk.sandbox.count(BOOKED) == 2
    assert row.result["warning"] == "Cal.com booked 2 of the 4 that were asked for"


def test_a_409_to_a_first_send_that_made_nothing_is_refused_in_the_end(desk: Desk) -> None:
    desk.sandbox.control("POST", "/calcom/settings", {"clash": 409})
    start = a_start()
    desk.book(start=start)
    row = desk.book(start=start)
    assert (row.status, row.error["code"]) == ("reconciling", "not_seen_yet")
    desk.age()
    row = desk.again(row.id, times=3)
    assert (row.status, row.error["code"]) == ("rejected", "already_booked")
    assert desk.sandbox.count(BOOKED) == 1


@pytest.mark.parametrize("moved", [False, True])
def test_a_booking_cancelled_or_moved_meanwhile_is_found(desk: Desk, *, moved: bool) -> None:
    """Moved, it is a new booking with the old one's metadata, and the old one is cancelled."""
    request = booking(desk.world, event_type_id=seed.CALCOM_REVIEW)
    action = desk.lost("drop_after_commit")(request)
    (kept,) = desk.bookings()
    if moved:
        later = {
            "start": a_start(),
            "eventTypeId": seed.CALCOM_REVIEW,
            "metadata": kept["metadata"],
            "attendee": {"name": "Ada", "email": "ada@brightside.test", "timeZone": "UTC"},
        }
        desk.sandbox.control("POST", "/calcom/bookings", later)
    desk.sandbox.control("POST", f"/calcom/bookings/{kept['uid']}", {"status": "cancelled"})
    row = desk.again(action)
    assert (row.status, desk.sandbox.count(BOOKED)) == ("succeeded", 1)
    assert row.result["booking_uid"] == desk.bookings()[-1]["uid"]
    assert row.result["status"] == ("pending" if moved else "cancelled")


def test_a_person_may_say_which_booking_it_is(desk: Desk) -> None:
    other = desk.book().result
    action = desk.lost("drop_before_commit")(booking(desk.world))
    desk.park(action)
    resume(desk.fleet, action, who="jo", happened="2NtaeaVcKfpmSZ4CthFdfk")  # a typo
    row = desk.again(action)
    assert (row.status, row.error["code"]) == ("reconciling", "look_up_refused")
    desk.park(action)
    resume(desk.fleet, action, who="jo", happened=other["booking_uid"])
    row = desk.again(action)
    assert (row.status, row.result) == ("succeeded", other)


def a_booking(**more: Any) -> dict[str, Any]:
    return {
        "uid": "u",
        "start": "2030-01-07T09:00:00.000Z",
        "end": "e",
        "status": "accepted",
        **more,
    }


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({"location": "https://meet.x/1"}, "https://meet.x/1"),
        ({"location": "integrations:daily", "metadata": {"videoCallUrl": "https://v.x"}},
         "https://v.x"),
        ({"location": "12 Wharf Road", "meetingUrl": "12 Wharf Road"}, None),
        ({"location": None, "meetingUrl": "http://m.x"}, "http://m.x"),
        ({"location": ["https://m.x"]}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_meeting_url_is_an_address_of_the_web(more: Any, url: str | None) -> None:
    outcome = told([a_booking(**more)], "mark")
    assert isinstance(outcome, Succeeded)
    assert outcome.result["meeting_url"] == url


def test_the_passcode_in_a_meeting_url_is_told_to_the_asker_and_in_no_log(
    desk: Desk, capfd: Any
) -> None:
    row = desk.book(location={"type": "integration", "integration": "zoom"})
    (kept,) = desk.bookings()
    _, _, passcode = kept["location"].partition("?pwd=")
    assert passcode
    assert row.result["meeting_url"] == kept["location"]
    logged = str(desk.world.rows("SELECT * FROM integration_log"))
    assert kept["uid"] in logged
    assert passcode not in logged
    assert passcode not in "".join(capfd.readouterr())
