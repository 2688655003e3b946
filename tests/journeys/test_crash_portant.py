"""Documents, their workers killed at every boundary: one document, whatever died."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from tests.platforms.portant.workflow import MADE, SECRET, connect, request, set_up
from workers.commands import resume

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]

IN_DOUBT = (
    "SELECT a.id, e.id AS ref FROM actions a JOIN effects e ON e.action_id = a.id"
    " WHERE a.status = 'reconciling' AND e.name = 'portant.trigger'"
    " AND e.state = 'unknown' AND e.stated_id IS NULL"
)
AN_HOUR_LATER = (
    "UPDATE effects SET created_at = now() - interval '61 min' WHERE id = :ref",
    "UPDATE actions SET due_at = now(), rung_at = NULL WHERE id = :id",
)


def test_a_document_killed_at_every_boundary_is_made_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    integration_id = connect(world, sandbox)
    port = world.fleet.settings.webhooks_port
    address = f"http://127.0.0.1:{port}/callbacks/{integration_id}/{SECRET}"
    set_up(sandbox, callback_url=address, delay_s=0.2)
    processes.start("webhooks")
    asked: list[UUID] = []

    def a_person_looks() -> None:
        """An hour later, of what never left: there is no such file, says who was asked."""
        started = {run["ref"] for run in sandbox.control("GET", "/portant/runs")["runs"]}
        for action in world.rows(IN_DOUBT):
            if str(action.ref) in started:
                continue
            with world.fleet.database.transaction() as tx:
                for later in AN_HOUR_LATER:
                    tx.execute(text(later), {"id": action.id, "ref": action.ref})
            eventually(lambda one=action.id: world.status(one) == "parked")
            assert sandbox.count(MADE) == len(started)
            resume(world.fleet, action.id, who="test", did_not_happen=True)
            asked.append(action.id)

    def request_for(_number: int) -> dict[str, Any]:
        return request(world)

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count(MADE) == done
        told = world.rows(
            "SELECT type FROM outbox WHERE subject = :id AND type IN"
            " ('action.succeeded', 'action.rejected')",
            id=str(action_id),
        )
        assert [event.type for event in told] == ["action.succeeded"]
        (ref,) = world.rows(
            "SELECT id FROM effects WHERE action_id = :a AND name = 'portant.trigger'", a=action_id
        )
        assert str(ref.id) in world.action(action_id).result["name"]

    boundaries = killed_at_every_boundary(world, processes, request_for, check, a_person_looks)
    assert boundaries.count("before the call") == 1
    # The commit that starts the effect is done and nothing has left: nobody but a person can know.
    first, call = boundaries.index("after the commit"), boundaries.index("before the call")
    assert len(asked) == call - first + 1
