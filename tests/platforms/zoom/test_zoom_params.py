"""What a request for a meeting may say, and what Zoom is sent for it."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.envelope import Refused
from infra.platforms.zoom.drafting import AGENDA_MAX, DAYS, body_of, mark_of
from infra.platforms.zoom.params import CreateMeeting
from infra.platforms.zoom.times import zones
from infra.sandbox.zoom.drafting import draft
from infra.wire import checked_params

EFFECT = UUID("2a1c7f0e-5b1d-4f4e-9f10-0123456789ab")
WHERE = "infra.platforms.zoom.params:CreateMeeting"
MEETING = {"topic": "Kick-off", "start_time": "2027-03-01T09:00:00", "timezone": "Europe/Berlin"}
WEEKLY = {"type": "weekly", "weekly_days": ["monday"], "end_times": 3}


def problems(**more):
    given_ = {**MEETING, **more}
    with pytest.raises(Refused) as refused:
        checked_params(WHERE, {name: value for name, value in given_.items() if value != ...})
    return {problem.field: problem.problem for problem in refused.value.problems}


def body(**more):
    given_ = {name: value for name, value in {**MEETING, **more}.items() if value != ...}
    return body_of(checked_params(WHERE, given_), EFFECT)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"topic": ...}, "params.topic"),
        ({"topic": ""}, "params.topic"),
        ({"topic": "x" * 201}, "params.topic"),
        ({"host": "a/b"}, "params.host"),
        ({"host": ".."}, "params.host"),
        ({"host": "a@b@c"}, "params.host"),
        ({"password": "secret"}, "params.password"),
        ({"type": 1}, "params.type"),
        ({"start_time": ...}, "params.start_time"),
        ({"start_time": 5}, "params.start_time"),
        ({"start_time": "2027-03-28T02:30:00"}, "params.start_time"),
        ({"timezone": ...}, "params.start_time"),
        ({"timezone": "Mars/Olympus"}, "params.timezone"),
        ({"timezone": ["UTC"]}, "params.timezone"),
        ({"duration": 0}, "params.duration"),
        ({"duration": "60"}, "params.duration"),
        ({"duration": 1_441}, "params.duration"),
        ({"agenda": "x" * (AGENDA_MAX + 1)}, "params.agenda"),
        ({"waiting_room": "yes"}, "params.waiting_room"),
        ({"auto_recording": "tape"}, "params.auto_recording"),
        ({"alternative_hosts": ["a@b.test;c@d.test"]}, "params.alternative_hosts[0]"),
        ({"meeting_invitees": ["nobody"]}, "params.meeting_invitees[0]"),
        ({"recurrence": {**WEEKLY, "type": "yearly"}}, "params.recurrence.type"),
        ({"recurrence": {**WEEKLY, "type": ["weekly"]}}, "params.recurrence.type"),
        ({"recurrence": "weekly"}, "params.recurrence"),
        ({"recurrence": {**WEEKLY, "weekly_days": ["2"]}}, "params.recurrence.weekly_days[0]"),
        ({"recurrence": {**WEEKLY, "weekly_days": None}}, "params.recurrence.weekly_days"),
        ({"recurrence": {**WEEKLY, "monthly_day": 1}}, "params.recurrence.monthly_day"),
        ({"recurrence": {**WEEKLY, "end_times": 61}}, "params.recurrence.end_times"),
        ({"recurrence": {**WEEKLY, "end_times": None}}, "params.recurrence.end_times"),
        (
            {"recurrence": {**WEEKLY, "end_date_time": "2027-05-01T00:00:00Z"}},
            "params.recurrence.end_times",
        ),
        (
            {"recurrence": {**WEEKLY, "end_times": None, "end_date_time": "2027-05-01T00:00:00"}},
            "params.recurrence.end_date_time",
        ),
        ({"recurrence": {**WEEKLY, "repeat_interval": 51}}, "params.recurrence.repeat_interval"),
        ({"recurrence": WEEKLY, "timezone": ..., "start_time": "2027-03-01T09:00:00Z"},
         "params.timezone"),
        ({"recurrence": {"type": "monthly", "end_times": 2}}, "params.recurrence.monthly_day"),
        (
            {"recurrence": {"type": "monthly", "monthly_week": 1, "end_times": 2}},
            "params.recurrence.monthly_day",
        ),
        ({"recurrence": {"type": "no_fixed_time"}}, "params.start_time"),
        (
            {"recurrence": {"type": "no_fixed_time", "end_times": 2}, "start_time": ...},
            "params.recurrence.type",
        ),
        ({"recurrence": WEEKLY, "start_time": ...}, "params.start_time"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(more, field):
    assert field in problems(**more)


def test_every_problem_is_named_at_once():
    wrong = {"topic": "", "start_time": "2027-03-28T02:30:00", "recurrence": {"type": "weekly"}}
    assert set(problems(**wrong, no_such=1)) >= {
        "params.topic",
        "params.start_time",
        "params.recurrence.weekly_days",
        "params.recurrence.end_times",
        "params.no_such",
    }


def test_a_passcode_cannot_be_given_and_zoom_makes_one():
    assert problems(password="1234")["params.password"].startswith("unknown field")
    assert body()["default_password"] is True


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, 2),
        ({"recurrence": WEEKLY}, 8),
        ({"recurrence": {"type": "no_fixed_time"}, "start_time": ..., "timezone": ...}, 3),
    ],
)
def test_the_type_follows_from_what_is_asked(more, kind):
    sent = body(**more)
    assert sent["type"] == kind
    assert ("recurrence" in sent) == (kind == 8)
    assert ("start_time" in sent) == (kind != 3)


def test_the_mark_stands_before_the_agenda():
    assert body()["agenda"] == mark_of(EFFECT)
    longest = body(agenda="x" * AGENDA_MAX)["agenda"]
    assert longest.startswith(f"[ref:{EFFECT}]\nx")
    assert len(longest) == 2_000


def test_the_example_is_a_request_for_a_series():
    file = Path(__file__).parents[3] / "examples" / "zoom" / "create-meeting.json"
    example = json.loads(file.read_text())
    assert body_of(checked_params(WHERE, example["params"]), EFFECT)["type"] == 8


def test_words_become_zooms_numbers():
    sent = body(
        start_time="2027-03-01T09:00:00+01:00",
        alternative_hosts=["sam@tidewater.test", "SbxUserKit"],
        meeting_invitees=["pat@brightside.test"],
        mute_upon_entry=True,
        recurrence={
            "type": "monthly",
            "monthly_week": -1,
            "monthly_week_day": "saturday",
            "end_date_time": "2027-09-01T00:00:00+02:00",
        },
    )
    assert sent["start_time"] == "2027-03-01T08:00:00Z"
    assert sent["recurrence"] == {
        "type": 3,
        "repeat_interval": 1,
        "monthly_week": -1,
        "monthly_week_day": 7,
        "end_date_time": "2027-08-31T22:00:00Z",
    }
    assert sent["settings"] == {
        "mute_upon_entry": True,
        "alternative_hosts": "sam@tidewater.test;SbxUserKit",
        "meeting_invitees": [{"email": "pat@brightside.test"}],
    }
    days = body(recurrence={**WEEKLY, "weekly_days": ["sunday", "monday"]})["recurrence"]
    assert days["weekly_days"] == "1,2"


ENDS = ({"end_times": 5}, {"end_date_time": "2028-01-01T00:00:00+01:00"})
INTERVALS = ({}, {"repeat_interval": 1}, {"repeat_interval": 10})
DAILY = ({"type": "daily"},)
WEEKLIES = st.lists(st.sampled_from(DAYS), min_size=1, max_size=7).map(
    lambda days: {"type": "weekly", "weekly_days": days}
)
MONTHLIES = st.integers(1, 31).map(lambda day: {"monthly_day": day}) | st.builds(
    lambda week, day: {"monthly_week": week, "monthly_week_day": day},
    st.sampled_from([-1, 1, 2, 3, 4]),
    st.sampled_from(DAYS),
)
RULES = st.builds(
    lambda rule, end, interval: {**rule, **end, **interval},
    st.sampled_from(DAILY) | WEEKLIES | MONTHLIES.map(lambda rule: {"type": "monthly", **rule}),
    st.sampled_from(ENDS),
    st.sampled_from(INTERVALS),
)
TIMES = (
    st.builds(
        lambda start, zone: {"start_time": start, "timezone": zone},
        st.sampled_from(["2027-03-01T09:00:00", "2027-03-01T09:00Z", "2027-10-31T02:30+01:00"]),
        st.sampled_from(sorted(zones())),
    ).flatmap(lambda times: RULES.map(lambda rule: {**times, "recurrence": rule}) | st.just(times))
    | st.just({"start_time": "2027-03-01T09:00:00Z"})
    | st.just({"recurrence": {"type": "no_fixed_time"}})
)
REQUESTS = st.fixed_dictionaries(
    {"topic": st.text(min_size=1, max_size=200)},
    optional={
        "host": st.sampled_from(["me", "jo@tidewater.test", "KDcuGIm1QgePTO8WbOqwIQ"]),
        "duration": st.integers(1, 1_440),
        "agenda": st.text(max_size=AGENDA_MAX),
        "waiting_room": st.booleans(),
        "auto_recording": st.sampled_from(["local", "cloud", "none"]),
        "alternative_hosts": st.lists(st.sampled_from(["a@b.test", "Abc"]), max_size=2),
        "meeting_invitees": st.lists(st.just("a@b.test"), max_size=2),
    },
)


@given(REQUESTS, TIMES)
def test_whatever_is_accepted_zoom_takes(request_, times):
    params = checked_params(WHERE, {**request_, **times})
    accepted = draft(json.dumps(body_of(params, EFFECT)).encode())
    assert accepted["agenda"].startswith(mark_of(EFFECT))


@given(
    st.dictionaries(
        st.sampled_from(["start_time", "timezone", "recurrence"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=9) | st.sampled_from(["weekly", "UTC"]),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["type", "weekly_days", "repeat_interval", "end_times"]), inner
                )
            ),
            max_leaves=5,
        ),
    )
)
def test_what_is_wrong_between_fields_is_told_of_any_nonsense(given_):
    for field, words in CreateMeeting.between(given_):
        assert field
        assert words
