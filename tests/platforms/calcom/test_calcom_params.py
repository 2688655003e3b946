"""What a request may say to Cal.com, every problem named by its path with what to do."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.envelope import Refused
from infra.platforms.calcom.people import base
from infra.wire import checked_params

CREATE = "infra.platforms.calcom.params:CreateBooking"
ADD = "infra.platforms.calcom.params:AddGuests"
ATTENDEE = {"name": "Ada", "email": "ada@x.test", "time_zone": "Australia/Sydney"}
WISH = {"start": "2030-01-31T09:00:00+11:00", "attendee": ATTENDEE, "event_type_id": 1001}


def create(**more: Any) -> dict[str, Any]:
    given_ = {name: value for name, value in {**WISH, **more}.items() if value is not ...}
    return checked_params(CREATE, given_)


def problems(location: str, given_: Any) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        checked_params(location, given_)
    return {one.field: one.problem for one in refused.value.problems}


def wrong(**more: Any) -> dict[str, str]:
    given_ = {name: value for name, value in {**WISH, **more}.items() if value is not ...}
    return problems(CREATE, given_)


def test_everything_that_may_be_said() -> None:
    params = create(
        guests=["lee@x.test"],
        location={"type": "integration", "integration": "zoom"},
        metadata={"deal": "D-7"},
        booking_fields_responses={"notes": "x", "sizes": ["s", 3]},
        length_in_minutes=60,
        recurrence_count=3,
        attendee={**ATTENDEE, "phone_number": "+61255501200", "language": "pt-BR"},
    )
    assert params["start"] == "2030-01-30T22:00:00Z"
    assert params["booking_fields_responses"] == {"notes": "x", "sizes": ["s", 3]}
    assert create(event_type_id=..., event_type_slug="intro", team_slug="studio",
                  organization_slug="tidewater")["team_slug"] == "studio"  # fmt: skip
    assert create(attendee={"name": "A", "time_zone": "UTC", "phone_number": "+61255501200"})


@pytest.mark.parametrize(
    ("start", "utc"),
    [
        ("2030-01-31T09:00:00Z", "2030-01-31T09:00:00Z"),
        ("2030-01-31T09:00Z", "2030-01-31T09:00:00Z"),
        ("2030-01-31T09:00:00.000Z", "2030-01-31T09:00:00Z"),
        ("2030-01-01T00:30:00+05:45", "2029-12-31T18:45:00Z"),
    ],
)
def test_a_start_becomes_utc(start: str, utc: str) -> None:
    assert create(start=start)["start"] == utc


@pytest.mark.parametrize(
    "start",
    [
        "2030-01-31T09:00:00",
        "2030-01-31",
        "2030-02-30T09:00:00Z",
        "2030-01-31T09:00:00.5Z",
        "2030-01-31T25:00:00Z",
        "2030-01-31T09:00:00+99:00",
        "20300131T090000Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:00:00-14:00",
        "\u0662030-01-31T09:00:00Z",
        1900000000,
        True,
        None,
        "",
    ],
)
def test_what_is_no_start(start: Any) -> None:
    assert set(wrong(start=start)) == {"params.start"}


@settings(deadline=None, max_examples=60)
@given(st.datetimes(datetime(2001, 1, 1), datetime(2190, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001
def test_any_offset_means_the_same_moment(moment: datetime, minutes: int) -> None:
    sign, offset = "+-"[minutes < 0], abs(minutes)
    local = moment.replace(microsecond=0)
    written = f"{local.isoformat()}{sign}{offset // 60:02d}:{offset % 60:02d}"
    utc = local - timedelta(minutes=minutes)
    assert create(start=written)["start"] == f"{utc.isoformat()}Z"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"event_type_id": ...}, "params.event_type_id"),
        ({"event_type_slug": "intro"}, "params.event_type_slug"),
        ({"username": "jo"}, "params.username"),
        ({"organization_slug": "o"}, "params.organization_slug"),
        ({"event_type_id": ..., "event_type_slug": "intro"}, "params.username"),
        ({"event_type_id": ..., "event_type_slug": "intro", "username": "a", "team_slug": "b"},
         "params.username"),
        ({"event_type_id": ..., "username": "jo"}, "params.event_type_id"),
        ({"event_type_id": 0}, "params.event_type_id"),
        ({"event_type_id": "1001"}, "params.event_type_id"),
        ({"event_type_id": 1.5}, "params.event_type_id"),
        ({"event_type_id": True}, "params.event_type_id"),
        ({"instant": True}, "params.instant"),
        ({"attendee": ...}, "params.attendee"),
        ({"attendee": {"name": "A", "time_zone": "UTC"}}, "params.attendee"),
        ({"attendee": {**ATTENDEE, "email": "Ada <ada@x.test>"}}, "params.attendee.email"),
        ({"attendee": {**ATTENDEE, "time_zone": "Sydney"}}, "params.attendee.time_zone"),
        ({"attendee": {**ATTENDEE, "time_zone": "../etc/passwd"}}, "params.attendee.time_zone"),
        ({"attendee": {**ATTENDEE, "time_zone": "localtime"}}, "params.attendee.time_zone"),
        ({"attendee": {**ATTENDEE, "phone_number": "02 5550"}}, "params.attendee.phone_number"),
        ({"attendee": {**ATTENDEE, "language": "tlh"}}, "params.attendee.language"),
        ({"attendee": {**ATTENDEE, "timeZone": "UTC"}}, "params.attendee.timeZone"),
        ({"attendee": {**ATTENDEE, "name": " "}}, "params.attendee.name"),
        ({"guests": ["lee"]}, "params.guests[0]"),
        ({"guests": [f"g{n}@x.test" for n in range(30)]}, "params.guests"),
        ({"location": {"type": "moon"}}, "params.location.type"),
        ({"location": {"type": "integration"}}, "params.location"),
        ({"location": {"type": "integration", "integration": "fax"}},
         "params.location.integration"),
        ({"location": {"type": "link", "phone": "+61255501200"}}, "params.location"),
        ({"location": {"type": "attendeePhone", "phone": "1"}}, "params.location.phone"),
        ({"location": {"type": "link", "link": "https://x.test"}}, "params.location.link"),
        ({"location": "https://x.test"}, "params.location"),
        ({"metadata": {"n": 1}}, "params.metadata.n"),
        ({"metadata": {"k" * 41: "v"}}, "params.metadata." + "k" * 41 + ".[key]"),
        ({"metadata": {"k": "v" * 501}}, "params.metadata.k"),
        ({"metadata": {str(n): "v" for n in range(50)}}, "params.metadata"),
        ({"metadata": {"fleet_effect": "mine"}}, "params.metadata.fleet_effect"),
        ({"metadata": {"videoCallUrl": "https://x.test"}}, "params.metadata.videoCallUrl"),
        ({"length_in_minutes": 0}, "params.length_in_minutes"),
        ({"recurrence_count": 0}, "params.recurrence_count"),
    ],
)  # fmt: skip
def test_each_problem_is_named_by_its_path(more: Any, path: str) -> None:
    found = wrong(**more)
    assert set(found) == {path}
    assert found[path]


def test_problems_are_told_all_at_once() -> None:
    found = wrong(start="soon", event_type_slug="x", guests=["a"], attendee={"name": "A"}, no=1)
    assert set(found) == {
        "params.start",
        "params.event_type_slug",
        "params.guests[0]",
        "params.attendee.time_zone",
        "params.no",
    }


@pytest.mark.parametrize("kind", ["address", "link", "phone", "organizersDefaultApp"])
def test_kinds_of_location_that_say_nothing_more(kind: str) -> None:
    assert create(location={"type": kind})["location"] == {"type": kind}


@pytest.mark.parametrize(
    "location",
    [
        {"type": "attendeeAddress", "address": "1 Bay St"},
        {"type": "attendeePhone", "phone": "+61255501200"},
        {"type": "attendeeDefined", "location": "Zoo"},
        {"type": "integration", "integration": "cal-video"},
    ],
)
def test_kinds_of_location_that_say_where(location: dict[str, str]) -> None:
    assert create(location=location)["location"] == location


def test_the_examples_are_accepted() -> None:
    folder = Path(__file__).parents[3] / "examples" / "calcom"
    for file, location in (("create-booking", CREATE), ("add-guests", ADD)):
        request = json.loads((folder / f"{file}.json").read_text())
        assert request["action_type"] == f"calcom_{file.replace('-', '_')}"
        assert checked_params(location, request["params"])


def adding(*guests: Any, uid: Any = "2NtaeaVcKfpmSZ4CthFdfk") -> dict[str, Any]:
    return {"booking_uid": uid, "guests": list(guests)}


def test_guests_to_add() -> None:
    whole = {"email": "lee@x.test", "name": "Lee", "time_zone": "UTC", "language": "de",
             "phone_number": "+61255501200"}  # fmt: skip
    assert checked_params(ADD, adding(whole)) == adding(whole)
    assert checked_params(ADD, adding({"email": "a@x.test"}))


@pytest.mark.parametrize(
    ("given_", "paths"),
    [
        (adding(), {"params.guests"}),
        (adding(*({"email": f"g{n}@x.test"} for n in range(31))), {"params.guests"}),
        (adding("a@x.test"), {"params.guests[0]"}),
        (adding({"name": "A"}), {"params.guests[0].email"}),
        (adding({"email": "a@x.test", "mail": 1}), {"params.guests[0].mail"}),
        (adding({"email": "a@x.test"}, uid="a/../b"), {"params.booking_uid"}),
        (adding({"email": "a@x.test"}, uid=""), {"params.booking_uid"}),
        (adding({"email": "a@x.test"}, {"email": "A+x@X.test"}), {"params.guests[1].email"}),
        ({"guests": 5}, {"params.guests", "params.booking_uid"}),
    ],
)
def test_guests_that_cannot_be_added(given_: Any, paths: set[str]) -> None:
    assert set(problems(ADD, given_)) == paths


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([CREATE, ADD]),
    st.dictionaries(
        st.sampled_from(["start", "attendee", "guests", "metadata", "location", "username"]),
        ANYTHING,
    ),
)
def test_whatever_is_given_is_refused_in_words(location: str, given_: dict[str, Any]) -> None:
    assert all(problems(location, given_).values())


@settings(deadline=None, max_examples=60)
@given(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), st.text("abcXYZ123", max_size=5))
def test_case_and_tags_do_not_count(local: str, tag: str) -> None:
    assert base(f"{local}+{tag}@X.test") == base(f"{local.upper()}@x.TEST")
