"""What is asked of Cal.com is what its own OpenAPI document describes."""

import json
from typing import Any, get_args
from urllib.parse import parse_qsl

import pytest

from infra.platforms.calcom import fields
from infra.sandbox.calcom import seed
from tests.harness.calcom_specification import document, schema
from tests.platforms.calcom.cases import ATTENDEE, adding, booked, booking
from tests.platforms.calcom.desk import Desk

EVERYTHING: dict[str, Any] = {
    "attendee": {**ATTENDEE, "phone_number": "+61255501200", "language": "de"},
    "guests": ["lee@x.test"],
    "metadata": {"deal": "D-7"},
    "booking_fields_responses": {"notes": "x"},
}


def asked(desk: Desk) -> list[Any]:
    found: list[Any] = desk.sandbox.control("GET", "/recording?platform=calcom")["exchanges"]
    return found


@pytest.mark.parametrize(
    ("more", "input_"),
    [
        ({}, "CreateBookingInput"),
        (
            {"event_type_id": seed.CALCOM_WORKSHOP, "length_in_minutes": 90,
             "location": {"type": "address"}},
            "CreateBookingInput",
        ),
        (
            {"event_type_id": seed.CALCOM_WEEKLY, "recurrence_count": 2},
            "CreateRecurringBookingInput",
        ),
    ],
)  # fmt: skip
def test_bookings_and_their_look_up(desk: Desk, more: Any, input_: str) -> None:
    operations = document()["paths"]["/v2/bookings"]
    desk.sandbox.control("POST", "/recording", {"on": True})
    action = desk.lost("drop_after_commit")(booking(desk.world, **EVERYTHING, **more))
    desk.again(action)
    sent, listed, *_ = asked(desk)
    schema(input_, closed=True).validate(json.loads(sent["body"]))
    named = {one["name"] for one in operations["get"]["parameters"] if one["in"] == "query"}
    assert {name for name, _ in parse_qsl(listed["query"])} <= named
    for exchange in asked(desk):
        assert exchange["headers"]["cal-api-version"] == "2024-08-13"


def test_guests(desk: Desk) -> None:
    assert "/v2/bookings/{bookingUid}/guests" in document()["paths"]
    uid = booked(desk.world)
    desk.sandbox.control("POST", "/recording", {"on": True})
    request = adding(desk.world, uid, "a@x.test")
    guest = {"name": "A", "time_zone": "UTC", "phone_number": "+61255501200", "language": "de"}
    request["params"]["guests"][0] |= guest
    desk.done(desk.submit(request))
    sent = asked(desk)[-1]
    schema("AddGuestsInput", closed=True).validate(json.loads(sent["body"]))
    assert sent["headers"]["cal-api-version"] == "2024-08-13"


def test_what_params_may_name_is_what_the_document_names() -> None:
    schemas = document()["components"]["schemas"]
    languages = schemas["Guest"]["properties"]["language"]["enum"]
    assert set(get_args(fields.Language)) == set(languages)
    named = schemas["BookingInputIntegrationLocation_2024_08_13"]["properties"]["integration"]
    assert set(get_args(fields.Conferencing)) == set(named["enum"])
    kinds = [
        one["properties"]["type"]["example"]
        for name, one in schemas.items()
        if name.startswith("BookingInput") and name.endswith("Location_2024_08_13")
    ]
    assert set(get_args(fields.LocationType)) == set(kinds)
