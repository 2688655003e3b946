"""What Meta's answers mean, whatever they are."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.facebook.errors import read

USAGE = "x-business-use-case-usage"


def answered(status, body, headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("POST", "http://x/events", {}, b"", utc_now(), 0.0, 0.0)
    exchange.status, exchange.answer, exchange.answer_headers = status, raw, headers or {}
    return read(exchange)


def error(code, **more):
    return {"error": {"message": "words", "type": "OAuthException", "code": code, **more}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "blocks"),
    [
        (401, error(190), Deferred, "meta_190", Blocks.CONNECTION),
        (400, error(190, error_subcode=463), Deferred, "meta_190", Blocks.CONNECTION),
        (400, error(102), Deferred, "meta_102", Blocks.CONNECTION),
        (403, error(10), Deferred, "meta_10", Blocks.CONNECTION),
        (403, error(200), Deferred, "meta_200", Blocks.CONNECTION),
        (400, error(299, is_transient=True), Deferred, "meta_299", Blocks.CONNECTION),
        (400, error(100, error_subcode=33), Deferred, "meta_100", Blocks.CONNECTION),
        (401, b"<html>", Deferred, "unauthorised", Blocks.CONNECTION),
        (400, error(4), Deferred, "meta_4", Blocks.TENANT),
        (403, error(17), Deferred, "meta_17", Blocks.TENANT),
        (400, error(32), Deferred, "meta_32", Blocks.TENANT),
        (400, error(341), Deferred, "meta_341", Blocks.TENANT),
        (400, error(368), Deferred, "meta_368", Blocks.TENANT),
        (400, error(613, is_transient=True), Deferred, "meta_613", Blocks.TENANT),
        (400, error(80000), Deferred, "meta_80000", Blocks.TENANT),
        (400, error(80014), Deferred, "meta_80014", Blocks.TENANT),
        (429, error(100), Deferred, "meta_100", Blocks.TENANT),
        (429, b"", Deferred, "throttled", Blocks.TENANT),
        (400, error(1), Unknown, "meta_1", None),
        (400, error(2), Unknown, "meta_2", None),
        (400, error(100, is_transient=True), Unknown, "meta_100", None),
        (500, error(190), Unknown, "http_500", None),
        (503, b"<html>proxy", Unknown, "http_503", None),
        (200, b"<html>", Unknown, "unreadable_answer", None),
        (200, b"[1]", Unknown, "unreadable_answer", None),
        (400, b"not here", Unknown, "unreadable_answer", None),
        (404, {"no": "error"}, Unknown, "unreadable_answer", None),
        (400, error("100"), Unknown, "unreadable_answer", None),
        (400, error(100), Rejected, "meta_100", None),
        (400, error(80015), Rejected, "meta_80015", None),
        (403, error(300), Rejected, "meta_300", None),
        (200, error(100), Rejected, "meta_100", None),
        (413, b"<html>", Rejected, "too_large", None),
        (302, b"", Deferred, "redirected", Blocks.EFFECT),
    ],
)
def test_each_answer_has_its_outcome(status, body, kind, code, blocks):
    outcome = answered(status, body)
    assert (type(outcome), outcome.code) == (kind, code)
    assert blocks is None or outcome.blocks is blocks


def test_a_refusal_keeps_metas_words_and_what_its_support_asks_for():
    given_ = error(
        100,
        error_subcode=2804019,
        error_user_title="Missing",
        error_user_msg="The parameter $['data'][0]['event_time'] is required.",
        fbtrace_id="Aabc",
    )
    outcome = answered(400, given_)
    assert outcome.message == "Meta: words: The parameter $['data'][0]['event_time'] is required."
    assert outcome.details == {
        "error_code": 100,
        "error_subcode": 2804019,
        "fbtrace_id": "Aabc",
    }


def wait_of(usage):
    header = usage if isinstance(usage, str) else json.dumps(usage)
    return answered(400, error(80004), {USAGE: header}).until - utc_now()


def use(minutes):
    return {"type": "ads_management", "estimated_time_to_regain_access": minutes}


@pytest.mark.parametrize(
    ("usage", "minutes"),
    [
        ({"1": [use(19)]}, 19),
        ({"1": [use(3), use(7)], "2": [use(5)]}, 7),
        ({"1": [use(0)]}, 5),
        ({"1": [use(-4)]}, 5),
        ({"1": [use("19")]}, 5),
        ({"1": [use(10**400)]}, 5),
        ({"1": [{}], "2": "x", "3": [4]}, 5),
        ([], 5),
        ("nonsense", 5),
        ("", 5),
        ('{"1": [{"estimated_time_to_regain_access": NaN}]}', 5),
    ],
)
def test_how_long_meta_wants_to_be_left_alone(usage, minutes):
    assert abs(wait_of(usage) - timedelta(minutes=minutes)) < timedelta(seconds=5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.integers(0, 999), st.binary(max_size=200), st.text(max_size=80))
def test_every_answer_has_one(status, body, header):
    outcome = answered(status, body, {USAGE: header})
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)


@given(st.integers(0, 999), JSON, JSON, JSON)
def test_every_json_has_one(status, one, other, usage):
    given_ = error(one, error_subcode=other, is_transient=other, error_user_msg=one)
    outcome = answered(status, given_, {USAGE: json.dumps({"1": [use(usage)], "2": usage})})
    assert isinstance(outcome, Rejected | Deferred | Unknown)
    assert isinstance(answered(status, {"error": one}), dict | Rejected | Deferred | Unknown)


def test_a_deeply_nested_answer_has_one():
    assert isinstance(answered(200, b"[" * 200_000), Unknown)
