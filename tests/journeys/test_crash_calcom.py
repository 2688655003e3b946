"""Bookings and guests at Cal.com, their processes killed at every boundary."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.sandbox.calcom import seed
from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.calcom.cases import adding, booking, connected

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]


def test_a_booking_killed_at_every_boundary_is_made_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    """Of a kind that Cal.com itself would let be made twice."""
    connected(world)

    def request_for(_number: int) -> dict[str, Any]:
        return booking(world, event_type_id=seed.CALCOM_REVIEW)

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("calcom.booking.created") == done
        marks = {effect["mark"] for effect in sandbox.effects("booking.created")}
        assert len(marks) == done

    boundaries = killed_at_every_boundary(
        world, processes, request_for, check, lambda: older(world)
    )
    assert "before the call" in boundaries


def test_guests_killed_at_every_boundary_are_added_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.control("POST", "/limits", {"platform": "calcom", "booking_guests_add": None})
    connected(world)
    guests = [f"g{number}@x.test" for number in range(11)]  # two calls

    def request_for(_number: int) -> dict[str, Any]:
        return adding(world, booked_by_the_fleet(world), *guests)

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("calcom.guest.added") == done * len(guests)
        assert world.action(action_id).result["guests"] == guests

    boundaries = killed_at_every_boundary(
        world, processes, request_for, check, lambda: older(world)
    )
    assert boundaries.count("before the call") >= 3


def booked_by_the_fleet(world: World) -> str:
    action = world.submit(booking(world))
    assert world.ended(action) == ["succeeded"]
    return str(world.action(action).result["booking_uid"])


def older(world: World) -> None:
    """Make the time short after which an absence is believed."""
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE effects SET last_send_by = last_send_by - interval '20 s'"
                 " WHERE state = 'unknown' AND last_send_by > now() - interval '30 s'")
        )  # fmt: skip
