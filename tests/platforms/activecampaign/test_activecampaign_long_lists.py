"""A contact of many entries and counts, at five calls a second: it ends, and adds once."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.exchange import Exchange
from infra.sandbox.activecampaign import seed
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.activecampaign.account import Account, connected
from workers.execute import execute

PAGES = 8
ROWS = 20 * PAGES - 10


@pytest.fixture
def busy(world: World, sandbox: Sandbox) -> Account:
    """An account under its default limits, whose lists are eight pages long."""
    connected(world, sandbox, in_flight=5)
    account = Account(world, sandbox)
    account.person("settings", page_max=20)
    return account


def many_entries(account: Account) -> None:
    for _ in range(ROWS):
        account.person("entries", contact="1", automation=seed.NEWSLETTER)


def many_counts(account: Account) -> None:
    for number in range(ROWS):
        automation = account.person("automations", name=f"Automation {number}")["id"]
        account.person("entries", contact="1", automation=automation)


LISTS = [many_entries, many_counts]
Fill = Callable[[Account], None]


def a_second_later(account: Account) -> None:
    account.sandbox.control("POST", "/clock", {"advance_seconds": 2})
    with account.world.fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM budgets"))
        tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))


def rounds(account: Account, action: UUID, *until: str, at_most: int = 12) -> int:
    """Carry on, a second at a time; return how many it took until it came to one of those."""
    for number in range(1, at_most + 1):
        a_second_later(account)
        execute(account.world.fleet, action)
        if account.world.status(action) in until:
            return number
    raise AssertionError(f"after {at_most} rounds: {account.world.action(action)}")


def refused(account: Account) -> int:
    report = account.sandbox.control("GET", "/requests?platform=activecampaign")
    return [one["status"] for one in report["requests"]].count(429)


@pytest.mark.parametrize("fill", LISTS)
def test_eight_pages_end_within_few_seconds(busy: Account, fill: Fill) -> None:
    fill(busy)
    action = busy.submit(contact_id=1, automation_id=seed.NEWSLETTER)
    rounds(busy, action, "succeeded")
    assert (busy.entered, refused(busy)) == (1, 0)


@pytest.mark.parametrize("fill", LISTS)
@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit"])
def test_a_lost_answer_is_looked_up_in_one_second(busy: Account, fill: Fill, fault: str) -> None:
    fill(busy)
    busy.fault(fault)
    action = busy.submit(contact_id=1, automation_id=seed.NEWSLETTER)
    rounds(busy, action, "reconciling")
    with busy.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    ended = "waiting" if fault == "drop_before_commit" else "succeeded"
    assert rounds(busy, action, ended, "succeeded") == 1
    if ended == "waiting":
        rounds(busy, action, "succeeded")
    told = busy.world.action(action).result
    newest = busy.sandbox.control("GET", "/activecampaign/entries")["entries"][-1]
    assert (told["contact_automation_id"], busy.entered) == (newest["id"], 1)
    assert refused(busy) == 0


def test_a_long_list_in_another_order_is_no_absence(busy: Account) -> None:
    """Newest first, say: what is new would not stand where we look for it."""
    many_entries(busy)
    busy.fault("drop_before_commit")
    action = busy.submit(contact_id=1, automation_id=seed.NEWSLETTER)
    rounds(busy, action, "reconciling")
    with busy.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    there = busy.world.fleet
    busy.world.fleet = replace(there, transport=Reversed(there.transport))
    rounds(busy, action, "reconciling")
    assert busy.world.action(action).error["code"] == "entries_unordered"
    busy.world.fleet = there
    rounds(busy, action, "succeeded")
    assert busy.entered == 1


@dataclass
class Reversed:
    """A transport whose lists of entries come the other way round."""

    inner: Any

    def carry(self, exchange: Exchange) -> None:
        self.inner.carry(exchange)
        answer = json.loads(exchange.answer)
        answer["contactAutomations"] = answer.get("contactAutomations", [])[::-1]
        exchange.answer = json.dumps(answer).encode()


@pytest.mark.parametrize("fill", LISTS)
def test_who_is_in_it_already_is_found_on_the_last_page(busy: Account, fill: Fill) -> None:
    fill(busy)
    there = busy.person("entries", contact="1", automation=seed.WELCOME)
    action = busy.submit(contact_id=1, automation_id=seed.WELCOME)
    rounds(busy, action, "succeeded")
    told = busy.world.action(action).result
    assert (told["contact_automation_id"], told["already"]) == (there["id"], True)
