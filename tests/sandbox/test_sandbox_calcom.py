"""Cal.com's bookings: what is taken, refused, listed, and which version answers."""

from typing import Any

import pytest
from calcom_client import ATTENDEE, Cal, at
from sandbox_client import Sandbox

from infra.sandbox.calcom import seed

MARK = "0e5b2f9c-0000-4000-8000-000000000001"


@pytest.fixture
def jo(sandbox: Sandbox) -> Cal:
    return Cal(sandbox)


def wish(**more: Any) -> dict[str, Any]:
    return {"start": at(30), "eventTypeId": seed.CALCOM_INTRO, "attendee": ATTENDEE, **more}


def test_a_booking_is_made_read_and_listed(jo: Cal) -> None:
    start = at(30)
    booked = jo.book(start, metadata={"fleet_effect": MARK}, guests=["lee@brightside.test"])
    assert (booked["status"], booked["duration"]) == ("accepted", 30)
    assert booked["start"] == start.replace("Z", ".000Z")
    assert booked["metadata"] == {"fleet_effect": MARK}
    assert booked["location"] == f"https://app.cal.com/video/{booked['uid']}"
    people = [one["email"] for one in booked["attendees"]]
    assert people == ["ada@brightside.test", "lee@brightside.test"]
    assert jo.answer("GET", f"/bookings/{booked['uid']}").json()["data"] == booked
    assert jo.listed() == [booked]
    (effect,) = jo.sandbox.control("GET", "/effects")["effects"]
    assert (effect["platform"], effect["kind"], effect["mark"]) == (
        "calcom",
        "booking.created",
        MARK,
    )
    assert effect["tenant"] == str(seed.CALCOM_USER)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"start": "tomorrow"}, "start must be a valid ISO 8601 date string"),
        ({"start": at(-30)}, "Attempting to book a meeting in the past."),
        ({"instant": True}, "property instant should not exist"),
        ({"attendee": {"name": "Ada"}}, "attendee.timeZone must be a string"),
        ({"attendee": {**ATTENDEE, "timeZone": "Sydney"}}, "valid IANA time-zone"),
        ({"attendee": {**ATTENDEE, "email": "ada"}}, "attendee.email must be an email"),
        ({"attendee": {"name": "A", "timeZone": "UTC"}}, "At least one contact method"),
        ({"attendee": {**ATTENDEE, "phoneNumber": "555"}}, "international format"),
        ({"attendee": {**ATTENDEE, "language": "tlh"}}, "supported languages"),
        ({"attendee": "Ada"}, "attendee must be an object"),
        ({"guests": ["lee"]}, "each value in guests must be an email"),
        ({"metadata": {str(n): "" for n in range(51)}}, "at most 50 keys"),
        ({"metadata": {"k" * 41: ""}}, "each key up to 40 characters"),
        ({"metadata": {"k": "v" * 501}}, "string values up to 500"),
        ({"location": "here"}, "location must be an object"),
        ({"location": {"type": "link"}}, "following location types: integration,"),
        (
            {"location": {"type": "integration", "integration": "google-meet"}},
            "following integrations: cal-video, zoom,",
        ),
        ({"location": {"type": "attendeePhone"}}, "phone must be a string"),
        ({"lengthInMinutes": 45}, "does not have multiple possible lengths"),
        (
            {"eventTypeId": seed.CALCOM_WORKSHOP, "lengthInMinutes": 45},
            "possible lengths are: 60, 90, 120",
        ),
        ({"eventTypeId": seed.CALCOM_WEEKLY, "recurrenceCount": 5}, "recurrence count is higher"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_400(jo: Cal, more: Any, words: str) -> None:
    assert words in jo.refused(400, "POST", "/bookings", wish(**more))
    assert jo.sandbox.counts() == {}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"eventTypeId": 7}, "Event type with id 7 not found."),
        ({"eventTypeSlug": "intro", "username": "nobody"}, "User with username nobody not found"),
        ({"eventTypeSlug": "nothing", "username": "jo"}, "slug nothing belonging to user jo"),
        ({"eventTypeSlug": "intro", "teamSlug": "studio"}, "slug intro belonging to team studio"),
        ({"eventTypeId": seed.CALCOM_INTRO, "recurrenceCount": 2}, "is not a recurring event"),
    ],
)
def test_unknown_event_types_are_404(jo: Cal, more: Any, words: str) -> None:
    body = {"start": at(30), "attendee": ATTENDEE, **more}
    assert words in jo.refused(404, "POST", "/bookings", body)


