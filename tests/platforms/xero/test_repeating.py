"""Setting up repeating invoices end to end: request, plan, calls to the sandbox, booking."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import urllib3
from sqlalchemy import insert, text

from domain.invoices.schedule import months_after
from infra.database import repeating as stored
from infra.database.tables import CrmProduct
from infra.envelope import Refused
from infra.platforms.xero import repeating
from infra.sandbox import seed
from workers.execute import execute

CREATED = "xero.repeating.created"
EFFECT = "xero.create_repeating_invoice"
A = str(uuid4())


@pytest.fixture
def contact(office) -> str:
    """A contact that Xero knows; returns Xero's id of it."""
    told = office.person("contacts", Name="Harbour Freight", EmailAddress="ap@harbour.test")
    return str(told["ContactID"])


@pytest.fixture
def set_up(office, contact):
    """Ask for a template and carry it on to its end."""

    def ask(deal=None, **params):
        return office.act("xero_create_repeating_invoice", deal, **wished(contact, **params))

    return ask


def wished(contact, **params):
    known = {
        "contact_id": contact,
        "schedule_period": 1,
        "schedule_unit": "MONTHLY",
        "account_code": "200",
        "tax_type": "OUTPUT",
    }
    return {name: value for name, value in (known | params).items() if value is not None}


def problems(office, deal=None, **params):
    with pytest.raises(Refused) as told:
        office.world.submit(office.world.request("xero_create_repeating_invoice", params, deal))
    return {one.field: one.problem for one in told.value.problems}


def catalogue(office, **values) -> UUID:
    product_id = uuid4()
    row = {"name": "Hosting", "unit_price": Decimal("320.00"), "category": "Recurring"} | values
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            insert(CrmProduct).values(id=product_id, workspace_id=office.world.workspace_id, **row)
        )
    return product_id


def element(office, done):
    (sent,) = office.body(done.id, EFFECT)["RepeatingInvoices"]
    return sent


def today(office) -> date:
    (row,) = office.rows("SELECT (now() AT TIME ZONE 'Australia/Sydney')::date AS day")
    day: date = row.day
    return day


def test_a_template_is_set_up_and_booked(office, contact, set_up):
    deal, (one, two) = office.world.deal({}, {"quantity": Decimal(3)})
    done = set_up(deal, deal_product_ids=[str(one), str(two)], reference="Hosting [Month]")
    assert done.status == "succeeded", done.error
    first = months_after(today(office), 1).isoformat()
    told = done.result
    assert told["next_date"] == told["schedule"]["starts_on"] == first
    assert (told["status"], told["subtotal"], told["total"]) == ("AUTHORISED", "400.00", "440.00")
    assert (told["approve_for_sending"], told["skipped"], told["contact_id"]) == (True, [], contact)
    assert told["schedule"]["often"] == "every month"
    assert office.paths() == [
        "GET /Organisation",
        "GET /RepeatingInvoices",
        "PUT /RepeatingInvoices",
    ]
    (row,) = office.rows("SELECT * FROM repeating_invoices")
    assert row.platform_template_id == told["repeating_invoice_id"]
    assert (row.deal_id, row.contact_id, row.reference) == (deal, contact, "Hosting [Month]")
    assert (row.next_date.isoformat(), row.subtotal, row.total) == (first, 400, 440)
    with office.world.fleet.database.reading() as tx:
        ids = [row.platform_template_id]
        template = stored.find(tx, office.world.xero, ids)[row.platform_template_id]
    assert [(line.deal_product_id, line.amount) for line in template.lines] == [
        (one, Decimal("100.00")),
        (two, Decimal("300.00")),
    ]
    (event,) = office.world.events("repeating_invoice.created")
    assert event.data["platform_repeating_invoice_id"] == told["repeating_invoice_id"]
    assert (event.deal_id, event.subject) == (deal, str(row.id))


