"""Cal.com's effects, for the conformance suite; and short ways to bring them about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from infra.clock import utc_now
from infra.sandbox.calcom import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import LIMITS, World
from workers.execute import execute

ATTENDEE = {"name": "Ada Reyes", "email": "ada@brightside.test", "time_zone": "Australia/Sydney"}
GUEST = "lee@brightside.test"
_hours = count(1)


def a_start() -> str:
    """A start nobody else in this run has taken."""
    first = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    return (first + timedelta(hours=next(_hours))).strftime("%Y-%m-%dT%H:%M:%SZ")


def connected(world: World, key: str = seed.CALCOM_API_KEY, **limits: int) -> UUID:
    """Jo's Cal.com (or whoever's the key is), with limits of ours only where given."""
    credentials = {"api_key": key}
    open_to_any = {**LIMITS, "guests_minute": 100_000, "guests_look_ups": 100_000, **limits}
    user = str(seed.KEYS[key])
    return world.add("calcom", user, credentials, {"limits": open_to_any})


def booking(world: World, **more: Any) -> Request:
    params = {"start": a_start(), "attendee": ATTENDEE, "event_type_id": seed.CALCOM_INTRO, **more}
    return world.request("calcom_create_booking", params)


def booked(world: World, **more: Any) -> str:
    """The uid of a booking made a moment ago."""
    action = world.submit(booking(world, **more))
    execute(world.fleet, action)
    world.ended(action)  # where workers run, one of them may have taken it
    return str(world.action(action).result["booking_uid"])


def adding(world: World, uid: str, *emails: str) -> Request:
    guests = [{"email": one} for one in emails]
    return world.request("calcom_add_guests", {"booking_uid": uid, "guests": guests})


def _a_booking(world: World, _sandbox: Sandbox) -> Request:
    connected(world)
    zoom = {"type": "integration", "integration": "zoom"}
    return booking(world, location=zoom, metadata={"deal": "D-7"}, guests=[GUEST])


def _at_a_time_that_is_taken(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    connected(world)
    start = a_start()
    body = {
        "start": start,
        "eventTypeId": seed.CALCOM_INTRO,
        "attendee": {"name": "Somebody else", "email": "x@x.test", "timeZone": "UTC"},
    }
    sandbox.control("POST", "/calcom/bookings", body)
    return booking(world, start=start), "Cal.com: User either already has booking at this time"


def _two_guests(world: World, _sandbox: Sandbox) -> Request:
    connected(world)
    return adding(world, booked(world), GUEST, "kim@brightside.test")


def _a_guest_of_others(world: World, _sandbox: Sandbox) -> tuple[Request, str]:
    connected(world)
    uid = booked(world)
    connected(world, seed.CALCOM_OTHER_API_KEY)
    return adding(world, uid, GUEST), "Cal.com: you_do_not_have_permission"


def _is_that_guest(record: Mapping[str, Any], _effect_id: UUID) -> bool:
    """A guest carries no mark: told by the booking and the address, and nobody is there twice."""
    return str(record["id"]).endswith(" kim@brightside.test")


def _minute(now: datetime) -> datetime:
    return now + timedelta(seconds=60)


def _waits(name: str) -> tuple[Wait, ...]:
    return (
        Wait("seconds", {"problem": name, "retry_after": 75}, 75),
        Wait("less than the block lasts", {"problem": name, "retry_after": 3}, _minute),
        Wait("a Unix time", {"problem": "unix", "retry_after": 90}, 90),
        Wait("nothing but the status", {"problem": "bare"}, _minute),
    )


CASES = (
    Case(
        effect="calcom.create_booking",
        request=_a_booking,
        method="POST",
        path="/v2/bookings$",
        happened="calcom.booking.created",
        refused=_at_a_time_that_is_taken,
        waits=_waits("minute"),
        secrets=(seed.CALCOM_API_KEY,),
    ),
    Case(
        effect="calcom.add_guests",
        request=_two_guests,
        method="POST",
        path="/guests$",
        happened="calcom.guest.added",
        times=2,
        refused=_a_guest_of_others,
        waits=_waits("guests"),
        secrets=(seed.CALCOM_API_KEY, seed.CALCOM_OTHER_API_KEY),
        mark=_is_that_guest,
    ),
)
