"""Invoices that carry our mark, seen by a sync: never foreign, never picked silently."""

import pytest
from sqlalchemy import text

from tests.platforms.xero.test_sync import SYNC, raised, tell_later
from workers.execute import execute


def lost(office):
    """An invoice that exists in Xero while its effect does not know: (action, deal)."""
    deal, _ = office.world.deal({})
    office.sandbox.fault("xero", "status_after_commit", method="PUT", path="/Invoices", status=500)
    action = office.world.invoice(deal)
    execute(office.world.fleet, action)
    assert office.world.status(action) == "reconciling"
    return action, deal


def test_an_invoice_with_our_mark_settles_its_effect_and_is_never_foreign(office):
    action, deal = lost(office)
    done = office.act(SYNC)
    assert done.result["skipped"] == 1
    assert office.rows("SELECT * FROM invoices") == []
    assert office.rows("SELECT stated_id FROM effects WHERE name = 'xero.create_invoice'")[0][0]
    ended = office.carry_on(action)
    assert ended.status == "succeeded", ended.error
    (row,) = office.rows("SELECT * FROM invoices")
    assert (row.origin, row.deal_id) == ("fleet", deal)
    assert office.sandbox.count("xero.invoice.created") == 1


def test_of_two_invoices_with_one_mark_none_is_picked_silently(office):
    _, _, other = raised(office)
    action, _ = lost(office)
    (effect,) = office.rows("SELECT id FROM effects WHERE action_id = :a AND name = :n",
                            a=action, n="xero.create_invoice")  # fmt: skip
    office.person(f"invoices/{other}/url", url=f"https://fleet.invalid/i/{effect.id}")
    row = office.carry_on(action, turns=3)
    assert row.status == "reconciling"
    assert row.error["code"] == "several_match"
    assert office.sandbox.count("xero.invoice.created") == 2


@pytest.mark.parametrize("stated", ["00000000-0000-4000-8000-000000000000", "another effect's"])
def test_a_wrong_statement_never_leads_to_a_second_invoice(office, stated):
    _, _, other = raised(office)
    action, _ = lost(office)
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE effects SET stated_id = :id, next_step = 'look_up' WHERE action_id = :a"
                 " AND name = 'xero.create_invoice'"),
            {"id": other if "effect" in stated else stated, "a": action},
        )  # fmt: skip
    row = office.carry_on(action, turns=3)
    assert row.status == "reconciling"
    assert row.error["code"] in {"stated_not_found", "stated_another"}
    assert office.sandbox.count("xero.invoice.created") == 2


def test_a_second_invoice_with_a_settled_effects_mark_is_put_before_a_person(office):
    raised(office)
    (row,) = office.rows("SELECT effect_id, contact_id FROM invoices")
    line = {"Description": "Copy", "Quantity": 1, "UnitAmount": 50, "AccountCode": "200"}
    tell_later(office)
    copy = office.person(
        "invoices", Type="ACCREC", Contact={"ContactID": row.contact_id}, LineItems=[line],
        Status="AUTHORISED", Date="2026-11-01", DueDate="2026-12-01",
        Url=f"https://fleet.invalid/i/{row.effect_id}",
    )  # fmt: skip
    office.act(SYNC)
    (letter,) = office.rows("SELECT * FROM dead_letters")
    assert "mark" in letter.reason
    assert copy["InvoiceID"].encode() in bytes(letter.body)
    assert len(office.rows("SELECT * FROM invoices")) == 1


def pending_again(office, status):
    """The look-up said "not there" too early: a new generation is about to be sent."""
    action, _ = lost(office)
    change(office, "UPDATE effects SET state = 'pending', generation = 2, next_step = 'send'"
           " WHERE state = 'unknown'")  # fmt: skip
    change(office, "UPDATE actions SET status = :s, due_at = now() + interval '1 hour'"
           " WHERE id = :a", s=status, a=action)  # fmt: skip
    return action


def change(office, statement, **values):
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text(statement), values)


@pytest.mark.parametrize("status", ["waiting", "reconciling", "parked"])
def test_an_invoice_the_sync_has_seen_is_not_raised_again(office, status):
    action = pending_again(office, status)
    assert office.act(SYNC).status == "succeeded"
    (effect,) = office.rows("SELECT * FROM effects WHERE name = 'xero.create_invoice'")
    assert (effect.state, effect.next_step, effect.in_flight) == ("unknown", "look_up", False)
    ended = office.carry_on(action)
    assert ended.status == "succeeded", ended.error
    assert office.sandbox.count("xero.invoice.created") == 1
    assert len(office.rows("SELECT * FROM invoices")) == 1


def test_of_an_effect_under_way_the_sync_only_notes_the_id(office):
    action = pending_again(office, "waiting")
    change(office, "UPDATE actions SET lease_owner = gen_random_uuid() WHERE id = :a", a=action)
    assert office.act(SYNC).status == "succeeded"
    (effect,) = office.rows("SELECT * FROM effects WHERE name = 'xero.create_invoice'")
    assert (effect.state, effect.next_step) == ("pending", "send")
    assert effect.stated_id is not None
    assert office.world.status(action) == "waiting"


def test_an_action_that_is_locked_does_not_hold_up_the_sync(office):
    action = pending_again(office, "waiting")
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("SELECT 1 FROM actions WHERE id = :a FOR UPDATE"), {"a": action})
        assert office.act(SYNC).status == "succeeded"
    (effect,) = office.rows("SELECT * FROM effects WHERE name = 'xero.create_invoice'")
    assert (effect.state, effect.stated_id is None) == ("pending", False)
