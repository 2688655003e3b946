"""What a request may say, and how what is wrong is named."""

import pytest

from infra.envelope import Refused
from infra.wire import checked_params

LOCATION = "infra.platforms.activecampaign.params:AddToAutomation"
WHO = {"email": "sam@tidewater.test"}
WHERE = {"automation": "Welcome"}


def problems(**params):
    with pytest.raises(Refused) as refused:
        checked_params(LOCATION, params)
    return {one.field.removeprefix("params."): one.problem for one in refused.value.problems}


@pytest.mark.parametrize("number", [64, "64", "064"])
def test_ids_are_numbers_or_digits(number):
    params = checked_params(LOCATION, {"contact_id": number, "automation_id": number})
    assert params == {"contact_id": 64, "automation_id": 64}


def test_all_that_may_be_said_of_a_contact():
    given = {
        "email": " Sam@tidewater.test ",
        "first_name": "Sam",
        "last_name": "",
        "phone": "02 5550 1200",
        "fields": {"1": "Albany", "6": 12, "7": ""},
        "automation": " Welcome ",
    }
    told = {**given, "email": "Sam@tidewater.test", "automation": "Welcome"}
    assert checked_params(LOCATION, given) == told


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        (WHERE, {"contact_id"}),
        (WHO, {"automation_id"}),
        ({}, {"contact_id", "automation_id"}),
        ({**WHO, **WHERE, "contact_id": 1, "automation_id": 2}, {"email", "automation"}),
        ({**WHERE, "contact_id": 1, "first_name": "A", "fields": {}}, {"first_name", "fields"}),
        ({**WHERE, "contact_id": "6x"}, {"contact_id"}),
        ({**WHERE, "contact_id": 0}, {"contact_id"}),
        ({**WHERE, "contact_id": 2**31}, {"contact_id"}),
        ({**WHERE, "contact_id": True}, {"contact_id"}),
        ({**WHERE, "contact_id": 1.0}, {"contact_id"}),
        ({**WHO, "automation": " "}, {"automation"}),
        ({**WHO, "automation": 7}, {"automation"}),
        ({**WHERE, "email": "sam"}, {"email"}),
        ({**WHERE, "email": "a@b.c, d@e.f"}, {"email"}),
        ({**WHERE, **WHO, "fields": {"colour": "x"}}, {"fields.colour.[key]"}),
        ({**WHERE, **WHO, "fields": {"0": "x"}}, {"fields.0.[key]"}),
        ({**WHERE, **WHO, "phone": 25550, "emial": "x"}, {"phone", "emial"}),
    ],
)
def test_every_problem_is_named_by_its_field(params, wrong):
    assert set(problems(**params)) == wrong


@pytest.mark.parametrize("value", [True, 1.5, None, ["a"]])
def test_a_custom_field_is_text_or_a_whole_number(value):
    found = problems(**WHO, **WHERE, fields={"1": value})
    assert all(field.startswith("fields.1") for field in found)


def test_a_problem_says_what_to_do():
    told = problems(contact_id=1, email="x@y.z", first_name="A")
    assert told["email"] == "give exactly one of contact_id and email, not both"
    assert told["automation_id"] == "give exactly one of automation_id and automation"
    only = problems(contact_id=1, first_name="A", **WHERE)
    assert only["first_name"].startswith("goes with email only")
