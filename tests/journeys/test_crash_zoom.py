"""A Zoom meeting, its process killed at every boundary: created once."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.zoom.account import CREATED, HOST, MEETING, add_account

LATER = (
    "UPDATE effects SET last_send_by = now() - interval '10 minutes' WHERE state = 'unknown'",
    "UPDATE actions SET due_at = now() WHERE status = 'reconciling' AND lease_owner IS NULL",
)
"""An absence is believed a minute after the last send: long over, for a test."""

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]


def test_a_meeting_killed_at_every_boundary_is_created_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    add_account(world)

    def request_for(number: int) -> dict[str, Any]:
        params = {**MEETING, "host": HOST, "topic": f"Kick-off {number}"}
        return world.request("zoom_create_meeting", params)

    def settle_at_once() -> None:
        for statement in LATER:  # one row lock at a time, for the fleet goes on meanwhile
            with world.fleet.database.transaction() as tx:
                tx.execute(text(statement))

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count(CREATED) == done
        told = world.rows(
            "SELECT type FROM outbox WHERE subject = :id AND type LIKE 'action.%'",
            id=str(action_id),
        )
        assert [event.type for event in told] == ["action.succeeded"]
        sealed = world.rows(
            "SELECT 1 FROM effect_secrets s JOIN effects e ON e.id = s.id WHERE e.action_id = :id",
            id=action_id,
        )
        assert len(sealed) == 1, "what only its asker may see is there, however it was learned"

    boundaries = killed_at_every_boundary(
        world, processes, request_for, check, hasten=settle_at_once
    )
    assert "before the call" in boundaries
    assert "after the call" in boundaries
    assert world.rows("SELECT 1 FROM integration_log WHERE step = 'look_up'")
