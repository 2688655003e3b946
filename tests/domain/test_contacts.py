"""Which contact on the platform one of ours is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contacts import (
    By,
    Create,
    Entity,
    Found,
    NameTaken,
    Party,
    PlatformContact,
    Read,
    Refuse,
    Use,
    resolve,
)

OURS = UUID("c0ffee00-0000-4000-8000-000000000001")
PARTY = Party(Entity.CUSTOMER, OURS, "Brightside Dental", "ap@brightside.test")
NUMBER = str(OURS)
SHORT = "Brightside Dental (c0ffee00)"


def contact(contact_id="X1", name="Brightside Dental", **fields):
    return PlatformContact(contact_id, name, **fields)


def nothing(by, value):
    return Found(by, value, ())


NO_NUMBER = nothing(By.NUMBER, NUMBER)
NO_EMAIL = nothing(By.EMAIL, PARTY.email)
NO_NAME = nothing(By.NAME, PARTY.name)


def walk(xero, party=PARTY, link=None, taken=(), **more):
    """Follow the steps against contacts that the platform has; return the steps taken."""
    seen, steps = [], []
    for _ in range(12):
        step = resolve(party, link, seen, **more)
        steps.append(step)
        if isinstance(step, Read):
            given_ = {By.ID: "contact_id", By.NUMBER: "number"}.get(step.by, step.by.value)
            hits = [c for c in xero if (getattr(c, given_) or "").lower() == step.value.lower()]
            seen.append(Found(step.by, step.value, tuple(hits)))
        elif isinstance(step, Create) and step.name in taken:
            seen.append(NameTaken(step.name))
        else:
            return steps
    raise AssertionError(steps)


def test_a_link_is_used_without_a_look():
    assert resolve(PARTY, "X9", ()) == Use("X9", "linked")
    assert resolve(None, "X9", ()) == Use("X9", "linked")


def test_a_link_is_looked_at_when_its_terms_are_needed():
    assert walk([contact("X9")], link="X9", check_link=True) == [
        Read(By.ID, "X9"),
        Use("X9", "linked"),
    ]


def test_the_order_is_number_then_email_then_name_then_creation():
    assert walk([]) == [
        Read(By.NUMBER, NUMBER),
        Read(By.EMAIL, "ap@brightside.test"),
        Read(By.NAME, "Brightside Dental"),
        Create("Brightside Dental"),
    ]


@pytest.mark.parametrize(
    ("found", "how"),
    [
        (contact(name="Other", number=NUMBER, email="x@y.test"), "number"),
        (contact(name="Other", email="AP@Brightside.test"), "email"),
        (contact(name="brightside DENTAL"), "name"),
        (contact(email="ap@brightside.test", number=NUMBER), "number"),
    ],
)
def test_an_active_match_is_adopted(found, how):
    assert walk([found])[-1] == Use("X1", how)


@pytest.mark.parametrize(
    "namesake",
    [contact(number="another"), contact(email="else@where.test")],
    ids=["another's number", "another's email"],
)
def test_a_namesake_that_may_not_be_adopted_gets_us_a_name_with_a_short_id(namesake):
    assert walk([namesake])[-1] == Create(SHORT)


def test_a_contact_of_ours_without_email_does_not_take_a_namesake_with_one():
    party = Party(Entity.CONTACT, OURS, "Sam Lee")
    assert walk([contact(name="Sam Lee", email="sam@x.test")], party)[-1] == Create(
        "Sam Lee (c0ffee00)"
    )


def test_an_email_match_with_anothers_number_is_passed_over():
    steps = walk([contact(name="Other", email=PARTY.email, number="another")])
    assert steps[-1] == Create("Brightside Dental")


def test_several_email_matches_are_refused_naming_them_and_the_cure():
    step = walk([contact("X1", "A", email=PARTY.email), contact("X2", "B", email=PARTY.email)])[-1]
    assert isinstance(step, Refuse)
    assert all(word in step.message for word in ("A (X1)", "B (X2)", "link"))


@pytest.mark.parametrize(
    "archived",
    [
        contact(number=NUMBER, is_active=False),
        contact(name="Other", email=PARTY.email, is_active=False),
        contact(is_active=False),
    ],
    ids=["by number", "by email", "by name"],
)
def test_an_archived_match_is_refused_not_passed_over(archived):
    step = walk([archived])[-1]
    assert isinstance(step, Refuse)
    assert "archived" in step.message


def test_an_archived_namesake_that_is_not_ours_does_not_stand_in_the_way():
    assert walk([contact(number="another", is_active=False)])[-1] == Create("Brightside Dental")


def test_an_active_match_outranks_an_archived_one():
    xero = [contact("OLD", "B", email=PARTY.email, is_active=False), contact("X1", email="")]
    both = [*xero, contact("NEW", "C", email=PARTY.email)]
    assert walk(both)[-1] == Use("NEW", "email")


def test_a_merge_is_followed_to_its_end():
    xero = [
        contact("A", is_active=False, merged_into="B"),
        contact("B", is_active=False, merged_into="C"),
        contact("C"),
    ]
    assert walk(xero, link="A", check_link=True)[-1] == Use("C", "linked")


def test_a_merge_in_a_circle_is_refused():
    xero = [
        contact("A", is_active=False, merged_into="B"),
        contact("B", is_active=False, merged_into="C"),
        contact("C", is_active=False, merged_into="A"),
    ]
    step = walk(xero, link="A", check_link=True)[-1]
    assert isinstance(step, Refuse)
    assert "circle" in step.message


def test_a_link_to_nothing_is_refused():
    step = walk([], link="GONE", check_link=True)[-1]
    assert isinstance(step, Refuse)
    assert "does not exist" in step.message


def test_a_name_taken_meanwhile_by_our_own_twin_is_adopted():
    """Two invoices for one new customer: the second finds what the first created."""
    seen = (NO_NUMBER, NO_EMAIL, NO_NAME, NameTaken(PARTY.name))
    assert resolve(PARTY, None, seen) == Read(By.NAME, PARTY.name)
    twin = Found(By.NAME, PARTY.name, (contact(number=NUMBER, email=PARTY.email),))
    assert resolve(PARTY, None, (*seen, twin)) == Use("X1", "name")


def test_a_name_taken_by_another_leads_to_the_name_with_a_short_id():
    stranger = contact(number="another")
    seen = (NO_NUMBER, NO_EMAIL, NO_NAME, NameTaken(PARTY.name))
    step = resolve(PARTY, None, (*seen, Found(By.NAME, PARTY.name, (stranger,))))
    assert step == Create(SHORT)


def test_both_names_taken_by_others_is_refused():
    step = walk(
        [contact("X1", number="other"), contact("X2", SHORT, number="other")], taken={SHORT}
    )
    assert isinstance(step[-1], Refuse)


def test_nobody_to_invoice_is_refused():
    assert isinstance(resolve(None, None, ()), Refuse)
    assert isinstance(resolve(Party(Entity.CONTACT, OURS, ""), None, ()), Refuse)


def test_names_fit_xero():
    party = Party(Entity.CUSTOMER, OURS, "x" * 400)
    assert [len(name) for name in party.names] == [255, 255]


contacts = st.builds(
    PlatformContact,
    contact_id=st.sampled_from(["X1", "X2", "X3"]),
    name=st.sampled_from([PARTY.name, SHORT, "Other"]),
    number=st.sampled_from([None, NUMBER, "another"]),
    email=st.sampled_from([None, PARTY.email, "else@where.test"]),
    is_active=st.booleans(),
    merged_into=st.sampled_from([None, "X1", "X2", "X3"]),
)


@given(st.lists(contacts, max_size=4, unique_by=lambda c: c.contact_id), st.booleans())
def test_every_world_leads_to_an_end_and_never_to_anothers_contact(xero, taken):
    steps = walk(xero, taken={PARTY.name} if taken else set())
    last = steps[-1]
    assert isinstance(last, Use | Create | Refuse)
    if isinstance(last, Use):
        (used,) = [c for c in xero if c.contact_id == last.contact_id]
        assert used.is_active
        merged = any(isinstance(s, Read) and s.by is By.ID for s in steps)
        assert merged or used.number in {None, NUMBER}
