"""Editing, voiding and paying invoices, killed at every boundary: each happens exactly once."""

from typing import Any
from uuid import UUID

import pytest

from infra.sandbox import seed
from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(400)]

Edit = tuple[str, dict[str, Any], str]
"""An action type, its params beside the invoice, and the effect it has in Xero."""

UPDATE: Edit = (
    "xero_update_invoice",
    {"due_date": "2031-02-28", "reference": "PO 9"},
    "invoice.updated",
)
VOID: Edit = ("xero_void_invoice", {}, "invoice.voided")
PAYMENT: Edit = (
    "xero_record_payment",
    {"bank_account_id": seed.BANK_ACCOUNT, "amount": "60.00", "date": "2026-11-01"},
    "payment.created",
)


def killed(world: World, sandbox: Sandbox, processes: Processes, edit: Edit) -> list[str]:
    """Kill one action of this kind at each boundary; every one has an invoice of its own."""
    action_type, params, effect = edit
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})
    customer = world.customer()

    def request_for(_number: int) -> dict[str, Any]:
        deal, _ = world.deal({}, customer=customer)
        raised = world.invoice(deal)
        assert world.ended(raised) == ["succeeded"]
        sandbox.control("POST", "/clock", {"advance_seconds": 5})  # what follows is newer
        invoice_id = world.action(raised).result["invoice_id"]
        return world.request(action_type, {"invoice_id": invoice_id, **params}, deal)

    def check(action_id: UUID, done: int) -> None:
        assert sandbox.count(f"xero.{effect}") == done
        done_action = world.action(action_id)
        invoice_id = done_action.params["invoice_id"]
        (row,) = world.rows("SELECT * FROM invoices WHERE platform_invoice_id = :i", i=invoice_id)
        (there,) = [
            one
            for one in sandbox.control("GET", "/xero/invoices")["invoices"]
            if one["InvoiceID"] == invoice_id
        ]
        assert (row.status, float(row.amount_due)) == (there["Status"], float(there["AmountDue"]))
        assert row.reference == there.get("Reference")
        assert done_action.result["status"] == row.status
        told = world.rows(
            "SELECT type FROM outbox WHERE subject = :id AND type LIKE 'action.%'",
            id=str(action_id),
        )
        assert [event.type for event in told] == ["action.succeeded"]
        assert len(world.events("payment.recorded")) == (done if "payment" in effect else 0)

    return killed_at_every_boundary(world, processes, request_for, check)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(UPDATE, id="update"),
        pytest.param(VOID, id="void"),
        pytest.param(PAYMENT, id="payment"),
    ],
)
def test_an_edit_killed_at_every_boundary_happens_once(
    world: World, sandbox: Sandbox, processes: Processes, edit: Edit
) -> None:
    assert killed(world, sandbox, processes, edit).count("before the call") == 1


def test_a_payment_of_what_is_due_killed_at_every_boundary_is_made_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    """With the read of what is due; bank accounts and organisation are known by then."""
    edit = (PAYMENT[0], {"bank_account_id": seed.BANK_ACCOUNT}, PAYMENT[2])
    assert killed(world, sandbox, processes, edit).count("before the call") == 2
