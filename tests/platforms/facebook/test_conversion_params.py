"""What a conversion request may say, and what is made of it before anything is stored."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conversions.hashing import HASHED
from infra.clock import utc_now
from infra.envelope import Refused
from infra.platforms.facebook.arriving import kept
from infra.wire import checked_params
from tests.platforms.facebook.conversions import EMAIL, RAW, event

PARAMS = "infra.platforms.facebook.params:Conversion"
EM = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"


def checked(*events, **more):
    return checked_params(PARAMS, {"events": list(events), **more})


def problems(*events, **more):
    with pytest.raises(Refused) as refused:
        checked(*events, **more)
    return {problem.field: problem.problem for problem in refused.value.problems}


def test_what_must_be_hashed_is_hashed_and_nothing_else_is():
    (normal,) = checked(event())["events"]
    person = normal["user_data"]
    assert all(len(one) == 64 for key in HASHED for one in person[key])
    assert person["external_id"] == ["crm-7"]
    assert person["client_ip_address"] == "203.0.113.77"
    assert person["client_user_agent"] == "Mozilla/5.0 (Byron)"
    text = json.dumps(normal, ensure_ascii=False)
    assert not [raw for raw in RAW if raw in text]


def test_an_event_without_a_time_is_of_the_moment_its_request_came_in():
    timeless = event()
    del timeless["event_time"]
    before = int(utc_now().timestamp())
    (normal,) = checked(timeless)["events"]
    assert before <= normal["event_time"] <= utc_now().timestamp()


def test_lists_hashes_and_repetitions():
    person = {"em": ["John_Smith@gmail.com", EM.upper(), "jo@x.test"], "external_id": ["a", "b"]}
    (normal,) = checked(event(user_data=person))["events"]
    assert normal["user_data"]["em"][0] == EM
    assert len(normal["user_data"]["em"]) == 2
    assert normal["user_data"]["external_id"] == ["a", "b"]


def test_checking_again_changes_nothing():
    once = checked(event(custom_data={"value": 12.5, "currency": "aud"}), test_event_code="T1")
    assert checked_params(PARAMS, once) == once
    assert once["events"][0]["custom_data"] == {"value": 12.5, "currency": "AUD"}


def test_a_state_depends_on_the_country_even_when_it_comes_hashed():
    person = {"em": "jo@x.test", "st": "Georgia"}
    america = checked(event(user_data={**person, "country": "us"}))
    known = america["events"][0]["user_data"]
    hashed_country = checked(event(user_data={**person, "country": known["country"]}))
    elsewhere = checked(event(user_data={**person, "country": "au"}))
    assert hashed_country["events"][0]["user_data"]["st"] == known["st"]
    assert elsewhere["events"][0]["user_data"]["st"] != known["st"]


@given(st.decimals(0, 10**12, places=3).filter(lambda d: len(d.as_tuple().digits) <= 15))
def test_an_amount_goes_out_as_it_came_in(amount):
    given_ = json.loads(f'{{"value": {amount}, "currency": "AUD"}}')
    (normal,) = checked(event(custom_data=given_))["events"]
    assert json.loads(json.dumps(normal))["custom_data"]["value"] == given_["value"]


WEBSITE = {"action_source": "website", "event_source_url": "https://shop.test/thanks"}


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"event_name": ""}, "event_name", "at least 1 character"),
        ({"event_time": "now"}, "event_time", "valid integer"),
        ({"event_time": 1_795_417_701_000}, "event_time", "not in milliseconds"),
        ({"action_source": "shop"}, "action_source", "'physical_store'"),
        ({"typo": 1}, "typo", "unknown field"),
        ({"event_source_url": "shop.test"}, "event_source_url", "should match"),
        ({"action_source": "website"}, "event_source_url", "is required where"),
        (
            WEBSITE | {"user_data": {"em": EM}},
            "user_data.client_user_agent",
            "is required where action_source is website",
        ),
        ({"user_data": {}}, "user_data", "names nobody"),
        ({"user_data": {"em": []}}, "user_data.em", "must hold 1 to 50"),
        ({"user_data": {"fn": "Jo", "ge": "f"}}, "user_data", "too broad (fn, ge)"),
        ({"user_data": {"em": 5}}, "user_data.em", "must be a string or a list"),
        ({"user_data": {"em": [None]}}, "user_data.em", "must be a string or a list"),
        ({"user_data": {"ph": "0412 345 678"}}, "user_data.ph", "its country code"),
        ({"user_data": {"email": "jo@x.test"}}, "user_data.email", "unknown field"),
        (
            {"user_data": {"em": EM, "client_ip_address": "::g"}},
            "user_data.client_ip_address",
            "IPv4 or IPv6",
        ),
        ({"user_data": {"em": EM, "fbc": "IwAR2"}}, "user_data.fbc", "as it is"),
        ({"user_data": {"em": EM, "lead_id": True}}, "user_data.lead_id", "must be an id"),
        ({"event_name": "Purchase"}, "custom_data.value", "is required for a Purchase"),
        ({"event_name": "Purchase"}, "custom_data.currency", "is required for a Purchase"),
        ({"custom_data": {"value": 5}}, "custom_data.currency", "is required for a value"),
        (
            {"custom_data": {"value": 1234567890.123456, "currency": "AUD"}},
            "custom_data.value",
            "15 digits",
        ),
        ({"custom_data": {"value": -1, "currency": "AUD"}}, "custom_data.value", "greater than"),
        ({"custom_data": {"currency": "dollars"}}, "custom_data.currency", "match pattern"),
        ({"custom_data": {"colour": "red"}}, "custom_data.colour", "unknown field"),
        (
            {"custom_data": {"custom_properties": {"a": {"b": 1}}}},
            "custom_data.custom_properties.a",
            "a string, a number",
        ),
        ({"data_processing_options": ["CCPA"]}, "data_processing_options[0]", "'LDU'"),
    ],
)  # fmt: skip
def test_each_problem_has_its_path_and_says_what_would_be_right(wrong, field, words):
    found = problems(event(), event(**wrong))
    assert words in found[f"params.events[1].{field}"]


def test_every_problem_is_told_at_once_and_no_value_is_repeated():
    wrong = {"ph": "0412 345 678", "em": "jo.mills", "country": "Australia", "zz": "Jo Mills"}
    found = problems(event(user_data=wrong), event(event_time=0), 5)
    assert {field.rpartition(".")[2] for field in found} >= {"ph", "em", "country", "zz"}
    assert {"params.events[1].event_time", "params.events[2]"} <= set(found)
    assert not [value for value in wrong.values() if value in str(found)]


def test_an_event_may_be_named_once_in_a_request():
    found = problems(event(event_id="a"), event(event_id="b"), event(event_id="a"))
    assert found == {
        "params.events[2].event_id": "is that of events[0] too: Meta would discard the second"
    }
    checked(event(event_id="a"), event(event_id="a", event_name="Contact"))


@pytest.mark.parametrize("wrong", [[], {}, "x", None, [event()] * 1001])
def test_how_many_events_a_request_may_have(wrong):
    with pytest.raises(Refused) as refused:
        checked_params(PARAMS, {"events": wrong})
    assert {problem.field for problem in refused.value.problems} == {"params.events"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(JSON, st.sampled_from(["events", "user_data", "custom_data", "em", "event_id"]))
def test_whatever_comes_is_checked_or_refused(value, where):
    person = {"em": value} if where == "em" else value
    one = event() | {"user_data" if where == "em" else where: person}
    try:
        checked_params(PARAMS, {"events": value} if where == "events" else {"events": [one]})
    except Refused:
        return  # any other exception fails the test


@settings(max_examples=60)
@given(JSON)
def test_of_a_refused_request_nothing_is_kept_that_says_who_it_was(value):
    odd = event(event_id=value, em=EMAIL)
    for params in ({"events": [odd, value]}, {"events": value}, {"events": {"em": EMAIL}}):
        text = json.dumps(kept(params), ensure_ascii=False)
        assert not [raw for raw in (*RAW, EMAIL) if raw in text]
