"""Killing an action at every boundary it passes, with real SIGKILL.

The boundaries are not listed by hand: an undisturbed run tells how many an action passes, and then
one action is killed at each. A new effect is covered the day it is written.
"""

import signal
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.harness.batching import carry_on, die, statuses
from tests.harness.processes import Processes
from tests.harness.world import FINAL, World, eventually
from workers.submit import action_id_for

WORKERS = ("worker-a", "worker-b")


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
    boundaries = processes.passed(undisturbed)
    for number, name in enumerate(boundaries):
        request = request_for(number + 3)
        action_id = action_id_for(world.workspace_id, str(request["id"]))
        order = processes.kill_order(action_id, number)
        order.touch()
        world.submit(request)
        eventually(lambda order=order: not order.exists(), 20, f"killed {name} #{number}")
        eventually(lambda: [w for w in WORKERS if not processes.alive(w)], 5, "a worker is dead")
        processes.keep_alive(*WORKERS)
        _wait(world, action_id, hasten)
        assert world.ended(action_id) == ["succeeded"], f"killed {name} #{number}"
        check(action_id, number + 3)
    return boundaries


def killed_together_at_every_boundary(
    world: World,
    processes: Processes,
    submitted: Callable[[], list[UUID]],
    check: Callable[[int, str], None],
) -> list[str]:
    """Kill, at each boundary, the process that carries out several actions in one call.

    `check` is told how many groups have been carried out, and where the last was killed.
    """
    undisturbed = submitted()
    assert processes.carry_out_alone(undisturbed[0]) == 0
    assert statuses(world, undisturbed) == {"succeeded": len(undisturbed)}
    check(1, "nowhere")
    boundaries = processes.passed(undisturbed[0])
    for number, name in enumerate(boundaries):
        killed = f"killed {name} #{number}"
        actions = submitted()
        processes.kill_order(actions[0], number).touch()
        assert processes.carry_out_alone(actions[0]) == -signal.SIGKILL, killed
        die(world.fleet)
        carry_on(world, actions)
        assert statuses(world, actions) == {"succeeded": len(actions)}, killed
        check(number + 2, killed)
    return boundaries


def _wait(world: World, action_id: UUID, hasten: Callable[[], None]) -> None:
    def over() -> bool:
        hasten()
        return world.status(action_id) in FINAL | {"parked"}

    eventually(over, 60, f"{action_id} ends")