def test_what_goes_out_is_whole(office, contact, set_up):
    deal, (one,) = office.world.deal({"discount_percent": Decimal(10)})
    sent = element(office, set_up(deal, deal_product_ids=[str(one)]))
    assert sent["Contact"] == {"ContactID": contact}
    assert (sent["Type"], sent["Status"]) == ("ACCREC", "AUTHORISED")
    assert (sent["ApprovedForSending"], sent["MarkAsSent"]) == (True, False)
    schedule = sent["Schedule"]
    assert "NextScheduledDate" not in schedule
    assert (schedule["DueDate"], schedule["DueDateType"]) == (14, "DAYSAFTERBILLDATE")
    assert sent["LineItems"] == [
        {
            "Description": "Line 1",
            "Quantity": 1,
            "UnitAmount": 100,
            "AccountCode": "200",
            "TaxType": "OUTPUT",
            "DiscountRate": 10,
        }
    ]


def test_a_year_is_twelve_months_and_due_dates_may_be_chosen(office, set_up):
    deal, (one,) = office.world.deal({})
    done = set_up(
        deal,
        deal_product_ids=[str(one)],
        schedule_unit="YEARLY",
        schedule_period=2,
        due_date_type="OFFOLLOWINGMONTH",
        due_days=20,
    )
    schedule = element(office, done)["Schedule"]
    assert (schedule["Period"], schedule["Unit"]) == (24, "MONTHLY")
    assert (schedule["DueDate"], schedule["DueDateType"]) == (20, "OFFOLLOWINGMONTH")
    assert done.result["next_date"] == months_after(today(office), 24).isoformat()
    assert done.result["schedule"]["often"] == "every 2 years"


def test_without_a_wish_invoices_fall_due_by_the_organisations_terms(office, set_up):
    office.person("organisation", PaymentTerms={"Sales": {"Day": 30, "Type": "DAYSAFTERBILLMONTH"}})
    deal, (one,) = office.world.deal({})
    schedule = element(office, set_up(deal, deal_product_ids=[str(one)]))["Schedule"]
    assert (schedule["DueDate"], schedule["DueDateType"]) == (30, "DAYSAFTERBILLMONTH")


def test_nobody_is_emailed_when_that_was_asked(office, set_up):
    deal, (one,) = office.world.deal({})
    done = set_up(deal, deal_product_ids=[str(one)], approve_for_sending=False)
    assert done.status == "succeeded", done.error
    sent = element(office, done)
    assert (sent["ApprovedForSending"], sent["MarkAsSent"]) == (False, True)
    (row,) = office.rows("SELECT * FROM repeating_invoices")
    assert row.approved_for_sending is False
    (template,) = templates(office)
    assert (template["ApprovedForSending"], template["MarkAsSent"]) == (False, True)


@pytest.mark.parametrize(
    ("emails", "returned"),
    [
        (False, {"ApprovedForSending": True, "MarkAsSent": True}),
        (False, {"ApprovedForSending": False, "MarkAsSent": False}),
        (False, {"ApprovedForSending": False, "MarkAsSent": None}),
        (True, {"ApprovedForSending": False, "MarkAsSent": False}),
    ],
)
def test_sending_otherwise_than_asked_is_an_error_that_names_the_template(
    office, set_up, monkeypatch, emails, returned
):
    real = repeating.template_of
    monkeypatch.setattr(repeating, "template_of", lambda one: real({**one, **returned}))
    deal, (one,) = office.world.deal({})
    done = set_up(deal, deal_product_ids=[str(one)], approve_for_sending=emails)
    assert (done.status, done.partial) == ("rejected", True)
    assert done.error["code"] == "sending_not_as_asked"
    (row,) = office.rows("SELECT * FROM repeating_invoices")
    assert row.platform_template_id in done.error["message"]
    assert done.error["details"]["repeating_invoice_id"] == row.platform_template_id
    assert office.sandbox.count(CREATED) == 1


def templates(office):
    """What Xero has, as its API shows it."""
    headers = {
        "Authorization": f"Bearer {seed.ACCESS_TOKEN}",
        "xero-tenant-id": seed.TENANT_ONE,
        "Accept": "application/json",
    }
    url = f"{office.sandbox.url}/xero/api.xro/2.0/RepeatingInvoices"
    return urllib3.request("GET", url, headers=headers).json()["RepeatingInvoices"]


