"""Five invoices in one call, their process killed at every boundary: each is raised once."""

import pytest

from tests.harness.batching import submitted
from tests.harness.crashes import killed_together_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]
SIZE = 5
CREATED = "xero.invoice.created"


def test_a_batch_killed_at_every_boundary_raises_each_invoice_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    def check(groups: int, killed: str) -> None:
        raised = groups * (SIZE + 1)  # and the one that is raised beforehand
        assert sandbox.count(CREATED) == raised, killed
        assert not world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")
        told = world.rows("SELECT count(*) AS n FROM outbox WHERE type = 'invoice.created'")
        assert told[0].n == raised, "each is told once"

    boundaries = killed_together_at_every_boundary(
        world, processes, lambda: submitted(world, SIZE), check
    )
    assert boundaries.count("before the call") == 1
    assert boundaries.count("after the commit") >= SIZE + 1
