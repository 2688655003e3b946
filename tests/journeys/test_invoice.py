"""An invoice from the queue to `paid`, through every process, and what must never go wrong."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = pytest.mark.processes
CREATED = "xero.invoice.created"
CONTACT = "xero.contact.created"


def _pay(sandbox: Sandbox, invoice_id: str) -> None:
    sandbox.control("POST", f"/xero/invoices/{invoice_id}/pay", {})


def _sync(world: World, deal_id: UUID | None = None) -> UUID:
    return world.submit(world.request("xero_sync_invoices", {}, deal_id))


def test_from_the_queue_to_paid(world: World, sandbox: Sandbox, running: Processes) -> None:
    customer = world.customer("Harbour Cafe", "pay@harbour.test")
    deal, lines = world.deal({}, {"unit_price": Decimal("49.95")}, customer=customer)
    _, other_lines = world.deal({}, customer=customer)

    request = world.request("xero_create_invoice", {"portion": "full"}, deal)
    send_celery(world.fleet.settings, [request])
    action_id = action_id_for(world.workspace_id, request["id"])
    eventually(lambda: world.rows("SELECT 1 FROM actions WHERE id = :id", id=action_id))
    assert world.ended(action_id) == ["succeeded"]
    result = world.action(action_id).result
    assert (result["status"], Decimal(str(result["total"]))) == ("AUTHORISED", Decimal("164.95"))
    eventually(lambda: world.payment_statuses(*lines) == ["invoiced", "invoiced"])

    _pay(sandbox, result["invoice_id"])
    synced = _sync(world)
    assert world.ended(synced) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["paid", "paid"])
    assert world.payment_statuses(*other_lines) == ["unpaid"], "same contact, other deal"
    assert (sandbox.count(CREATED), sandbox.count(CONTACT)) == (1, 1)
    steps = [r.after for r in world.rows("SELECT * FROM payment_status_history ORDER BY id")]
    assert steps == ["invoiced", "invoiced", "paid", "paid"]
    sequences = [
        row.sequence
        for row in world.rows("SELECT sequence FROM outbox WHERE deal_id = :d ORDER BY id", d=deal)
    ]
    assert sequences == list(range(1, len(sequences) + 1)), "gapless per deal"


def test_deposit_then_balance_bill_the_whole_and_no_cent_more(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    deal, lines = world.deal(
        {"unit_price": Decimal("333.33"), "quantity": Decimal("1.5"), "discount_percent": 5},
        {"unit_price": Decimal("99.99"), "deposit_percent": Decimal("33.33")},
    )
    deposit = world.invoice(deal, portion="deposit")
    assert world.ended(deposit) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["deposit_invoiced"] * 2)
    balance = world.invoice(deal, portion="balance")
    assert world.ended(balance) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["invoiced"] * 2)
    (billed,) = world.rows("SELECT sum(amount) AS sum FROM invoice_lines")
    assert billed.sum == Decimal("475.00") + Decimal("99.99")
    assert sandbox.count(CREATED) == 2


def test_two_balances_at_once_bill_the_rest_once(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    deal, lines = world.deal({}, {})
    assert world.ended(world.invoice(deal, portion="deposit")) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["deposit_invoiced"] * 2)
    sandbox.fault("xero", "latency", method="PUT", path="/Invoices", seconds=0.5, times=2)
    both = [world.invoice(deal, portion="balance") for _ in range(2)]
    assert sorted(world.ended(*both)) == ["rejected", "succeeded"]
    assert sandbox.count(CREATED) == 2
    (billed,) = world.rows("SELECT sum(amount) AS sum FROM invoice_lines")
    assert billed.sum == Decimal(200)


def test_a_balance_while_the_deposits_outcome_is_unknown_never_bills_twice(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    deal, lines = world.deal({})
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'deposit_invoiced'"))
    # Committed, then a 500: cached under the key, so it can only be looked up; and that is down.
    sandbox.fault("xero", "status_after_commit", method="PUT", path="/Invoices", status=500)
    sandbox.fault("xero", "status", method="GET", path="/Invoices", status=503, times=None)
    deposit = world.invoice(deal, portion="deposit", deal_product_ids=[str(lines[0])])
    eventually(lambda: world.status(deposit) == "reconciling")
    assert sandbox.count(CREATED) == 1
    balance = world.invoice(deal, portion="balance")
    assert world.ended(balance) == ["succeeded"]
    sandbox.control("DELETE", "/faults")
    assert world.ended(deposit) == ["succeeded"]
    assert sandbox.count(CREATED) == 2
    (billed,) = world.rows("SELECT sum(amount) AS sum FROM invoice_lines")
    assert billed.sum == Decimal(100)


def test_twenty_invoices_at_once_for_one_new_customer_make_one_contact(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    customer = world.customer("Brand New Pty Ltd", "new@brand.test")
    deals = [world.deal({}, customer=customer)[0] for _ in range(20)]
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})
    actions = [world.invoice(deal) for deal in deals]
    assert set(world.ended(*actions, seconds=60)) == {"succeeded"}
    assert (sandbox.count(CREATED), sandbox.count(CONTACT)) == (20, 1)


def test_a_snapshot_already_paid_is_still_promoted_by_the_sync(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    deal, lines = world.deal({})
    action_id = world.invoice(deal)
    assert world.ended(action_id) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["invoiced"])
    _pay(sandbox, world.action(action_id).result["invoice_id"])
    assert world.ended(_sync(world)) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["paid"])
    # As after a Mark as Paid whose snapshot was updated at once: PAID here, never promoted.
    with world.fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM promotions WHERE rung = 'paid'"))
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'invoiced'"))
        tx.execute(text("DELETE FROM outbox"))
    assert world.ended(_sync(world)) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["paid"])


def test_a_paid_invoice_whose_payment_is_deleted_starts_a_new_cycle(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    deal, lines = world.deal({})
    action_id = world.invoice(deal)
    assert world.ended(action_id) == ["succeeded"]
    invoice_id = world.action(action_id).result["invoice_id"]
    _pay(sandbox, invoice_id)
    assert world.ended(_sync(world)) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["paid"])
    sandbox.control("POST", f"/xero/invoices/{invoice_id}/unpay", {})
    assert world.ended(_sync(world)) == ["succeeded"]
    assert world.payment_statuses(*lines) == ["paid"], "never lowered by the fleet"
    assert len(world.events("invoice.cycle_ended")) == 1
    with world.fleet.database.transaction() as tx:  # a person corrects it
        tx.execute(text("UPDATE crm_deal_products SET payment_status = 'unpaid'"))
    assert world.ended(_sync(world)) == ["succeeded"]
    assert world.payment_statuses(*lines) == ["unpaid"], "the correction survives the sync"
    _pay(sandbox, invoice_id)
    assert world.ended(_sync(world)) == ["succeeded"]
    eventually(lambda: world.payment_statuses(*lines) == ["paid"])