def test_usage_based_products_are_skipped_and_reported(office, set_up):
    traffic = catalogue(office, name="Traffic", category="Usage-Based")
    deal, (one, two) = office.world.deal({}, {"name": "Traffic", "product_id": traffic})
    ids = [str(one), str(two)]
    done = set_up(deal, deal_product_ids=ids)
    assert [line["deal_product_id"] for line in done.result["lines"]] == [str(one)]
    (skipped,) = done.result["skipped"]
    assert (skipped["name"], skipped["deal_product_id"]) == ("Traffic", str(two))
    assert "Usage-Based" in skipped["reason"]
    ticked = set_up(deal, deal_product_ids=ids, include_usage_based=True)
    assert len(ticked.result["lines"]) == 2


def test_all_skipped_is_refused_without_a_call_once_the_organisation_is_known(office, set_up):
    traffic = catalogue(office, name="Traffic", category="Usage-Based")
    deal, (one,) = office.world.deal({"product_id": traffic})
    done = set_up(deal, deal_product_ids=[str(one)])
    assert (done.status, done.error["code"]) == ("rejected", "cannot_invoice")
    assert "Usage-Based" in done.error["message"]
    before = len(office.paths())
    set_up(deal, deal_product_ids=[str(one)])
    assert len(office.paths()) == before
    assert "PUT /RepeatingInvoices" not in office.paths()


def test_catalogue_products_are_resolved_against_the_deal(office, set_up):
    hosting, unwanted = catalogue(office), catalogue(office, name="Domain")
    deal, (one, _) = office.world.deal({"product_id": hosting, "quantity": Decimal(2)}, {})
    done = set_up(deal, product_ids=[str(hosting), str(unwanted)])
    (line,) = done.result["lines"]
    assert (line["deal_product_id"], line["product_id"]) == (str(one), str(hosting))
    assert line["amount"] == "200.00"
    assert done.result["skipped"][0]["reason"] == "it is not on the deal"


def test_catalogue_products_without_a_deal(office, set_up):
    done = set_up(product_ids=[str(catalogue(office))])
    assert done.status == "succeeded", done.error
    (line,) = done.result["lines"]
    assert (line["deal_product_id"], line["amount"]) == (None, "320.00")
    (row,) = office.rows("SELECT * FROM repeating_invoices")
    assert row.deal_id is None
    assert office.world.events("repeating_invoice.created")[0].deal_id is None


def test_unit_prices_of_more_than_two_decimals_go_as_their_amount(office, set_up):
    deal, (one,) = office.world.deal(
        {"quantity": Decimal(1480), "unit_price": Decimal("0.0875"), "name": "Traffic"}
    )
    done = set_up(deal, deal_product_ids=[str(one)])
    (line,) = element(office, done)["LineItems"]
    assert (line["Quantity"], line["UnitAmount"]) == (1, 129.5)
    assert "1480 at 0.0875" in line["Description"]
    assert (done.result["subtotal"], done.result["warnings"]) == ("129.50", [])


def test_another_amount_of_xeros_is_a_warning_and_an_event(office, set_up, monkeypatch):
    real = repeating.template_of

    def cheaper(one):
        line = {**one["LineItems"][0], "LineAmount": Decimal("99.99")}
        return real({**one, "LineItems": [line]})

    monkeypatch.setattr(repeating, "template_of", cheaper)
    deal, (one,) = office.world.deal({})
    done = set_up(deal, deal_product_ids=[str(one)])
    assert "99.99" in done.result["warnings"][0]
    (event,) = office.world.events("invoice.amount_differs")
    assert (event.data["ours"], event.data["theirs"]) == ("100.00", "99.99")


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({}, "params.deal_product_ids", "exactly one"),
        ({"deal_product_ids": [A], "product_ids": [A]}, "params.product_ids", "not both"),
        ({"product_ids": []}, "params.product_ids", "names no product"),
        ({"schedule_period": 0}, "params.schedule_period", "greater than or equal to 1"),
        ({"schedule_unit": "DAILY"}, "params.schedule_unit", "WEEKLY"),
        ({"contact_id": None}, "params.contact_id", "required"),
        ({"account_code": None}, "params.account_code", "required"),
        ({"tax_type": ""}, "params.tax_type", "at least 1"),
        ({"aprove_for_sending": False}, "params.aprove_for_sending", "unknown field"),
        ({"due_date_type": "OFCURRENTMONTH"}, "params.due_days", "required"),
        ({"due_date_type": "OFCURRENTMONTH", "due_days": 32}, "params.due_days", "1 to 31"),
        ({"due_days": -1}, "params.due_days", "greater than or equal to 0"),
    ],
)
def test_every_problem_is_named_by_its_field(office, params, field, words):
    told = problems(office, **wished(str(uuid4()), **params))
    assert words in told[field]


