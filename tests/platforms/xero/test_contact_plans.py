"""Contacts end to end: found, created, linked, followed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from domain.contacts import Entity
from infra.clock import utc_now
from infra.database import contacts
from infra.envelope import Refused
from workers.execute import execute

CREATED = "xero.contact.created"
NAME, EMAIL = "Brightside Dental", "ap@brightside.test"


@pytest.fixture
def deal(office):
    return office.world.deal({}, customer=office.world.customer(NAME, EMAIL))[0]


def links(office):
    rows = office.rows("SELECT entity, platform_contact_id, linked_by FROM contact_links")
    return [tuple(row) for row in rows]


def test_a_new_customer_is_created_once_and_linked(office, deal):
    first = office.act("xero_create_contact", deal)
    assert (first.status, first.result["how"]) == ("succeeded", "created")
    again = office.act("xero_create_contact", deal)
    assert (again.result["contact_id"], again.result["how"]) == (
        first.result["contact_id"],
        "linked",
    )
    assert office.sandbox.count(CREATED) == 1
    assert links(office) == [("customer", first.result["contact_id"], "fleet")]


@pytest.mark.parametrize(
    ("there", "how"),
    [
        ({"Name": "B. Dental", "EmailAddress": "AP@brightside.test"}, "email"),
        ({"Name": NAME}, "name"),
    ],
)
def test_a_contact_that_is_there_is_adopted_and_linked(office, deal, there, how):
    known = office.person("contacts", **there)
    done = office.act("xero_create_contact", deal)
    assert (done.result["contact_id"], done.result["how"]) == (known["ContactID"], how)
    assert links(office) == [("customer", known["ContactID"], "fleet")]
    assert office.sandbox.count(CREATED) == 0


def test_quotes_in_a_name_do_not_break_the_filter(office):
    name = 'A "B" \\ & Co'
    known = office.person("contacts", Name=name)
    deal, _ = office.world.deal({}, customer=office.world.customer(name, ""))
    assert office.act("xero_create_contact", deal).result["contact_id"] == known["ContactID"]


def test_a_namesake_with_another_email_gets_us_a_short_id(office, deal):
    office.person("contacts", Name=NAME, EmailAddress="else@where.test")
    done = office.act("xero_create_contact", deal)
    assert done.result["name"].startswith(f"{NAME} (")


def test_several_email_matches_are_listed(office, deal):
    for name in ("One", "Two"):
        office.person("contacts", Name=name, EmailAddress=EMAIL)
    done = office.act("xero_create_contact", deal)
    assert (done.status, done.error["code"]) == ("rejected", "contact_unclear")
    assert "One" in done.error["message"]
    assert "Two" in done.error["message"]


def test_two_invoices_for_one_new_customer_at_once_make_one_contact(office):
    world, customer = office.world, office.world.customer(NAME, EMAIL)
    ids = [world.invoice(world.deal({}, customer=customer)[0]) for _ in range(2)]
    for method in ("GET", "GET"):
        office.sandbox.fault("xero", "latency", method=method, path="/Contacts$", seconds=0.2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: execute(world.fleet, one), ids))
    rows = [office.carry_on(one) for one in ids]
    assert [row.status for row in rows] == ["succeeded", "succeeded"], [row.error for row in rows]
    assert office.sandbox.count(CREATED) == 1
    assert len({row.result["contact_id"] for row in rows}) == 1


def test_a_name_refused_by_xero_is_read_and_adopted(office, deal):
    """The namesake appears between our look and our creation."""
    world = office.world
    action = world.submit(world.request("xero_create_contact", {}, deal))
    office.sandbox.fault("xero", "hold_before_commit", method="PUT", path="/Contacts", seconds=3)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(execute, world.fleet, action)
        while not office.sandbox.control("GET", "/held")["held"]:
            pass
        rival = office.person("contacts", Name=NAME)
        office.sandbox.control("POST", "/held/release", {})
        running.result()
    done = office.carry_on(action)
    assert (done.result["contact_id"], done.result["how"]) == (rival["ContactID"], "name")


@pytest.mark.parametrize("fault", ["drop_after_commit", "status_after_commit"])
def test_a_contact_whose_answer_was_lost_is_found_by_its_number(office, deal, fault):
    office.sandbox.fault("xero", fault, method="PUT", path="/Contacts")
    done = office.act("xero_create_contact", deal)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 1


def test_a_deals_own_link_outranks_the_customers(office, deal):
    chosen = office.person("contacts", Name="Head office")
    office.act("xero_create_contact", deal)
    with office.world.fleet.database.transaction() as tx:
        contacts.link(
            tx, office.world.xero, Entity.DEAL, deal, chosen["ContactID"], by="sam", now=utc_now()
        )
    done = office.invoice(deal)
    assert done.result["contact_id"] == chosen["ContactID"]


def test_with_a_due_date_a_linked_contact_costs_no_read(office, deal):
    office.act("xero_create_contact", deal)
    before = len(office.paths())
    office.invoice(deal, due_date="2031-01-31")
    assert [p.split("/")[1] for p in office.paths()[before:]] == [
        "Organisation",
        "Invoices",
        "Invoices",
    ]


def test_a_merged_contact_is_followed_when_the_invoice_is_refused(office, deal):
    old = office.act("xero_create_contact", deal).result["contact_id"]
    new = office.person("contacts", Name="The other one")["ContactID"]
    office.person(f"contacts/{old}/merge", into=new)
    done = office.invoice(deal, due_date="2031-01-31")
    assert done.status == "succeeded", done.error
    assert done.result["contact_id"] == new
    assert ("customer", new, "fleet") in links(office)
    assert office.rows("SELECT * FROM reservations WHERE released_at IS NULL") == []


def test_an_archived_contact_is_refused_with_what_to_do(office, deal):
    old = office.act("xero_create_contact", deal).result["contact_id"]
    office.person(f"contacts/{old}/archive")
    done = office.invoice(deal, due_date="2031-01-31")
    assert done.status == "rejected"
    assert "archived" in done.error["message"]
    assert "link" in done.error["message"]
    assert office.sandbox.count("xero.invoice.created") == 0


def test_an_explicit_contact_of_ours_needs_no_deal(office):
    person = office.world.contact()
    done = office.act("xero_create_contact", contact_id=str(person))
    assert done.result["name"] == "Sam Lee"
    assert links(office)[0][0] == "contact"


def test_whom_to_create_must_be_said_and_be_ours(office):
    for params, field in (
        ({}, "data.deal.id"),
        ({"customer_id": "00000000-0000-4000-8000-000000000009"}, "params.customer_id"),
    ):
        with pytest.raises(Refused) as refused:
            office.act("xero_create_contact", **params)
        assert [p.field for p in refused.value.problems] == [field]


def test_a_deal_with_nobody_is_refused_at_intake(office, deal):
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE crm_deals SET customer_id = NULL"))
    with pytest.raises(Refused, match="neither a customer nor a primary contact"):
        office.invoice(deal)
