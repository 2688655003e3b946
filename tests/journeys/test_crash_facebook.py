"""Conversions, their process killed at every boundary: each event is received once."""

import signal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.harness.batching import carry_on, die, statuses
from tests.harness.crashes import killed_at_every_boundary
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
    undisturbed = submitted(world, SIZE)
    assert processes.carry_out_alone(undisturbed[0]) == 0
    assert statuses(world, undisturbed) == {"succeeded": SIZE}
    boundaries = _file(processes, undisturbed[0], "log").read_text().splitlines()
    assert boundaries.count("before the call") == 1
    for number, name in enumerate(boundaries, 1):
        actions = submitted(world, SIZE)
        _file(processes, actions[0], number - 1).touch()
        code = processes.carry_out_alone(actions[0])
        assert code == -signal.SIGKILL, f"killed {name} #{number}"
        die(world.fleet)
        carry_on(world, actions)
        assert statuses(world, actions) == {"succeeded": SIZE}, f"killed {name} #{number}"
        each_once(sandbox, SIZE * (number + 1))


def _file(processes: Processes, action_id: UUID, suffix: object) -> Path:
    return processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.{suffix}")