def test_problems_within_and_between_fields_are_told_together(office):
    told = problems(office, schedule_unit="DAILY", approve_for_sending="yes")
    assert set(told) == {
        "params.contact_id",
        "params.schedule_period",
        "params.schedule_unit",
        "params.account_code",
        "params.tax_type",
        "params.approve_for_sending",
        "params.deal_product_ids",
    }


def test_what_only_the_database_knows_is_checked_at_intake(office):
    contact, stranger = str(uuid4()), str(uuid4())
    deal, (line,) = office.world.deal({})
    named = wished(contact, deal_product_ids=[str(line), stranger, str(line)])
    assert set(problems(office, deal, **named)) == {
        "params.deal_product_ids[1]",
        "params.deal_product_ids[2]",
    }
    assert set(problems(office, None, **named)) == {"data.deal.id"}
    assert set(problems(office, uuid4(), **named)) == {"data.deal.id"}
    ids = wished(contact, product_ids=[stranger])
    assert set(problems(office, None, **ids)) == {"params.product_ids[0]"}


def test_xeros_refusal_is_passed_on(office, set_up):
    deal, (one,) = office.world.deal({})
    done = set_up(deal, deal_product_ids=[str(one)], account_code="999")
    assert done.status == "rejected"
    assert "999" in done.error["message"]
    assert office.rows("SELECT * FROM repeating_invoices") == []
    again = set_up(deal, deal_product_ids=[str(one)])
    assert again.status == "succeeded"


# --- unknown outcomes, and two at once ------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("fault", ["drop_after_commit", "status_after_commit", "garbage"])
def test_a_lost_answer_is_found_by_difference(office, contact, set_up, fault, before):
    deal, (one,) = office.world.deal({})
    for _ in range(before):  # the same content, set up earlier
        set_up(deal, deal_product_ids=[str(one)])
    office.sandbox.fault(
        "xero", fault, method="PUT", path="/RepeatingInvoices", status=500, times=1
    )
    asked = office.world.request(
        "xero_create_repeating_invoice",
        wished(contact, deal_product_ids=[str(one)]),
        deal,
    )
    action = office.world.submit(asked)
    execute(office.world.fleet, action)
    assert office.world.status(action) == "reconciling"
    with office.world.fleet.database.transaction() as tx:  # the window is over
        tx.execute(text("UPDATE calls SET first_sent_at = first_sent_at - interval '5 min'"))
    done = office.carry_on(action)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == before + 1
    ids = {row.platform_template_id for row in office.rows("SELECT * FROM repeating_invoices")}
    assert ids == {one["RepeatingInvoiceID"] for one in templates(office)}


def test_one_that_never_arrived_is_sent_again(office, set_up):
    deal, (one,) = office.world.deal({})
    office.sandbox.fault("xero", "status", method="PUT", path="/RepeatingInvoices", status=500,
                         times=1)  # fmt: skip
    done = set_up(deal, deal_product_ids=[str(one)])
    assert done.status == "reconciling"
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = last_send_by - interval '5 min'"))
    done = office.carry_on(done.id)
    assert done.status == "succeeded", done.error
    assert office.sandbox.count(CREATED) == 1


