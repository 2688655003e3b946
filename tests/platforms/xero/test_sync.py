"""Syncing: what Xero says reaches the snapshots, the ledger, the events; nothing is lost."""

from decimal import Decimal
from uuid import uuid4

from sqlalchemy import text

from domain.contacts import Entity
from domain.payments.status import PaymentStatus
from infra.clock import utc_now
from infra.database import contacts, promotions

SYNC = "xero_sync_invoices"


def raised(office, **params):
    """A deal with one line, invoiced: (deal, line, Xero's invoice id)."""
    deal, (line,) = office.world.deal({})
    done = office.invoice(deal, **params)
    assert done.status == "succeeded", done.error
    return deal, line, done.result["invoice_id"]


def listed(office):
    return [
        r for r in office.requests() if r["method"] == "GET" and r["path"].endswith("/Invoices")
    ]


def consume(office):
    """Do what the events process does with what is told."""
    with office.world.fleet.database.transaction() as tx:
        for event in office.world.events("invoice.promotion_due"):
            if event.consumed_at is None:
                data = event.data
                promotions.apply_promotion(
                    tx,
                    event.event_id,
                    data["deal_product_id"],
                    data["invoice_id"],
                    data["cycle"],
                    PaymentStatus(data["rung"]),
                    utc_now(),
                )
        tx.execute(text("UPDATE outbox SET consumed_at = now()"))


def tell_later(office):
    """A second passes in Xero, so that a change has a later UpdatedDateUTC."""
    office.sandbox.control("POST", "/clock", {"advance_seconds": 5})


def test_a_payment_in_xero_reaches_the_line(office):
    _, line, invoice = raised(office)
    consume(office)
    assert office.world.payment_statuses(line) == ["invoiced"]
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    done = office.act(SYNC)
    counts = {"checked": 1, "changed": 1, "promoted": 1, "skipped": 0, "unreadable": 0}
    assert {name: done.result[name] for name in counts} == counts
    assert (done.result["calls"], done.result["finished"]) == (1, True)
    assert done.result["bytes_decoded"] >= done.result["bytes"] > 0
    assert 0 < done.result["cpu_seconds"] < 1
    (row,) = office.rows("SELECT * FROM invoices")
    assert (row.status, row.amount_due, row.amount_paid) == ("PAID", 0, Decimal("110.00"))
    (event,) = office.world.events("invoice.status_changed")
    assert (event.data["before"], event.data["after"]) == ("AUTHORISED", "PAID")
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]
    (synced,) = office.world.events("invoice.synced")
    told = {name: value for name, value in done.result.items() if name != "finished"}
    assert synced.data == told | {"integration_id": str(office.world.xero)}
    effect, *_ = office.rows("SELECT outcome FROM effects WHERE name = 'xero.sync_page'")
    assert "invoices" not in effect.outcome["result"]  # a page is booked, not kept


def test_a_second_sync_asks_for_little_and_changes_nothing(office):
    raised(office)
    office.act(SYNC)
    done = office.act(SYNC)
    assert (done.result["changed"], done.result["promoted"]) == (0, 0)
    assert office.world.events("invoice.status_changed") == []


def test_a_snapshot_is_overwritten_only_by_one_no_older(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE invoices SET updated_utc = now() + interval '1 hour'"))
    assert office.act(SYNC).result["changed"] == 0
    assert office.rows("SELECT status FROM invoices")[0].status == "AUTHORISED"


def test_a_paid_snapshot_that_was_never_promoted_is_promoted_without_being_read(office):
    """Mark as Paid makes the snapshot PAID at once; only the sync moves the lines."""
    _, line, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    office.act(SYNC)
    office.sandbox.control("POST", "/clock", {"advance_seconds": 300})
    raised(office)  # the newest change: the next sync begins after the payment
    office.act(SYNC)
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM outbox"))  # every event is lost
    done = office.act(SYNC)
    assert (done.result["checked"], done.result["changed"]) == (1, 0)
    assert done.result["promoted"] == 2
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]


def test_what_has_nothing_left_to_promote_is_not_asked_again(office):
    _, line, _ = raised(office)
    asked = "SELECT count(*) AS n FROM invoices WHERE promoted IS NULL OR promoted <> :as_of"
    office.act(SYNC)
    assert office.rows(asked, as_of="AUTHORISED/1")[0].n == 1, "nobody has applied it yet"
    consume(office)
    office.act(SYNC)
    assert office.rows(asked, as_of="AUTHORISED/1")[0].n == 0
    with office.world.fleet.database.transaction() as tx:  # as Mark as Paid leaves the snapshot
        tx.execute(text("UPDATE invoices SET status = 'PAID', amount_due = 0"))
        tx.execute(text("UPDATE invoices SET updated_utc = now() + interval '1 minute'"))
    assert office.act(SYNC).result["promoted"] == 1
    consume(office)
    assert office.world.payment_statuses(line) == ["paid"]
    office.act(SYNC)
    assert office.rows(asked, as_of="PAID/1")[0].n == 0


