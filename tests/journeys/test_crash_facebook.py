"""Conversions, their process killed at every boundary: each event is received once."""

from typing import Any
from uuid import UUID

import pytest

from tests.harness.crashes import killed_at_every_boundary, killed_together_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import each_once, request, submitted

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]
SIZE = 4


def test_a_conversion_killed_at_every_boundary_is_received_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    def request_for(_number: int) -> dict[str, Any]:
        return request(world)

    def check(action_id: UUID, done: int) -> None:
        each_once(sandbox, done)
        told = world.rows(
            "SELECT type FROM outbox WHERE subject = :id AND type LIKE 'action.%'",
            id=str(action_id),
        )
        assert [event.type for event in told] == ["action.succeeded"]

    boundaries = killed_at_every_boundary(world, processes, request_for, check)
    assert boundaries.count("before the call") == 1


def test_conversions_together_killed_at_every_boundary_are_received_once_each(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    boundaries = killed_together_at_every_boundary(
        world,
        processes,
        lambda: submitted(world, SIZE),
        lambda groups, _killed: each_once(sandbox, SIZE * groups),
    )
    assert boundaries.count("before the call") == 1
