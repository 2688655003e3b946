"""Adding a contact to an automation end to end: request, plan, calls to the sandbox, outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from infra.exchange import Transport
from infra.sandbox.activecampaign import seed
from tests.harness.world import eventually
from tests.platforms.activecampaign.account import SYNCED
from workers.commands import resume
from workers.execute import execute


def result(row):
    assert row.status == "succeeded", row.error
    return row.result


def lost(account, fault, **params):
    """An action whose answer was lost."""
    account.fault(fault)
    action = account.submit(**params)
    execute(account.world.fleet, action)
    assert account.world.status(action) == "reconciling"
    return action


def test_by_ids_it_takes_three_calls(account):
    contact = account.contact()
    told = result(account.add(contact_id=contact, automation_id=seed.WELCOME))
    assert told == {
        "contact_id": str(contact),
        "automation_id": seed.WELCOME,
        "contact_automation_id": "1",
        "already": False,
    }
    assert account.calls() == [
        f"GET /contacts/{contact}/contactAutomations",
        f"GET /contacts/{contact}/automationEntryCounts",
        "POST /contactAutomations",
    ]
    (effect,) = account.world.rows(
        "SELECT external_id FROM effects WHERE name = 'activecampaign.add_to_automation'"
    )
    assert (effect.external_id, account.entered) == ("1", 1)


def test_by_email_and_name_the_contact_is_made_or_changed(account):
    params = {"email": "ada@tidewater.test", "automation": "  nEWSLETTER "}
    more = {"first_name": "Ada", "fields": {"1": "Albany", "2": 12}}
    first = result(account.add(**params, **more))
    second = result(account.add(**params, last_name="L"))
    assert first["contact_id"] == second["contact_id"] == "2"
    assert (first["automation_id"], first["already"]) == (seed.NEWSLETTER, False)
    (kept,) = [
        one
        for one in account.sandbox.control("GET", "/activecampaign/contacts")["contacts"]
        if one["id"] == "2"
    ]
    assert (kept["firstName"], kept["lastName"]) == ("Ada", "L")
    assert kept["fields"] == {"1": "Albany", "2": "12"}
    assert (account.sandbox.count(SYNCED), account.entered) == (2, 2)
    assert "GET /automations" in account.calls()


def test_a_name_nobody_has_leaves_no_contact_behind(account):
    for name in ("Nonsense", "Retired", "follow up"):
        row = account.add(email="ada@tidewater.test", automation=name)
        assert (row.status, row.partial) == ("rejected", False)
    assert account.sandbox.counts() == {}


def test_a_name_far_down_the_list_is_found(account):
    for number in range(200):
        account.person("automations", name=f"Automation {number}")
    account.person("automations", name="The last one")
    told = result(account.add(contact_id=1, automation="The last one"))
    assert told["automation_id"] == "206"
    assert account.calls().count("GET /automations") == 3


@pytest.mark.parametrize("status", [403, 422])
def test_who_is_in_it_already_is_no_failure(account, status):
    account.person("settings", refusal_status=status)
    account.person("entries", contact="1", automation=seed.WELCOME)
    told = result(account.add(contact_id=1, automation="Welcome"))
    assert (told["contact_automation_id"], told["already"]) == ("1", True)
    account.person("entries/1/complete")
    row = account.add(contact_id=1, automation="Welcome")
    assert (row.status, row.error["code"]) == ("rejected", "not_entered")
    assert row.error["message"].startswith("ActiveCampaign: Could not create SubscriberSeries")
    gone = account.add(contact_id=1, automation_id=77)
    assert (gone.status, account.entered) == ("rejected", 0)
    nobody = account.add(contact_id=77, automation="Welcome")
    assert nobody.error["message"] == "ActiveCampaign: No Result found for Subscriber with id 77"


def test_who_may_enter_again_does_and_a_lost_answer_is_found_among_many_older_entries(account):
    for _ in range(101):
        account.person("entries", contact="1", automation=seed.NEWSLETTER)
    told = result(account.add(contact_id=1, automation="Newsletter"))
    assert (told["contact_automation_id"], told["already"]) == ("102", False)
    action = lost(account, "drop_after_commit", contact_id=1, automation="Newsletter")
    told = result(account.carry_on(action))
    assert (told["contact_automation_id"], account.entered) == ("103", 2)


def test_entries_and_counts_of_other_automations_tell_nothing(account):
    action = lost(account, "drop_before_commit", contact_id=1, automation_id=seed.WELCOME)
    account.person("entries", contact="1", automation=seed.NEWSLETTER)
    assert result(account.settle(action))["contact_automation_id"] == "2"
    assert account.entered == 1


def test_where_entering_again_moves_the_entry_that_is_seen_too(account):
    account.person("settings", reuses_row=True)
    account.person("entries", contact="1", automation=seed.NEWSLETTER)
    account.sandbox.control("POST", "/clock", {"advance_seconds": 5})
    action = lost(account, "drop_after_commit", contact_id=1, automation="Newsletter")
    told = result(account.carry_on(action))
    assert (told["contact_automation_id"], told["already"], account.entered) == ("1", False, 1)


def test_an_entry_that_shows_late_is_waited_for(account):
    account.person("settings", lag_s=20)
    action = lost(account, "drop_after_commit", contact_id=1, automation="Welcome")
    assert account.carry_on(action, turns=3).status == "reconciling"
    account.sandbox.control("POST", "/clock", {"advance_seconds": 21})
    assert result(account.settle(action))["already"] is False
    assert account.entered == 1


def test_one_that_arrives_after_its_absence_was_believed_is_this_actions(account):
    hasty = replace(account.world.fleet, transport=Transport(2.0, 0.2))
    account.fault("hold_before_commit")
    action = account.submit(contact_id=1, automation_id=seed.WELCOME)
    execute(hasty, action)
    assert account.world.status(action) == "reconciling"
    assert account.settle(action, turns=1).status == "waiting"
    account.sandbox.control("POST", "/held/release", {})
    eventually(lambda: account.entered)
    told = result(account.carry_on(action))
    assert (told["contact_automation_id"], told["already"], account.entered) == ("1", False, 1)
    assert account.calls()[-2:] == [
        "POST /contactAutomations",
        "GET /contacts/1/contactAutomations",
    ]


def test_an_entry_taken_out_again_is_not_made_twice(account):
    action = lost(account, "drop_after_commit", contact_id=1, automation="Newsletter")
    account.person("entries/1/remove")
    row = account.settle(action)
    assert (row.status, row.error["code"]) == ("reconciling", "entry_not_listed")
    park(account, action)
    resume(account.world.fleet, action, who="test", happened="1")
    told = result(account.carry_on(action))
    assert (told["contact_automation_id"], account.entered) == ("1", 1)


def park(account, action):
    """Let it have been unknown for longer than looking helps."""
    with account.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET created_at = now() - interval '3 days'"))
    assert account.carry_on(action).status == "parked"


def test_what_a_person_adds_meanwhile_is_taken_for_ours_and_not_added_to(account):
    action = lost(account, "drop_before_commit", contact_id=1, automation_id=seed.NEWSLETTER)
    account.person("entries", contact="1", automation=seed.NEWSLETTER)
    told = result(account.settle(action))
    assert (told["contact_automation_id"], told["already"], account.entered) == ("1", False, 0)


def test_one_action_at_a_time_adds_a_contact_to_an_automation(account):
    first = lost(account, "drop_after_commit", contact_id=1, automation_id=seed.NEWSLETTER)
    second = account.submit(contact_id=1, automation_id=seed.NEWSLETTER)
    assert account.carry_on(second, turns=2).error["code"] == "contact_busy"
    assert result(account.add(contact_id=1, automation_id=seed.WELCOME))["already"] is False
    assert result(account.carry_on(first))["contact_automation_id"] == "1"
    assert result(account.carry_on(second))["contact_automation_id"] == "3"
    assert account.entered == 3


def test_a_contact_that_is_gone_is_no_absence(account):
    action = lost(account, "drop_before_commit", contact_id=1, automation_id=seed.WELCOME)
    account.fault("status", method="GET", path="contactAutomations", status=404)
    row = account.carry_on(action, turns=1)
    assert (row.status, row.error["code"]) == ("reconciling", "look_up_refused")


def test_success_without_an_entry_is_no_success(account):
    account.person("settings", soft_failure=True)
    action = account.submit(contact_id=1, automation_id=seed.WELCOME)
    execute(account.world.fleet, action)
    row = account.world.action(action)
    assert (row.status, row.error["code"]) == ("reconciling", "unreadable_answer")
    account.person("settings", soft_failure=False)
    assert result(account.settle(action))["contact_automation_id"] == "1"


def test_a_look_up_short_of_budget_comes_back_at_a_time_of_its_own(account):
    action = lost(account, "drop_before_commit", contact_id=1, automation_id=seed.WELCOME)
    account.world.fleet = replace(account.world.fleet, jitter=lambda: 0.0)
    one = {"limits": {"second": 1}}
    account.world.set_integration(account.world.integrations["activecampaign"], settings=one)
    forget_calls(account)
    row = account.carry_on(action, turns=1)
    assert (row.status, row.error["code"]) == ("reconciling", "out_of_budget")
    due = [row.due_at]
    forget_calls(account)
    due.append(account.carry_on(action, turns=1).due_at)
    assert due[1] - due[0] > timedelta(seconds=0.5), "later and later, not when it refills"


def forget_calls(account):
    with account.world.fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM budgets"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_pauses_the_account_and_its_look_ups(account, status):
    account.person("settings", auth_status=status)
    action = lost(account, "drop_after_commit", contact_id=1, automation_id=seed.WELCOME)
    account.fault("revoke_token", method="GET", path="/contacts")
    assert account.carry_on(action, turns=1).status == "reconciling"
    integration = account.world.integrations["activecampaign"]
    (row,) = account.world.rows("SELECT status FROM integrations WHERE id = :i", i=integration)
    assert row.status == "error"
    account.sandbox.control("POST", "/tokens/restore", {})
    account.world.reconnect(integration)
    assert result(account.carry_on(action))["contact_automation_id"] == "1"
    assert account.entered == 1


def test_an_account_that_is_not_paid_for_waits_an_hour_as_a_whole(account):
    account.fault("status", status=402)
    action = account.submit(contact_id=1, automation_id=seed.WELCOME)
    execute(account.world.fleet, action)
    row = account.world.action(action)
    assert (row.status, row.error["code"]) == ("waiting", "account_unpaid")
    hour = row.due_at - account.world.fleet.now()
    assert timedelta(minutes=59) < hour <= timedelta(hours=1)
    other = account.submit(contact_id=1, automation_id=seed.NEWSLETTER)
    execute(account.world.fleet, other)
    assert account.world.action(other).status_reason == "waits for its budget"
    assert result(account.carry_on(action))["contact_automation_id"] == "1"


def test_the_key_is_hidden_in_the_log_and_the_rest_can_be_read(account):
    account.add(contact_id=1, automation_id=seed.WELCOME)
    rows = account.world.rows("SELECT url, request FROM integration_log WHERE method = 'POST'")
    (row,) = rows
    assert row.url.endswith("/activecampaign/api/3/contactAutomations")
    assert row.request["headers"]["Api-Token"] == "[hidden]"
    assert row.request["body"] == {"contactAutomation": {"contact": 1, "automation": 1}}
