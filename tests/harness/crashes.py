"""Killing an action at every boundary it passes, with real SIGKILL.

The boundaries are not listed by hand: an undisturbed run tells how many an action passes, and then
one action is killed at each. A new effect is covered the day it is written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.harness.processes import Processes
from tests.harness.world import FINAL, World, eventually
from workers.submit import action_id_for

WORKERS = ("worker-a", "worker-b")


def boundaries_of(processes: Processes, action_id: UUID) -> list[str]:
    """The boundaries an action has passed so far."""
    log = processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.log")
    return log.read_text().splitlines()


def killed_at_every_boundary(
    world: World,
    processes: Processes,
    request_for: Callable[[int], dict[str, Any]],
    check: Callable[[UUID, int], None],
    hasten: Callable[[], None] = lambda: None,
) -> list[str]:
    """Kill one action at each boundary; `check` is told how many actions have been carried out.

    `hasten` is called again and again while one is waited for (to make a long wait a short one).
    """
    processes.start("relay", "beat", *WORKERS)
    for done in (1, 2):  # the second one finds what the first has cached
        undisturbed = world.submit(request_for(done))
        assert world.ended(undisturbed) == ["succeeded"]
        check(undisturbed, done)
    boundaries = boundaries_of(processes, undisturbed)
    for number, name in enumerate(boundaries):
        request = request_for(number + 3)
        action_id = action_id_for(world.workspace_id, str(request["id"]))
        order = _order_file(processes, action_id, number)
        order.touch()
        world.submit(request)
        eventually(lambda order=order: not order.exists(), 20, f"killed {name} #{number}")
        eventually(lambda: [w for w in WORKERS if not processes.alive(w)], 5, "a worker is dead")
        processes.keep_alive(*WORKERS)
        _wait(world, action_id, hasten)
        assert world.ended(action_id) == ["succeeded"], f"killed {name} #{number}"
        check(action_id, number + 3)
    return boundaries


def _wait(world: World, action_id: UUID, hasten: Callable[[], None]) -> None:
    def over() -> bool:
        hasten()
        return world.status(action_id) in FINAL | {"parked"}

    eventually(over, 60, f"{action_id} ends")


def _order_file(processes: Processes, action_id: UUID, number: int) -> Path:
    return processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.{number}")
