"""Contacts, emails by Xero and syncs, their processes killed at every boundary."""

from typing import Any
from uuid import UUID

import pytest

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]


def ends_once(world: World, action_id: UUID) -> None:
    told = world.rows(
        "SELECT type FROM outbox WHERE subject = :id AND type LIKE 'action.%'", id=str(action_id)
    )
    assert [event.type for event in told] == ["action.succeeded"]


def test_a_contact_killed_at_every_boundary_is_created_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    def request_for(number: int) -> dict[str, Any]:
        customer = world.customer(f"Customer {number}", f"c{number}@crash.test")
        return world.request("xero_create_contact", {"customer_id": str(customer)})

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("xero.contact.created") == done
        ends_once(world, action_id)

    boundaries = killed_at_every_boundary(world, processes, request_for, check)
    assert boundaries.count("before the call") >= 3


def raised(world: World, customer: UUID) -> tuple[str, list[UUID]]:
    """An invoice in Xero, and the products on it."""
    deal, lines = world.deal({}, customer=customer)
    (status,) = world.ended(action := world.invoice(deal))
    assert status == "succeeded"
    return world.action(action).result["invoice_id"], lines


def test_an_email_by_xero_killed_at_every_boundary_is_sent_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    customer = world.customer()

    def request_for(_number: int) -> dict[str, Any]:
        invoice_id, _ = raised(world, customer)
        return world.request("xero_email_invoice", {"invoice_id": invoice_id})

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count("xero.invoice.emailed") == done
        ends_once(world, action_id)

    assert "before the call" in killed_at_every_boundary(world, processes, request_for, check)


def test_a_sync_killed_at_every_boundary_promotes_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    processes.start("events")
    customer = world.customer()
    lines_of: dict[str, list[UUID]] = {}

    def request_for(_number: int) -> dict[str, Any]:
        invoice_id, lines = raised(world, customer)
        sandbox.control("POST", f"/xero/invoices/{invoice_id}/pay", {})
        request = world.request("xero_sync_invoices", {"invoice_ids": [invoice_id]})
        lines_of[str(action_id_for(world.workspace_id, str(request["id"])))] = lines
        return request

    def check(action_id: UUID, _done: int) -> None:
        ends_once(world, action_id)
        (line,) = lines_of[str(action_id)]
        eventually(lambda: world.payment_statuses(line) == ["paid"])
        history = world.rows(
            "SELECT after FROM payment_status_history WHERE deal_product_id = :line ORDER BY id",
            line=line,
        )
        assert [row.after for row in history] == ["invoiced", "paid"]

    assert "before the call" in killed_at_every_boundary(world, processes, request_for, check)