def test_event_types_are_found_by_slug(jo: Cal) -> None:
    body = {"start": at(30), "attendee": ATTENDEE, "eventTypeSlug": "review", "username": "jo"}
    assert jo.answer("POST", "/bookings", body).json()["data"]["eventTypeId"] == seed.CALCOM_REVIEW
    body |= {"eventTypeSlug": "kick-off", "teamSlug": "studio", "start": at(40)}
    del body["username"]
    assert jo.answer("POST", "/bookings", body).json()["data"]["eventTypeId"] == (
        seed.CALCOM_KICK_OFF
    )


def test_a_time_is_taken_once(jo: Cal) -> None:
    jo.book(at(30))
    words = jo.refused(400, "POST", "/bookings", wish())
    assert words == "User either already has booking at this time or is not available"
    jo.book(at(30.5))  # the next half hour is free
    jo.sandbox.control("POST", "/calcom/settings", {"clash": 409})
    answer = jo.answer("POST", "/bookings", wish())
    assert (answer.status, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert "already exists" in answer.json()["error"]["message"]


def test_a_cancelled_booking_frees_its_time(jo: Cal) -> None:
    booked = jo.book(at(30))
    jo.sandbox.control("POST", f"/calcom/bookings/{booked['uid']}", {"status": "cancelled"})
    assert jo.book(at(30))["uid"] != booked["uid"]


def test_what_waits_for_confirmation_takes_no_time(jo: Cal) -> None:
    first, second = (jo.book(at(30), seed.CALCOM_REVIEW) for _ in range(2))
    assert (first["status"], second["status"]) == ("pending", "pending")
    assert first["location"] == "integrations:cal-video"
    assert jo.sandbox.counts() == {"calcom.booking.created": 2}


def test_a_team_has_another_host(jo: Cal) -> None:
    hosts = [jo.book(at(30), seed.CALCOM_KICK_OFF)["hosts"][0]["username"] for _ in range(2)]
    assert hosts == ["jo", "sam"]
    body = wish(eventTypeId=seed.CALCOM_KICK_OFF)
    assert jo.refused(400, "POST", "/bookings", body).startswith("One of the hosts either already")


def test_a_recurring_booking_is_a_list_under_one_uid(jo: Cal) -> None:
    made = jo.book(at(30), seed.CALCOM_WEEKLY, recurrenceCount=3, metadata={"fleet_effect": MARK})
    assert len(made) == 3
    (uid,) = {one["recurringBookingUid"] for one in made}
    assert jo.answer("GET", f"/bookings/{uid}").json()["data"] == made
    assert made[1]["start"] == at(30 + 168).replace("Z", ".000Z")
    assert all(one["metadata"] == {"fleet_effect": MARK} for one in made)
    assert len(jo.book(at(100), seed.CALCOM_WEEKLY)) == 4


def test_a_later_time_that_clashes_leaves_the_earlier_ones(jo: Cal) -> None:
    jo.book(at(30 + 168))
    answer = jo.answer("POST", "/bookings", wish(eventTypeId=seed.CALCOM_WEEKLY))
    assert answer.status == 409
    assert len(jo.listed(eventTypeId=seed.CALCOM_WEEKLY)) == 1


def test_a_course_has_seats(jo: Cal) -> None:
    made = [
        jo.book(at(30), seed.CALCOM_COURSE, metadata={"fleet_effect": f"{MARK[:-1]}{n}"})
        for n in range(3)
    ]
    assert len({one["uid"] for one in made}) == 1
    assert len({one["seatUid"] for one in made}) == 3
    assert "metadata" not in made[0]
    (listed,) = jo.listed()
    assert [one["metadata"]["fleet_effect"][-1] for one in listed["attendees"]] == ["0", "1", "2"]
    answer = jo.answer("POST", "/bookings", wish(eventTypeId=seed.CALCOM_COURSE))
    assert (answer.status, answer.json()["error"]["message"]) == (
        409,
        "No more seats left at this seated booking.",
    )


def test_metadata_that_is_no_text_hides_all_of_it(jo: Cal) -> None:
    assert jo.book(at(30), metadata={"fleet_effect": MARK, "n": 1})["metadata"] == {}


def test_who_gives_only_a_number_gets_an_address(jo: Cal) -> None:
    attendee = {"name": "Ada", "timeZone": "UTC", "phoneNumber": "+61400000000"}
    booked = jo.book(at(30), attendee=attendee)
    assert booked["attendees"][0]["email"] == "61400000000@sms.cal.com"


@pytest.mark.parametrize(
    ("event_type", "location", "says"),
    [
        (seed.CALCOM_INTRO, {"type": "integration", "integration": "zoom"}, "?pwd="),
        (seed.CALCOM_INTRO, {"type": "attendeePhone", "phone": "+61400000000"}, "+61400000000"),
        (seed.CALCOM_INTRO, {"type": "attendeeAddress", "address": "1 Bay St"}, "1 Bay St"),
        (seed.CALCOM_INTRO, {"type": "attendeeDefined", "location": "Zoo"}, "Zoo"),
        (seed.CALCOM_WORKSHOP, {"type": "address"}, "12 Wharf Road"),
        (seed.CALCOM_WORKSHOP, {"type": "link"}, "https://meet.tidewater.test/workshop"),
        (seed.CALCOM_WORKSHOP, {"type": "phone"}, "+61255501200"),
        (seed.CALCOM_KICK_OFF, {"type": "organizersDefaultApp"}, "https://app.cal.com/video/"),
    ],
)
def test_each_kind_of_location(jo: Cal, event_type: int, location: Any, says: str) -> None:
    assert says in jo.book(at(30), event_type, location=location)["location"]


def test_the_list_is_filtered(jo: Cal) -> None:
    first = jo.book(at(30))
    second = jo.book(at(31), seed.CALCOM_REVIEW, attendee={**ATTENDEE, "email": "Lee@x.test"})
    for query, found in [
        ({"eventTypeId": seed.CALCOM_REVIEW}, [second]),
        ({"eventTypeIds": f"{seed.CALCOM_REVIEW},{seed.CALCOM_INTRO}"}, [first, second]),
        ({"attendeeEmail": "Lee@x.test"}, [second]),
        ({"attendeeEmail": "lee@x.test"}, []),  # letter for letter
        ({"afterStart": at(31)}, [second]),
        ({"beforeEnd": at(30.5)}, [first]),
        ({"status": "upcoming"}, [first]),
        ({"status": "unconfirmed,upcoming"}, [first, second]),
        ({"sortStart": "desc"}, [second, first]),
        ({"bookingUid": first["uid"]}, [first]),
        ({"afterCreatedAt": at(1)}, []),
    ]:
        assert jo.listed(**query) == found, query
    assert Cal(jo.sandbox, seed.CALCOM_OTHER_API_KEY).listed() == [], "the user's own alone"
    assert "should not exist" in jo.refused(400, "GET", "/bookings?nonsense=1")
    assert "take must not" in jo.refused(400, "GET", "/bookings?take=251")


def test_the_list_comes_in_pages(jo: Cal) -> None:
    made = [jo.book(at(30 + n))["uid"] for n in range(3)]
    whole = jo.answer("GET", "/bookings", take=2).json()
    assert [one["uid"] for one in whole["data"]] == made[:2]
    assert (whole["pagination"]["totalItems"], whole["pagination"]["hasNextPage"]) == (3, True)
    rest = jo.answer("GET", "/bookings", take=2, skip=2).json()
    assert [one["uid"] for one in rest["data"]] == made[2:]
    assert (rest["pagination"]["hasNextPage"], rest["pagination"]["returnedItems"]) == (False, 1)


def test_reads_may_lag_behind(jo: Cal) -> None:
    jo.sandbox.control("POST", "/calcom/settings", {"lag_s": 20})
    booked = jo.book(at(30))
    assert jo.listed() == []
    assert "was not found" in jo.refused(404, "GET", f"/bookings/{booked['uid']}")
    jo.sandbox.advance(21)
    assert [one["uid"] for one in jo.listed()] == [booked["uid"]]


def test_without_its_version_an_older_endpoint_answers(jo: Cal) -> None:
    booked = jo.book(at(30))
    listed = jo.answer("GET", "/bookings", version=None).json()["data"]
    assert [one["uid"] for one in listed["bookings"]] == [booked["uid"]]
    one = jo.answer("GET", f"/bookings/{booked['uid']}", version="2024-04-15").json()["data"]
    assert ("startTime" in one, "start" in one) == (True, False)
    assert jo.answer("POST", "/bookings", wish(start=at(50)), version=None).status == 400
    answer = jo.answer("POST", f"/bookings/{booked['uid']}/guests", {}, version=None)
    assert answer.status == 404
    assert jo.sandbox.counts() == {"calcom.booking.created": 1}


def test_keys(jo: Cal) -> None:
    me = jo.answer("GET", "/me", version=None).json()["data"]
    assert (me["id"], me["email"]) == (seed.CALCOM_USER, "jo@tidewater.test")
    for key in (None, "cal_live_wrong"):
        assert Cal(jo.sandbox, key).answer("GET", "/me").status == 401
    assert Cal(jo.sandbox, None).answer("POST", "/bookings", wish()).status == 201, "open to all"
    assert Cal(jo.sandbox, "cal_live_wrong").answer("POST", "/bookings", wish()).status == 401
    jo.sandbox.fault("calcom", "revoke_token")
    assert jo.answer("GET", "/me").status == 401
    jo.sandbox.control("POST", "/tokens/restore", {"platform": "calcom"})
    assert jo.answer("GET", "/me").status == 200


def test_what_is_not_for_everybody_is_403(jo: Cal) -> None:
    body = wish(eventTypeId=seed.CALCOM_PRIVATE)
    assert jo.refused(403, "POST", "/bookings", body).startswith("checkBookingRequires")
    sam = Cal(jo.sandbox, seed.CALCOM_OTHER_API_KEY)
    assert sam.answer("POST", "/bookings", body).status == 201


def test_a_throttle_refuses_for_a_minute(jo: Cal) -> None:
    jo.sandbox.control("POST", "/limits", {"platform": "calcom", "default": 2})
    first = jo.answer("GET", "/me")
    assert first.headers["X-RateLimit-Limit-Default"] == "2"
    assert first.headers["X-RateLimit-Remaining-Default"] == "1"
    jo.answer("GET", "/me")
    refused = jo.answer("GET", "/me")
    assert refused.status == 429
    assert "Retry-After" not in refused.headers
    assert refused.headers["X-RateLimit-Reset-Default"] == "60"
    assert refused.json()["error"]["code"] == "ThrottlerException"
    assert Cal(jo.sandbox, seed.CALCOM_OTHER_API_KEY).answer("GET", "/me").status == 200
    jo.sandbox.advance(55)
    again = jo.answer("GET", "/me")
    assert (again.status, int(again.headers["X-RateLimit-Reset-Default"]) <= 5) == (429, True)
    jo.sandbox.advance(6)
    assert jo.answer("GET", "/me").status == 200
    jo.sandbox.control("POST", "/limits", {"platform": "calcom", "nonsense": 1}, status=400)


@pytest.mark.parametrize(
    ("problem", "reset"), [("minute", "60"), ("guests", "60"), ("unix", None), ("bare", "")]
)
def test_each_form_of_429(jo: Cal, problem: str, reset: str | None) -> None:
    jo.sandbox.fault("calcom", "rate_limited", problem=problem)
    answer = jo.answer("POST", "/bookings", wish())
    ending = "Booking_guests_add" if problem == "guests" else "Default"
    said = answer.headers.get(f"X-RateLimit-Reset-{ending}", "")
    assert answer.status == 429
    if problem == "bare":
        # Those of the throttle itself are on every answer, unless its limit is lifted.
        assert answer.headers["X-RateLimit-Remaining-Default"] == "120"
    elif reset is None:
        assert int(said) > 1_000_000_000
    else:
        assert said == reset
    assert jo.sandbox.counts() == {}


def test_event_types_can_be_changed_by_a_person(jo: Cal) -> None:
    made = jo.sandbox.control("POST", "/calcom/event-types", {"id": 5, "slug": "x", "seats": 1})
    assert (made["slug"], made["seats"], made["lengths"]) == ("x", 1, [30])
    jo.book(at(30), 5)
    jo.sandbox.control("POST", "/calcom/event-types", {"id": 5, "nonsense": 1}, status=400)
    jo.sandbox.control("POST", "/calcom/settings", {"nonsense": 1}, status=400)
    jo.sandbox.control("GET", "/calcom/nonsense", status=404)
    (kept,) = jo.sandbox.control("GET", "/calcom/bookings")["bookings"]
    moved = jo.sandbox.control("POST", f"/calcom/bookings/{kept['uid']}", {"start": at(99)})
    assert moved["end"] - moved["start"] == 1800
