"""An invoice and its branded email through real processes: one of each, whatever dies."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.crashes import killed_at_every_boundary
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
CREATED, CONTACT = "xero.invoice.created", "xero.contact.created"
SENT = "postmark.message.sent"


def _requests(world: World, params: dict[str, Any]) -> Callable[[int], dict[str, Any]]:
    """Requests for invoices of one customer, each with a deal of its own."""
    customer, contact = world.customer(), world.contact()

    def request_for(_number: int) -> dict[str, Any]:
        deal, _ = world.deal({}, {}, customer=customer, contact=contact)
        return world.request("xero_create_invoice", params, deal)

    return request_for


def _settle_sooner(world: World) -> Callable[[], None]:
    """Make the minute short after which Postmark's index is believed."""

    def hasten() -> None:
        with world.fleet.database.transaction() as tx:
            tx.execute(
                text(
                    "UPDATE effects SET last_send_by = now() - interval '1 hour'"
                    " WHERE name LIKE 'postmark.%' AND state = 'unknown' AND NOT in_flight"
                )
            )
            tx.execute(
                text(
                    "UPDATE actions SET due_at = now() WHERE status = 'reconciling'"
                    " AND due_at > now() + interval '3 s' AND lease_owner IS NULL"
                )
            )

    return hasten


@pytest.mark.deep
@pytest.mark.parametrize(
    ("mode", "sent"),
    [
        ("trustpager", SENT),
        ("xero", "xero.invoice.emailed"),
    ],
)
def test_an_emailed_invoice_killed_at_every_boundary_is_raised_once_and_emailed_once(
    world: World,
    sandbox: Sandbox,
    processes: Processes,
    mode: str,
    sent: str,
) -> None:
    world.add_postmark()
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})

    def check(action_id: UUID, done: int) -> None:
        assert world.action(action_id).result["email"]["outcome"] == "sent"
        assert (sandbox.count(CREATED), sandbox.count(sent)) == (done, done)
        assert sandbox.count(CONTACT) == 1
        told = world.rows(
            "SELECT * FROM outbox WHERE subject = :id AND type LIKE 'action.%'", id=str(action_id)
        )
        assert [event.type for event in told] == ["action.succeeded"]

    boundaries = killed_at_every_boundary(
        world, processes, _requests(world, {"email_mode": mode}), check, _settle_sooner(world)
    )
    assert boundaries.count("before the call") >= 4


@pytest.mark.parametrize("fault", ["drop_after_commit", "status_after_commit"])
def test_a_lost_answer_of_postmark_is_looked_up_and_one_email_goes_out(
    world: World, sandbox: Sandbox, processes: Processes, fault: str
) -> None:
    world.add_postmark()
    sandbox.fault("postmark", fault, method="POST", path="/email", status=500)
    processes.start("relay", "beat", "xero", "postmark")  # each queue with workers of its own
    action = world.submit(_requests(world, {"email_mode": "trustpager"})(1))
    assert world.ended(action) == ["succeeded"]
    assert world.action(action).result["email"]["outcome"] == "sent"
    assert sandbox.count(SENT) == 1


def test_a_failed_email_leaves_the_invoice_and_the_email_alone_sends_one(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    world.add_postmark()
    sandbox.control("POST", "/postmark/settings", {"error": {"code": 300, "message": "Bad From"}})
    processes.start("relay", "beat", "worker")
    action = world.submit(_requests(world, {"email_mode": "trustpager"})(1))
    assert world.ended(action) == ["succeeded"]
    result = world.action(action).result
    assert (result["email"]["outcome"], result["email"]["why"]) == ("failed", "Postmark: Bad From")
    sandbox.control("POST", "/postmark/settings", {"error": None})
    params = {"invoice_id": result["invoice_id"], "email_mode": "trustpager"}
    alone = world.submit(world.request("xero_email_invoice", params))
    assert world.ended(alone) == ["succeeded"]
    assert (sandbox.count(CREATED), sandbox.count(SENT)) == (1, 1)


def test_a_refused_postmark_token_waits_and_goes_on_when_reconnected(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    postmark = world.add_postmark()
    sandbox.fault("postmark", "revoke_token", method="POST", path="/email")
    processes.start("relay", "beat", "worker")
    action = world.submit(_requests(world, {"email_mode": "trustpager"})(1))
    paused = "SELECT 1 FROM integrations WHERE id = :id AND status = 'error'"
    eventually(lambda: world.rows(paused, id=postmark))
    assert world.status(action) == "waiting"
    assert world.rows(
        "SELECT 1 FROM integrations WHERE id = :id AND status = 'active'", id=world.xero
    )
    sandbox.control("POST", "/tokens/restore", {"platform": "postmark"})
    world.reconnect(postmark)
    assert world.ended(action) == ["succeeded"]
    assert (sandbox.count(CREATED), sandbox.count(SENT)) == (1, 1)
