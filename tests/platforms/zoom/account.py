"""A Zoom integration of the test's workspace, and requests for meetings."""

from typing import Any
from uuid import UUID

from infra.sandbox.zoom import seed
from tests.harness.world import World

LIMITS = {"second": 100_000, "day": 1_000_000, "look_ups": 100_000}
HOST = seed.SECOND_EMAIL
CREATED = "zoom.meeting.created"
S2S = {
    "kind": "s2s",
    "account_id": seed.ACCOUNT,
    "client_id": seed.S2S_CLIENT_ID,
    "client_secret": seed.S2S_CLIENT_SECRET,
    "access_token": seed.S2S_ACCESS_TOKEN,
}
OAUTH = {
    "kind": "oauth",
    "client_id": seed.CLIENT_ID,
    "client_secret": seed.CLIENT_SECRET,
    "access_token": seed.ACCESS_TOKEN,
    "refresh_token": seed.REFRESH_TOKEN,
}
MEETING = {"topic": "Kick-off", "start_time": "2090-03-01T09:00:00", "timezone": "Europe/Berlin"}


def add_account(world: World, **settings: Any) -> UUID:
    """A server-to-server connection, its limits lifted but for the hosts'."""
    return world.add("zoom", seed.ACCOUNT, S2S, {"kind": "s2s", "limits": LIMITS, **settings})


def add_user(world: World) -> UUID:
    """A connection of one person's."""
    return world.add("zoom", seed.ACCOUNT, OAUTH, {"limits": LIMITS})


def meeting(world: World, **params: Any) -> UUID:
    """Ask for a meeting of the account's second user."""
    return world.submit(world.request("zoom_create_meeting", {**MEETING, "host": HOST, **params}))
