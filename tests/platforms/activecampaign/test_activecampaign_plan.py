"""The plan without a platform: what comes next, given what has become of the rest."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Rejected, Succeeded
from domain.actions.plan import Done, Effect, Refuse, Request, Result
from infra.platforms.activecampaign.automations import PAGES_MAX
from infra.platforms.activecampaign.entries import PAGES_MAX as ENTRY_PAGES_MAX
from infra.platforms.activecampaign.entries import new_since
from infra.platforms.activecampaign.plan import next_effect

NOBODY = UUID(int=0)
REFUSED = Rejected("not_entered", "ActiveCampaign: Could not create SubscriberSeries")
NOON, LATER = "2026-11-25T12:00:00Z", "2026-11-25T12:00:01Z"


def entry(identity, added=NOON, *, active=True):
    return {"id": identity, "added": added, "active": active}


def planned(params, *told):
    """What comes next; each of `told` is what the effect that was planned came to."""
    request = Request(NOBODY, NOBODY, NOBODY, "activecampaign_add_to_automation", params)
    results: tuple[Result, ...] = ()
    for one in told:
        step = next_effect(request, {}, results)
        assert isinstance(step, Effect), step
        outcome = one if isinstance(one, Rejected) else Succeeded(one)
        results += (Result(step.name, step.inputs, outcome),)
    return next_effect(request, {}, results)


def by_ids(*told):
    return planned({"contact_id": 64, "automation_id": 2}, *told)


def named(name, *, active=True, identity="2"):
    return {"id": identity, "name": name, "active": active}


def page(*found, follows=None):
    return {"found": list(found), "next": follows}


WHO = {"contact_id": "64", "automation_id": "2"}


def test_with_ids_it_looks_counts_and_adds():
    assert by_ids() == Effect("activecampaign.read_entries", WHO)
    before = {"entries": [entry("3")]}
    assert by_ids(before) == Effect("activecampaign.count_entries", WHO)
    whole = {"entries_from": 0, "count_at": 0, "counts_from": 0, "counts_seen": 0}
    inputs = {**WHO, "entries": [entry("3")], "count": 1, **whole}
    assert by_ids(before, {"count": 1}) == Effect("activecampaign.add_to_automation", inputs)
    done = by_ids(before, {"count": 1}, {"contact_automation_id": "4"})
    assert done == Done({**WHO, "contact_automation_id": "4", "already": False})


def rows(*found, seen, follows=None):
    return {"entries": list(found), "rows": seen, "first": "1", "next": follows}


def counts(count, seen, follows=None):
    return {"count": count, "rows": seen, "first": "1", "next": follows}


def test_every_page_of_entries_and_counts_is_an_effect_and_tells_where_the_end_is():
    pages = [rows(entry("3"), seen=100, follows=100), rows(seen=200, follows=200)]
    pages += [rows(seen=300, follows=300), rows(entry("9"), seen=320)]
    second = {**WHO, "offset": 100, "first": "1"}
    assert by_ids(pages[0]) == Effect("activecampaign.read_entries", second)
    assert by_ids(*pages) == Effect("activecampaign.count_entries", WHO)
    told = [*pages, counts(None, 100, 100), counts(2, 200, 200), counts(None, 260)]
    assert by_ids(*told).inputs == {
        **WHO,
        "entries": [entry("3"), entry("9")],
        "count": 2,
        "entries_from": 200,
        "count_at": 100,
        "counts_from": 200,
        "counts_seen": 260,
    }
    never = by_ids(*pages, counts(None, 100, 100), counts(None, 200, 200), counts(None, 260))
    assert (never.inputs["count"], never.inputs["count_at"]) == (0, None)
    again = by_ids(*told, REFUSED, rows(seen=100, follows=100))
    assert again == Effect("activecampaign.read_entries", second)
    done = by_ids(*told, REFUSED, rows(seen=100, follows=100), rows(entry("10"), seen=110))
    assert done == Done({**WHO, "contact_automation_id": "10", "already": False})


def test_more_entries_than_are_read_are_refused():
    many = [rows(seen=100 * page, follows=100 * page) for page in range(1, ENTRY_PAGES_MAX + 1)]
    step = by_ids(*many)
    assert isinstance(step, Refuse)
    assert step.rejection.code == "too_many_entries"
    assert "more than 5000 entries" in step.rejection.message


def test_with_names_it_reads_all_pages_before_it_touches_the_contact():
    params = {"email": "sam@tidewater.test", "automation": "Welcome"}
    assert planned(params) == Effect("activecampaign.read_automations", {"offset": 0})
    more = page(named("Welcome"), follows=100)
    assert planned(params, more) == Effect("activecampaign.read_automations", {"offset": 100})
    assert planned(params, more, page()) == Effect("activecampaign.sync_contact")
    after = planned(params, more, page(), {"contact_id": "64"})
    assert after == Effect("activecampaign.read_entries", WHO)


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ([], "automation_unknown", "no automation called Welcome"),
        ([named("welcome", active=False)], "automation_inactive", "not active: welcome (2)"),
        (
            [named("Welcome"), named("welcome", identity="7")],
            "automation_ambiguous",
            "Welcome (2), welcome (7); give automation_id",
        ),
    ],
)
def test_a_name_that_is_not_of_one_active_automation_is_refused(found, code, words):
    step = planned({"email": "x@y.z", "automation": "Welcome"}, page(*found))
    assert isinstance(step, Refuse)
    assert step.rejection.code == code
    assert words in step.rejection.message


def test_one_that_is_listed_twice_or_beside_an_inactive_one_is_one():
    pages = (
        page(named("Welcome"), follows=20),
        page(named("Welcome"), named("welcome", active=False, identity="9")),
    )
    step = planned({"contact_id": 64, "automation": "Welcome"}, *pages)
    assert step == Effect("activecampaign.read_entries", WHO)


def test_a_list_without_end_is_refused_however_many_have_the_name():
    pages = [page(named("Welcome"), follows=100)] * PAGES_MAX
    step = planned({"contact_id": 64, "automation": "Welcome"}, *pages)
    assert isinstance(step, Refuse)
    assert step.rejection.code == "too_many_automations"


@pytest.mark.parametrize(
    ("before", "now", "end"),
    [
        ([entry("3")], [entry("3")], ("3", True)),
        ([], [entry("3")], ("3", False)),
        ([], [entry("3", active=False)], ("3", False)),
        ([entry("3", active=False)], [entry("3", LATER)], ("3", False)),
        ([entry("3", active=False)], [entry("3", active=False)], None),
        ([entry("3")], [entry("2", active=False), entry("3")], ("2", False)),
        ([entry("3")], [], None),
        ([], [], None),
    ],
)  # fmt: skip
def test_a_refused_entry_is_looked_at_before_it_is_a_refusal(before, now, end):
    told = ({"entries": before}, {"count": len(before)}, REFUSED)
    assert by_ids(*told) == Effect("activecampaign.read_entries", WHO)
    step = by_ids(*told, {"entries": now})
    if end is None:
        assert isinstance(step, Refuse)
        assert step.rejection.code == "not_entered"
        assert step.rejection.message.startswith(REFUSED.message)
    else:
        assert step == Done({**WHO, "contact_automation_id": end[0], "already": end[1]})


def test_any_other_refusal_ends_it():
    refusal = Rejected("not_found", "ActiveCampaign: No Result found")
    assert by_ids(refusal) == Refuse(refusal)
    assert by_ids({"entries": []}, {"count": 0}, refusal) == Refuse(refusal)


ENTRIES = st.lists(
    st.builds(
        entry,
        st.sampled_from("123"),
        st.sampled_from([None, NOON, LATER]),
        active=st.booleans(),
    ),
    unique_by=lambda one: one["id"],
)


@given(ENTRIES, ENTRIES)
def test_new_is_what_was_not_there_or_was_entered_again_later(before, now):
    new = new_since(before, now)
    old = {one["id"]: one["added"] for one in before}
    fresh = [
        one
        for one in now
        if one["id"] not in old or (old[one["id"]], one["added"]) == (NOON, LATER)
    ]
    assert new == (fresh[0] if fresh else None)
    assert new_since(now, now) is None
