"""What happened in Xero before we looked: read once, by the way that costs fewer calls."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.contacts import Entity
from infra.clock import utc_now
from infra.database import contacts
from infra.platforms.xero import seeking, sync, sync_cursor, sync_pages
from tests.platforms.xero.test_sync import SYNC, listed, raised, tell_later
from workers.attempt import perform
from workers.execute import begin, conclude_each


def linked(office, *names, invoices=1, days=300):
    """Contacts with a past in Xero, each linked to a customer of ours an hour ago."""
    found = []
    for name in names:
        contact = office.person("contacts", Name=name)["ContactID"]
        office.person("invoices/bulk", contact=contact, count=invoices, days=days)
        link(office, contact)
        found.append(contact)
    return found


def link(office, contact, ago=timedelta(hours=1)):
    with office.world.fleet.database.transaction() as tx:
        of = (tx, office.world.xero, Entity.CUSTOMER, uuid4(), contact)
        contacts.link(*of, by="sam", now=utc_now() - ago)


def stored(office):
    return office.rows("SELECT count(*) AS n FROM invoices")[0].n


def unread(office):
    with office.world.fleet.database.transaction() as tx:
        return contacts.unread(tx, office.world.xero)


def test_what_concerns_no_linked_contact_is_not_even_read(office):
    contact = office.person("contacts", Name="Nobody of ours")["ContactID"]
    office.person("invoices/bulk", contact=contact, count=3000, days=700)
    done = office.act(SYNC)
    assert (done.result["calls"], done.result["finished"]) == (1, True)
    assert done.result["checked"] < 100, "the last day's alone"
    assert stored(office) == 0


def test_the_past_of_linked_contacts_is_read_once(office):
    linked(office, "One", "Two", invoices=5)
    assert office.act(SYNC).result["calls"] == 2
    assert (stored(office), unread(office)) == (10, [])
    assert office.act(SYNC).result["calls"] == 1


def test_a_contact_linked_after_its_invoices_were_passed_over_gets_them(office):
    contact = office.person("contacts", Name="Late")["ContactID"]
    raised(office)
    tell_later(office)
    office.person("invoices/bulk", contact=contact, count=3, days=0.001)
    office.act(SYNC)
    assert stored(office) == 1
    tell_later(office)
    link(office, contact, ago=timedelta(0))
    office.act(SYNC)
    assert (stored(office), unread(office)) == (4, [])


def test_a_link_to_another_contact_has_a_past_of_its_own(office):
    _, _, _ = raised(office)
    office.act(SYNC)
    (row,) = office.rows("SELECT entity, entity_id FROM contact_links")
    other = office.person("contacts", Name="Other")["ContactID"]
    office.person("invoices/bulk", contact=other, count=2, days=100)
    with office.world.fleet.database.transaction() as tx:
        of = (tx, office.world.xero, Entity(row.entity), row.entity_id, other)
        contacts.link(*of, by="sam", now=utc_now())
    assert unread(office) == [other]
    office.act(SYNC)
    assert stored(office) == 3


def test_a_contact_we_created_a_moment_ago_has_no_past(office):
    raised(office)
    assert unread(office) == []


def test_a_contact_created_while_a_sync_is_half_way_is_read(office):
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text("INSERT INTO sync_cursors (integration_id, state) VALUES (:i, '{\"seek\": {}}')"),
            {"i": office.world.xero},
        )
    raised(office)
    assert len(unread(office)) == 1


@pytest.fixture
def few(monkeypatch):
    """Limits so small that a few rows reach them."""
    monkeypatch.setattr(seeking, "PAGE_SIZE", 10)
    monkeypatch.setattr(sync_cursor, "PAGE_SIZE", 10)
    monkeypatch.setattr(seeking, "OVERLAP_ROWS", 1)
    monkeypatch.setattr(sync_pages, "IDS_PER_CALL", 2)
    monkeypatch.setattr(sync_cursor, "HISTORY_CONTACTS_MIN", 2)
    monkeypatch.setattr(sync_cursor, "HISTORY_PAGES_MIN", 4)


def test_with_many_linked_contacts_everything_is_read_once_instead(office, few):
    linked(office, "A", "B", "C", "D", "E", invoices=7)
    done = office.act(SYNC)
    assert done.result["finished"]
    assert not any("ContactIDs" in one["query"] for one in listed(office))
    assert (stored(office), unread(office)) == (35, [])
    assert done.result["calls"] <= 6
    assert office.act(SYNC).result["calls"] <= 2


def test_a_history_too_long_to_read_is_read_by_contact(office, few):
    linked(office, "A", "B", "C", invoices=2)
    contact = office.person("contacts", Name="Nobody of ours")["ContactID"]
    office.person("invoices/bulk", contact=contact, count=100, days=700)
    done = office.act(SYNC)
    assert done.result["finished"]
    assert (stored(office), unread(office)) == (6, [])
    assert done.result["calls"] <= 6, "one to see how long it is, the last day, two by contact"
    (cursor,) = office.rows("SELECT * FROM sync_cursors")
    assert cursor.state == {}


def test_a_sync_that_reaches_its_limit_is_gone_on_with_from_there(office, few, monkeypatch):
    monkeypatch.setattr(sync, "PAGES_MAX", 2)
    linked(office, "A", "B", "C", "D", "E", invoices=7)
    results = [office.act(SYNC).result]
    while not results[-1]["finished"]:
        assert len(results) < 9
        results.append(office.act(SYNC).result)
    assert len(results) >= 2
    assert stored(office) == 35
    assert sum(one["calls"] for one in results) <= 7, "nothing is read twice"
    assert len(office.world.events("invoice.synced")) == 1


def test_two_syncs_at_once_lose_nothing_and_both_end(office, few):
    linked(office, "A", "B", "C", "D", "E", invoices=7)
    fleet = office.world.fleet
    actions = [office.world.submit(office.world.request(SYNC, {})) for _ in range(2)]
    tokens = dict.fromkeys(actions)
    for _ in range(30):
        begun = {one: begin(fleet, one, tokens[one]) for one in actions}
        for one, attempts in begun.items():
            if attempts:
                tokens[one] = conclude_each(fleet, attempts, perform(fleet, attempts))
    assert [office.world.status(one) for one in actions] == ["succeeded"] * 2
    assert (stored(office), unread(office)) == (35, [])
