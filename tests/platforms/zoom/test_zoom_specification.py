"""What is sent and read, by Zoom's own types (npm @zoom/rivet 0.4.0), where they are present."""

import json
import re

import pytest

from infra.platforms.zoom.drafting import body_of
from infra.platforms.zoom.finding import headers
from tests.harness.vendor_files import vendor_text
from tests.platforms.zoom.account import HOST, S2S, add_account, meeting
from tests.platforms.zoom.test_zoom_params import EFFECT
from tests.platforms.zoom.test_zoom_tokens import session
from workers.execute import execute

FILE = "zoom_create_meeting.rivet-0.4.0.d.ts"
NOT_NAMED = {"uuid", "host_id", "status"}
"""What real answers carry though the types leave it out."""


@pytest.fixture(scope="session")
def types():
    return Types(vendor_text(FILE))


class Types:
    """Fields of each type, down to those of objects in it: path -> what is allowed."""

    def __init__(self, text):
        self.fields = {}
        for name, body in re.findall(r"^type (\w+) = (.*?)^\};?$", text, re.DOTALL | re.MULTILINE):
            inside = self.fields.setdefault(name, {})
            path = []
            for line in body.splitlines():
                field = re.fullmatch(r"\s*(\w+)\??: (.*?);?", line)
                if field and field[2] == "{":
                    path.append(field[1])
                    inside[".".join(path)] = "object"
                elif field:
                    inside[".".join([*path, field[1]])] = field[2]
                elif line.strip().startswith("}") and path:
                    path.pop()

    def problems(self, name, document, path=""):
        known = self.fields[name]
        for field, value in document.items():
            at = f"{path}{field}"
            if at not in known:
                yield at
            elif isinstance(value, dict):
                yield from self.problems(name, value, f"{at}.")
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, dict):
                        yield from self.problems(name, one, f"{at}.")
            elif "|" in known[at] and str(value).strip('"') not in re.findall(r"[-\w]+", known[at]):
                yield f"{at}={value}"


WHOLE = {
    "topic": "Kick-off",
    "agenda": "a",
    "start_time": "2027-03-01T09:00:00",
    "timezone": "Europe/Berlin",
    "duration": 45,
    "waiting_room": True,
    "join_before_host": False,
    "host_video": True,
    "participant_video": True,
    "mute_upon_entry": True,
    "auto_recording": "cloud",
    "alternative_hosts": ["a@b.test"],
    "meeting_invitees": ["a@b.test"],
}
RULES = (
    {"type": "daily", "repeat_interval": 2, "end_times": 3},
    {"type": "weekly", "weekly_days": ["saturday"], "end_date_time": "2027-09-01T00:00:00Z"},
    {"type": "monthly", "monthly_day": 3, "end_times": 3},
    {"type": "monthly", "monthly_week": -1, "monthly_week_day": "sunday", "end_times": 3},
    {"type": "no_fixed_time"},
)


def test_whatever_is_sent_zoom_has_a_field_for(types):
    requests = [WHOLE, *({**WHOLE, "recurrence": rule} for rule in RULES)]
    for request in requests:
        body = body_of(request, EFFECT)
        assert list(types.problems("MeetingsCreateMeetingRequestBody", body)) == []
    wrong = {"topik": 1, "settings": {"waiting": 1}, "type": 4}
    found = list(types.problems("MeetingsCreateMeetingRequestBody", wrong))
    assert found == ["topik", "settings.waiting", "type=4"]


def test_the_sandbox_tells_what_zoom_tells(types, fleet, world, sandbox):
    add_account(world)
    weekly = {"type": "weekly", "weekly_days": ["monday"], "end_times": 3}
    for params in ({}, {"recurrence": weekly}):
        execute(fleet, meeting(world, **params))
    made = sandbox.control("GET", "/zoom/meetings")["meetings"]
    assert len(made) == 2
    for one in made:
        told = {name: value for name, value in one.items() if name not in NOT_NAMED}
        assert list(types.problems("MeetingsCreateMeetingResponse", told)) == []
    asking = session(sandbox, S2S, "/zoom/v2")
    path = f"/users/{HOST}/meetings"
    listed = json.loads(asking.send("GET", path, headers=headers(asking)).answer)
    assert len(listed["meetings"]) == 4
    assert list(types.problems("MeetingsListMeetingsResponse", listed)) == []