def test_promotions_already_told_are_not_told_again(office):
    raised(office)
    for _ in range(2):
        assert office.act(SYNC).result["promoted"] == 0
    assert len(office.world.events("invoice.promotion_due")) == 1
    with office.world.fleet.database.transaction() as tx:  # a day old: taken for lost
        tx.execute(text("UPDATE outbox SET created_at = created_at - interval '25 hours'"))
    assert office.act(SYNC).result["promoted"] == 1


def test_a_removed_payment_ends_the_cycle_and_lowers_nothing(office):
    _, line, invoice = raised(office)
    for step in ("pay", "unpay", "pay"):
        tell_later(office)
        office.person(f"invoices/{invoice}/{step}")
        office.act(SYNC)
        consume(office)
        assert office.world.payment_statuses(line) == ["paid"]
        if step == "unpay":
            (ended,) = office.world.events("invoice.cycle_ended")
            assert (ended.data["before"], ended.data["cycle"]) == ("PAID", 2)
            with office.world.fleet.database.transaction() as tx:
                promotions.set_by_person(tx, line, PaymentStatus.PAID, "sam", utc_now())
    rungs = office.rows("SELECT cycle, rung FROM promotions ORDER BY cycle, rung")
    assert [tuple(r) for r in rungs] == [
        (1, "deposit_invoiced"),
        (1, "invoiced"),
        (1, "paid"),
        (2, "deposit_invoiced"),
        (2, "invoiced"),
        (2, "paid"),
    ]
    notes = office.rows("SELECT * FROM payment_status_history WHERE reason LIKE 'a payment was%'")
    assert [(n.before, n.after) for n in notes] == [("paid", "paid")]


def test_a_void_invoice_promotes_nothing_and_frees_its_money(office):
    deal, line, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/void")
    assert office.act(SYNC).result["promoted"] == 0
    again = office.invoice(deal, deal_product_ids=[str(line)])
    assert again.result["lines"][0]["over_invoiced_by"] == "0.00"


def test_an_invoice_raised_in_xero_is_kept_for_a_linked_contact_and_promotes_nothing(office):
    _, _, _ = raised(office)
    (row,) = office.rows("SELECT contact_id FROM invoices")
    known = {"Contact": {"ContactID": row.contact_id}, "Date": "2026-11-01", "Type": "ACCREC"}
    line = {"Description": "By hand", "Quantity": 1, "UnitAmount": 50, "AccountCode": "200"}
    tell_later(office)
    office.person("invoices", **known, LineItems=[line], Status="AUTHORISED", DueDate="2026-12-01")
    stranger = office.person("contacts", Name="Nobody of ours")
    elsewhere = known | {"Contact": {"ContactID": stranger["ContactID"]}}
    office.person(
        "invoices", **elsewhere, LineItems=[line], Status="AUTHORISED", DueDate="2026-12-01"
    )
    done = office.act(SYNC)
    assert (done.result["checked"], done.result["skipped"], done.result["promoted"]) == (3, 2, 0)
    found = office.rows("SELECT origin, deal_id, raised_as, total FROM invoices ORDER BY total")
    assert [r.origin for r in found] == ["xero", "fleet"]
    assert (found[0].deal_id, found[0].raised_as) == (None, None)


def test_a_deal_is_synced_by_its_invoices_and_its_linked_contacts(office):
    deal, _, invoice = raised(office)
    raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    before = len(listed(office))
    done = office.act(SYNC, deal)
    assert (done.result["calls"], done.result["promoted"]) == (2, 1)
    by_id, by_contact = listed(office)[before:]
    assert f"IDs={invoice}" in by_id["query"]
    assert "ContactIDs=" in by_contact["query"]
    assert office.rows("SELECT * FROM sync_cursors") == []  # it says nothing of the rest


def test_named_invoices_are_synced_in_one_call(office):
    _, _, invoice = raised(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    done = office.act(SYNC, invoice_ids=[invoice])
    assert (done.result["calls"], done.result["changed"]) == (1, 1)


def test_two_deals_of_one_contact_are_never_mixed_up(office):
    customer = office.world.customer()
    (one, (line_one,)), (two, (line_two,)) = (
        office.world.deal({}, customer=customer),
        office.world.deal({}, customer=customer),
    )
    invoice = office.invoice(one).result["invoice_id"]
    office.invoice(two)
    consume(office)
    tell_later(office)
    office.person(f"invoices/{invoice}/pay")
    office.act(SYNC, two)
    consume(office)
    assert office.world.payment_statuses(line_one, line_two) == ["paid", "invoiced"]
    assert office.sandbox.count("xero.contact.created") == 1


def test_a_deals_own_link_counts_for_its_sync(office):
    deal, _ = office.world.deal({})
    with office.world.fleet.database.transaction() as tx:
        contact_id = str(uuid4())
        contacts.link(tx, office.world.xero, Entity.DEAL, deal, contact_id, by="sam", now=utc_now())
    office.act(SYNC, deal)
    assert contact_id in listed(office)[-1]["query"]