def lost(office, contact, deal, line, fault="status_after_commit"):
    """A request whose create was answered with nothing useful; returns the action."""
    office.sandbox.fault("xero", fault, method="PUT", path="/RepeatingInvoices", status=500,
                         times=1)  # fmt: skip
    params = wished(contact, deal_product_ids=[str(line)])
    action = office.world.submit(
        office.world.request("xero_create_repeating_invoice", params, deal)
    )
    execute(office.world.fleet, action)
    assert office.world.status(action) == "reconciling"
    return action


def by_hand(office, contact, description="Line 1", amount=100):
    """A template that a person sets up in Xero itself."""
    return office.person(
        "templates",
        Type="ACCREC",
        Contact={"ContactID": contact},
        Status="AUTHORISED",
        Schedule={"Period": 1, "Unit": "MONTHLY", "DueDate": 14,
                  "DueDateType": "DAYSAFTERBILLDATE", "StartDate": "2031-01-01"},
        LineItems=[{"Description": description, "Quantity": 1, "UnitAmount": amount,
                    "AccountCode": "200", "TaxType": "OUTPUT"}],
    )  # fmt: skip


def later(office):
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = last_send_by - interval '5 min'"))


@pytest.mark.parametrize("arrived", [True, False])
def test_a_new_template_that_says_something_else_proves_nothing(office, contact, arrived):
    deal, (line,) = office.world.deal({})
    fault = "status_after_commit" if arrived else "status"
    action = lost(office, contact, deal, line, fault)
    other = by_hand(office, contact, "Something else")
    later(office)
    done = office.carry_on(action, turns=3)
    if arrived:  # its own is there beside the other
        assert done.status == "succeeded", done.error
        assert done.result["repeating_invoice_id"] != other["RepeatingInvoiceID"]
        return
    assert (done.status, done.error["code"]) == ("reconciling", "several_match")
    assert other["RepeatingInvoiceID"] in done.error["message"]
    assert office.sandbox.count(CREATED) == 0


def test_two_that_say_the_same_are_for_a_person_to_tell_apart(office, contact):
    deal, (line,) = office.world.deal({})
    action = lost(office, contact, deal, line)
    by_hand(office, contact)
    done = office.carry_on(action, turns=3)
    assert (done.status, done.error["code"]) == ("reconciling", "several_match")
    assert office.sandbox.count(CREATED) == 1


@pytest.mark.parametrize(
    ("which", "status"),
    [("the new one", "succeeded"), ("one from before", "reconciling"), ("none", "reconciling")],
)
def test_an_id_that_a_person_states_is_looked_up(office, contact, set_up, which, status):
    deal, (line,) = office.world.deal({})
    before = set_up(deal, deal_product_ids=[str(line)]).result["repeating_invoice_id"]
    action = lost(office, contact, deal, line)
    (new,) = {one["RepeatingInvoiceID"] for one in templates(office)} - {before}
    stated = {"the new one": new, "one from before": before, "none": str(uuid4())}[which]
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE effects SET stated_id = :id, next_step = 'look_up' WHERE action_id = :a"
                 " AND state = 'unknown'"),
            {"id": stated, "a": action},
        )  # fmt: skip
    assert office.carry_on(action, turns=2).status == status
    assert office.sandbox.count(CREATED) == 2


def test_templates_of_one_contact_are_set_up_one_after_the_other(office, contact, set_up):
    deal, (line,) = office.world.deal({})
    first = lost(office, contact, deal, line)
    waits = set_up(deal, deal_product_ids=[str(line)])
    assert waits.status == "waiting"
    assert str(first) in waits.status_reason
    assert office.sandbox.count(CREATED) == 1
    done = office.carry_on(first)
    assert done.status == "succeeded", done.error
    assert office.carry_on(waits.id).status == "succeeded"
    rows = office.rows("SELECT DISTINCT platform_template_id FROM repeating_invoices")
    assert len(rows) == office.sandbox.count(CREATED) == 2


def test_other_contacts_do_not_wait(office, contact, set_up):
    deal, (line,) = office.world.deal({})
    lost(office, contact, deal, line)
    other = str(office.person("contacts", Name="Somebody else")["ContactID"])
    done = office.act(
        "xero_create_repeating_invoice", deal, **wished(other, deal_product_ids=[str(line)])
    )
    assert done.status == "succeeded", done.error
