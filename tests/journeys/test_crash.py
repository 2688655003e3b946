"""Dying at every boundary: before and after each commit and each call, with real SIGKILL."""

from typing import Any
from uuid import UUID

import pytest

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


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

    boundaries = killed_at_every_boundary(world, processes, request_for, check)
    assert {"before the commit", "after the commit", "before the call", "after the call"} <= set(
        boundaries
    )


@pytest.mark.deep
@pytest.mark.parametrize(
    "new_customer",
    [False, pytest.param(True, id="new customer: contact effects too")],
)
def test_an_invoice_killed_at_every_boundary_is_raised_once(
    world: World, sandbox: Sandbox, processes: Processes, *, new_customer: bool
) -> None:
    known = world.customer()
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})
    processes.start("events")
    lines_of: dict[str, list[UUID]] = {}

    def request_for(_number: int) -> dict[str, Any]:
        deal, lines = world.deal({}, {}, customer=None if new_customer else known)
        request = world.request("xero_create_invoice", {"portion": "full"}, deal)
        lines_of[str(action_id_for(world.workspace_id, request["id"]))] = lines
        return request

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("xero.invoice.created") == done
        assert sandbox.count("xero.contact.created") == (done if new_customer else 1)
        told = world.rows(
            "SELECT * FROM outbox WHERE subject = :id AND type LIKE 'action.%'", id=str(action_id)
        )
        assert [event.type for event in told] == ["action.succeeded"]
        lines = lines_of[str(action_id)]
        eventually(lambda: world.payment_statuses(*lines) == ["invoiced"] * 2)
        assert not world.rows("SELECT * FROM reservations WHERE released_at IS NULL")

    boundaries = killed_at_every_boundary(world, processes, request_for, check)
    assert boundaries.count("before the call") >= (4 if new_customer else 2)
