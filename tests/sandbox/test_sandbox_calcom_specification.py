"""What the sandbox's Cal.com answers is what Cal.com's own OpenAPI document describes."""

from typing import Any

import pytest
from calcom_client import ATTENDEE, Cal, at
from jsonschema import Draft202012Validator
from sandbox_client import Sandbox

from infra.sandbox.calcom import seed
from infra.sandbox.calcom.checking import LANGUAGES
from tests.harness.calcom_specification import document, schema


def of_kind(data: Any) -> str:
    """Which of the documented bookings it is; the document says `oneOf`, and some overlap."""
    one = data[0] if isinstance(data, list) else data
    if "seatUid" in one:
        return "CreateSeatedBookingOutput"
    if "recurringBookingUid" in one:
        return "RecurringBookingOutput"
    seated = any("seatUid" in person for person in one["attendees"])
    return "GetSeatedBookingOutput" if seated else "BookingOutput"


def holds(data: Any) -> None:
    for one in data if isinstance(data, list) else [data]:
        schema(of_kind(data)).validate(one)


@pytest.fixture
def jo(sandbox: Sandbox) -> Cal:
    return Cal(sandbox)


@pytest.mark.parametrize(
    "event_type",
    [
        seed.CALCOM_INTRO,
        seed.CALCOM_REVIEW,
        seed.CALCOM_WEEKLY,
        seed.CALCOM_WORKSHOP,
        seed.CALCOM_COURSE,
        seed.CALCOM_KICK_OFF,
    ],
)
def test_bookings_are_as_documented(jo: Cal, event_type: int) -> None:
    more = {"metadata": {"fleet_effect": "x"}, "guests": ["lee@x.test"]}
    attendee = {**ATTENDEE, "phoneNumber": "+61400000000", "language": "en"}
    made = jo.book(at(30), event_type, attendee=attendee, **more)
    holds(made)
    whole = jo.answer("GET", "/bookings").json()
    schema_of_list = schema("GetBookingsOutput").schema["components"]["schemas"]
    assert set(whole) <= set(schema_of_list["GetBookingsOutput_2024_08_13"]["properties"])
    pages = {"components": {"schemas": schema_of_list}, **schema_of_list["PaginationMetaDto"]}
    Draft202012Validator(pages).validate(whole["pagination"])
    for one in whole["data"]:
        holds(one)


def test_guests_and_profile_are_as_documented(jo: Cal) -> None:
    uid = jo.book(at(30))["uid"]
    body = {"guests": [{"email": "a@x.test", "name": "A", "timeZone": "UTC", "language": "de"}]}
    schema("AddGuestsInput").validate(body)
    answer = jo.answer("POST", f"/bookings/{uid}/guests", body)
    holds(answer.json()["data"])
    schema("GetMeOutput").validate(jo.answer("GET", "/me").json())


def test_languages_are_those_documented() -> None:
    attendee = document()["components"]["schemas"]["CreateBookingAttendee"]["properties"]
    assert set(attendee["language"]["enum"]) == LANGUAGES


def test_parameters_of_the_list_are_those_documented(jo: Cal) -> None:
    named = document()["paths"]["/v2/bookings"]["get"]["parameters"]
    for one in named:
        if one["in"] == "query" and one["name"] not in {"teamId", "teamsIds"}:
            value = {"sort": "asc", "status": "past"}.get(one["name"][:4], at(30))
            value = "past" if one["name"] == "status" else value
            value = "10" if one["name"] in {"take", "skip"} else value
            assert jo.answer("GET", "/bookings", **{one["name"]: value}).status == 200, one["name"]
