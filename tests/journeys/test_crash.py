"""Dying at every boundary: before and after each commit and each call, with real SIGKILL.

The boundaries are not listed by hand: an undisturbed run tells how many an action passes, and then
one action is killed at each. A new effect is covered the day it is written.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

WORKERS = ("worker-a", "worker-b")


def _boundaries(processes: Processes, action_id: UUID) -> list[str]:
    log = processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.log")
    return log.read_text().splitlines()


def _order(processes: Processes, action_id: UUID, number: int) -> None:
    processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.{number}").touch()


def _killed_at_every_boundary(
    world: World,
    processes: Processes,
    request_for: Callable[[int], dict[str, Any]],
    check: Callable[[UUID, int], None],
) -> list[str]:
    """Kill one action at each boundary; `check` is told how many actions have been carried out."""
    processes.start("relay", "beat", *WORKERS)
    first = world.submit(request_for(0))
    assert world.ended(first) == ["succeeded"]
    check(first, 1)
    boundaries = _boundaries(processes, first)
    for number, name in enumerate(boundaries):
        request = request_for(number + 1)
        _order(processes, action_id_for(world.workspace_id, str(request["id"])), number)
        action_id = world.submit(request)
        eventually(
            lambda: [w for w in WORKERS if not processes.alive(w)], 20, f"killed {name} #{number}"
        )
        processes.keep_alive(*WORKERS)
        assert world.ended(action_id, seconds=30) == ["succeeded"], f"killed {name} #{number}"
        check(action_id, number + 2)
    return boundaries


def test_a_slack_message_killed_at_every_boundary_is_posted_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    def request_for(number: int) -> dict[str, Any]:
        params = {"channel": "C0GENERAL", "text": f"message {number}"}
        return world.request("slack_send_message", params)

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("slack.message.posted") == done
        told = world.rows(
            "SELECT * FROM outbox WHERE subject = :id AND type = 'action.succeeded'",
            id=str(action_id),
        )
        assert len(told) == 1

    boundaries = _killed_at_every_boundary(world, processes, request_for, check)
    assert {"before the commit", "after the commit", "before the call", "after the call"} <= set(
        boundaries
    )
