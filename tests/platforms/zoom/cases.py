"""Zoom's effect, for the conformance suite: an account's own app, and a person's."""

from datetime import datetime

from infra.platforms.zoom.errors import next_midnight
from infra.sandbox.zoom import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.zoom.account import CREATED, HOST, MEETING, add_account


def _meeting(world: World, _sandbox: Sandbox) -> Request:
    add_account(world)
    params = {
        **MEETING,
        "host": HOST,
        "agenda": "Who does what",
        "duration": 45,
        "waiting_room": True,
        "recurrence": {"type": "weekly", "weekly_days": ["monday"], "end_times": 3},
        "meeting_invitees": ["pat@brightside.test"],
    }
    return world.request("zoom_create_meeting", params)


def _of_nobody(world: World, _sandbox: Sandbox) -> tuple[Request, str]:
    add_account(world)
    params = {**MEETING, "host": "nobody@tidewater.test"}
    request = world.request("zoom_create_meeting", params)
    return request, "Zoom: User does not exist: nobody@tidewater.test."


def _midnight(now: datetime) -> datetime:
    return next_midnight(now)


CASES = (
    Case(
        effect="zoom.create_meeting",
        request=_meeting,
        method="POST",
        path="/users/.*/meetings$",
        happened=CREATED,
        refused=_of_nobody,
        waits=(
            Wait("a host's day", {"problem": "host_day"}, _midnight),
            Wait("a host's day, with Retry-After", {"problem": "host_day", "retry_after": 90}, 90),
            Wait("the account's day, a moment", {"problem": "day"}, _midnight),
            Wait("the account's day, seconds", {"problem": "day", "retry_after": 70}, 70),
            Wait("calls a second", {"problem": "qps"}, 1),
            Wait("calls a second, with Retry-After", {"problem": "qps", "retry_after": 4}, 4),
        ),
        secrets=(
            seed.S2S_ACCESS_TOKEN,
            seed.S2S_CLIENT_SECRET,
            "zak=eyJ0eXAiOiJKV1QifQ",  # of the start address
            "eyJ0eXAiOiJKV1QifQ",
        ),
    ),
)
