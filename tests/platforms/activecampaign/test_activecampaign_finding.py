"""What a look-up makes of the end of a long list: never an absence that was not seen."""

import json

import pytest

from domain.actions.outcome import Absent, Succeeded
from infra.clock import utc_now
from infra.platforms.activecampaign.finding import look
from infra.session import Session

BEFORE = {
    "contact_id": "64",
    "automation_id": "2",
    "entries": [{"id": "3", "added": None, "active": True}],
    "count": 1,
    "entries_from": 300,
    "count_at": 100,
    "counts_from": 200,
    "counts_seen": 230,
}


class Account:
    """A far end whose lists hold these rows, a hundred to a page."""

    def __init__(self, entries, counts):
        self.lists = {"contactAutomations": entries, "automationEntryCounts": counts}
        self.asked = []

    def carry(self, exchange):
        path, _, query = exchange.url.partition("?")
        name, offset = path.rpartition("/")[2], int(query.rpartition("offset=")[2])
        self.asked.append((name, offset))
        exchange.status = 200
        exchange.answer = json.dumps({name: self.lists[name][offset : offset + 100]}).encode()


def looked(rows, counted, **before):
    account = Account(rows, counted)
    credentials = {"api_url": "http://x", "api_key": "k"}
    session = Session(account, "", "x", credentials, utc_now(), 0.0, 1.0)
    return look(session, {**BEFORE, **before}), account.asked


def entries(*ids, automation="7"):
    return [{"id": str(one), "automation": automation} for one in ids]


def counts(*ids, count=1):
    return [{"id": str(one), "contactEntryCount": str(count)} for one in ids]


MANY = entries(*range(1, 426))
COUNTED = counts(*range(1000, 1150), 2, *range(2000, 2079))
TAIL = [("contactAutomations", 300), ("contactAutomations", 400)]


def test_nothing_new_and_the_count_as_it_was_is_an_absence_in_three_calls():
    assert looked(MANY, COUNTED) == (Absent(), [*TAIL, ("automationEntryCounts", 100)])


def test_a_new_entry_at_the_end_is_found():
    found, asked = looked([*MANY, *entries(500, automation="2")], COUNTED)
    assert isinstance(found, Succeeded)
    assert (found.external_id, asked) == ("500", TAIL)


@pytest.mark.parametrize("rows", [MANY[::-1], MANY[:300], MANY[:301]], ids=["down", "gone", "one"])
def test_an_end_that_shows_no_order_is_no_absence(rows):
    assert looked(rows, COUNTED)[0].code == "entries_unordered"


def test_a_count_that_has_risen_is_no_absence():
    risen = [*COUNTED[:150], *counts(2, count=2), *COUNTED[151:]]
    assert looked(MANY, risen)[0].code == "entry_not_listed"


def test_a_count_that_moved_to_another_page_is_read_from_the_beginning():
    moved = [*counts(2, count=2), *COUNTED[:150], *COUNTED[151:]]
    found, asked = looked(MANY, moved)
    assert found.code == "entry_not_listed"
    assert [offset for name, offset in asked if name == "automationEntryCounts"] == [
        100,
        0,
        100,
        200,
    ]


def test_who_had_not_entered_has_not_while_no_automation_came_to_the_list():
    never = {"entries": [], "count": 0, "count_at": None}
    others = counts(*range(1000, 1230))
    assert looked(MANY, others, **never) == (Absent(), [*TAIL, ("automationEntryCounts", 200)])
    found, _ = looked(MANY, [*counts(2), *others], **never)
    assert found.code == "entry_not_listed"


def test_an_effect_sent_before_the_ends_were_kept_is_looked_up_whole():
    old = {name: BEFORE[name] for name in ("contact_id", "automation_id", "entries", "count")}
    account = Account(MANY, COUNTED)
    credentials = {"api_url": "http://x", "api_key": "k"}
    session = Session(account, "", "x", credentials, utc_now(), 0.0, 1.0)
    assert look(session, old) == Absent()
    assert len(account.asked) == 8
