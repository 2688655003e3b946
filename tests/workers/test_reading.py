"""Questions outside any action: cached, within budget, logged, and honest when they cannot be."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from infra.envelope import Refused
from infra.sandbox import seed
from tests.harness.world import World
from tests.platforms.xero.office import Office
from workers import reading


@pytest.fixture
def office(world: World, sandbox) -> Office:
    return Office(world, sandbox)


def ask(office, name, integration=None, **params):
    chosen = integration or office.world.xero
    return reading.ask(office.world.fleet, chosen, name, params, asked_by="test")


def later(office, **by):
    """As if that much time had passed since everything was read."""
    with office.world.fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE platform_facts SET read_at = read_at - :by"), {"by": timedelta(**by)}
        )


def used_up(office, window="minute"):
    office.world.set_integration(office.world.xero, settings={"limits": {window: 0}})


def test_revenue_accounts_and_bank_accounts(office):
    codes = [one["code"] for one in ask(office, "xero_accounts").items]
    assert codes == ["200", "210", "260", "270"]
    banks = ask(office, "xero_bank_accounts").items
    assert [one["code"] for one in banks] == [seed.BANK_ACCOUNT, seed.SECOND_BANK_ACCOUNT]
    assert all(one["account_id"] and one["type"] == "BANK" for one in banks)


def test_tax_rates_are_in_percent(office):
    rates = {one["tax_type"]: one["rate"] for one in ask(office, "xero_tax_rates").items}
    assert float(rates["OUTPUT"]) == 10
    assert float(rates["EXEMPTOUTPUT"]) == 0


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("bright", ["Brightside Dental"]),
        ("AP@KESTREL", ["Kestrel & Lane"]),
        ("K-77", ["Kestrel & Lane"]),
        ('"; DROP', ['A "quoted" name; DROP']),
        ("nobody", []),
        (None, ['A "quoted" name; DROP', "Brightside Dental", "Kestrel & Lane"]),
    ],
)
def test_contacts_are_found_by_name_email_and_number(office, search, names):
    office.person("contacts", Name="Kestrel & Lane", EmailAddress="ap@kestrel.test",
                  ContactNumber="K-77")  # fmt: skip
    office.person("contacts", Name="Brightside Dental")
    office.person("contacts", Name='A "quoted" name; DROP')
    params = {} if search is None else {"search": search}
    if search == '"; DROP':
        params = {"search": 'A "quoted" name; DROP'}
    assert [one["name"] for one in ask(office, "xero_contacts", **params).items] == names


def test_invoices_of_a_contact_and_by_number(office):
    deal, _ = office.world.deal({})
    raised = office.invoice(deal).result
    office.invoice(office.world.deal({})[0])
    (one,) = ask(office, "xero_invoices_by_contact", contact_id=raised["contact_id"]).items
    assert one["number"] == raised["invoice_number"]
    assert (one["status"], one["currency"]) == ("AUTHORISED", "AUD")
    assert float(one["amount_due"]) == float(raised["amount_due"])
    assert len(ask(office, "xero_invoices").items) == 2
    (same,) = ask(office, "xero_invoices", search=raised["invoice_number"]).items
    assert same["invoice_id"] == raised["invoice_id"]
    assert ask(office, "xero_invoices", status="PAID").items == ()


def test_an_answer_is_kept_for_a_while_and_then_asked_for_again(office):
    first = ask(office, "xero_accounts")
    assert ask(office, "xero_accounts").items == first.items
    later(office, minutes=9)
    ask(office, "xero_accounts")
    assert office.paths().count("GET /Accounts") == 1
    later(office, minutes=2)
    ask(office, "xero_accounts")
    assert office.paths().count("GET /Accounts") == 2


def test_different_questions_have_different_answers(office):
    office.person("contacts", Name="Brightside Dental")
    assert len(ask(office, "xero_contacts", search="bright").items) == 1
    assert ask(office, "xero_contacts", search="kestrel").items == ()


def test_old_searches_do_not_pile_up(office):
    ask(office, "xero_contacts", search="one")
    later(office, hours=2)
    ask(office, "xero_contacts", search="two")
    (count,) = office.rows("SELECT count(*) AS n FROM platform_facts")
    assert count.n == 1


def test_a_question_is_a_call_of_the_budget_and_in_the_log(office):
    office.world.set_integration(office.world.xero, settings={"limits": {"day": 5000}})
    ask(office, "xero_accounts")
    used = {row.name: sum(row.slots) for row in office.rows("SELECT * FROM budgets")}
    assert used["minute"] >= 1
    assert used["day"] >= 1
    assert office.rows("SELECT * FROM budget_holds") == []
    (row,) = office.rows("SELECT * FROM integration_log")
    assert (row.step, row.status, row.outcome) == ("xero_accounts", 200, "succeeded")
    assert (row.action_id, row.requested_by) == (None, "test")
    assert seed.ACCESS_TOKEN not in str(row.request)


def test_out_of_budget_says_until_when_and_asks_nothing(office):
    used_up(office)
    with pytest.raises(reading.NotReadable, match="ask again after") as told:
        ask(office, "xero_accounts")
    now = office.world.fleet.now()
    assert told.value.until is not None
    assert now < told.value.until <= now + timedelta(seconds=60)
    assert office.paths() == []


def test_out_of_budget_an_old_list_of_accounts_is_better_than_none_and_says_so(office):
    fresh = ask(office, "xero_accounts")
    later(office, hours=3)
    used_up(office)
    old = ask(office, "xero_accounts")
    assert old.items == fresh.items
    assert "budget" in (old.stale or "")
    assert office.world.fleet.now() - old.read_at > timedelta(hours=3)
    later(office, days=1)
    with pytest.raises(reading.NotReadable):
        ask(office, "xero_accounts")


def test_an_old_amount_due_is_worse_than_none(office):
    ask(office, "xero_invoices")
    later(office, minutes=1)
    used_up(office)
    with pytest.raises(reading.NotReadable):
        ask(office, "xero_invoices")


@pytest.mark.parametrize("fault", ["status", "drop_before_commit", "garbage"])
def test_whatever_the_platform_does_is_an_error_in_words(office, fault):
    office.sandbox.fault("xero", fault, path="Accounts", times=None)
    with pytest.raises(reading.NotReadable):
        ask(office, "xero_accounts")
    (row,) = office.rows("SELECT * FROM integration_log")
    assert row.outcome != "succeeded"
    assert office.rows("SELECT * FROM platform_facts") == []


def test_a_rate_limit_holds_the_actions_back_too(office):
    office.sandbox.fault("xero", "rate_limited", path="Accounts", seconds=30)
    with pytest.raises(reading.NotReadable):
        ask(office, "xero_accounts")
    blocked = office.rows("SELECT * FROM budgets WHERE blocked_until > now()")
    assert blocked


def test_refused_credentials_are_renewed_and_it_is_asked_again(office):
    office.sandbox.fault("xero", "revoke_token", path="Accounts", times=1, only_access=True)
    assert ask(office, "xero_accounts").items
    assert [row.status for row in office.rows("SELECT status FROM integration_log")] == [401, 200]


def test_credentials_that_cannot_be_renewed_pause_the_integration(office):
    office.sandbox.fault("xero", "revoke_token", path="Accounts", times=1)
    with pytest.raises(reading.NotReadable, match="401"):
        ask(office, "xero_accounts")
    (row,) = office.rows("SELECT status FROM integrations WHERE platform = 'xero'")
    assert row.status == "error"
    assert office.world.events("integration.paused")


def test_a_paused_integration_is_not_asked(office):
    office.world.set_integration(office.world.xero, status="error")
    with pytest.raises(reading.NotReadable, match="reconnect"):
        ask(office, "xero_accounts")
    assert office.paths() == []


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("xero_nothing", {}, "unknown"),
        ("xero_accounts", {"code": "200"}, "unknown field"),
        ("xero_contacts", {"search": ""}, "params.search"),
        ("xero_contacts", {"search": "x" * 101}, "params.search"),
        ("xero_invoices", {"status": "LOST"}, "params.status"),
        ("xero_invoices_by_contact", {}, "params.contact_id"),
    ],
)
def test_a_wrong_question_is_refused_with_its_field(office, name, params, words):
    with pytest.raises(Refused, match=words):
        ask(office, name, **params)
    assert office.paths() == []


def test_another_workspaces_integration_and_another_platforms_are_refused(office):
    world = office.world
    with pytest.raises(Refused, match="no integration"):
        reading.ask(world.fleet, world.xero, "xero_accounts", {}, asked_by="t",
                    workspace_id=uuid4())  # fmt: skip
    with pytest.raises(Refused, match="needs xero"):
        ask(office, "xero_accounts", world.slack)


def test_no_transaction_is_open_while_the_platform_is_asked(office):
    fleet = office.world.fleet

    class Watching:
        def carry(self, exchange):
            assert fleet.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            fleet.transport.carry(exchange)

    office.world.fleet = replace(fleet, transport=Watching())
    assert ask(office, "xero_accounts").items
