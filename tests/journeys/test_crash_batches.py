"""Five invoices in one call, their process killed at every boundary: each is raised once."""

import signal
from pathlib import Path
from uuid import UUID

import pytest

from tests.harness.batching import carry_on, die, statuses, submitted
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]
SIZE = 5
CREATED = "xero.invoice.created"


def _file(processes: Processes, action_id: UUID, suffix: object) -> Path:
    return processes.kill_file.with_name(f"{processes.kill_file.name}.{action_id}.{suffix}")


def test_a_batch_killed_at_every_boundary_raises_each_invoice_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    undisturbed = submitted(world, SIZE)
    assert processes.carry_out_alone(undisturbed[0]) == 0
    assert statuses(world, undisturbed) == {"succeeded": SIZE}
    boundaries = _file(processes, undisturbed[0], "log").read_text().splitlines()
    assert boundaries.count("before the call") == 1
    assert boundaries.count("after the commit") >= SIZE + 1
    raised = sandbox.count(CREATED)
    for number, name in enumerate(boundaries):
        actions = submitted(world, SIZE)
        _file(processes, actions[0], number).touch()
        code = processes.carry_out_alone(actions[0])
        assert code == -signal.SIGKILL, f"killed {name} #{number}"
        die(world.fleet)
        carry_on(world, actions)
        raised += SIZE + 1  # and the one that is raised beforehand
        assert statuses(world, actions) == {"succeeded": SIZE}, f"killed {name} #{number}"
        assert sandbox.count(CREATED) == raised, f"killed {name} #{number}"
        assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")
        told = world.rows("SELECT count(*) AS n FROM outbox WHERE type = 'invoice.created'")
        assert told[0].n == raised, "each is told once"
