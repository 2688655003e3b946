"""What Postmark's answers mean, whatever they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.postmark.errors import read


def answered(status, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("POST", "http://x/email", {}, b"", utc_now(), 0.0, 0.0)
    exchange.status, exchange.answer = status, raw
    return read(exchange)


def error(code, words="words"):
    return {"ErrorCode": code, "Message": words}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "blocks"),
    [
        (401, error(10), Deferred, "unauthorised", Blocks.CONNECTION),
        (401, b"<html>", Deferred, "unauthorised", Blocks.CONNECTION),
        (422, error(405), Deferred, "no_credits", Blocks.TENANT),
        (422, error(412), Deferred, "account_pending", Blocks.EFFECT),
        (422, error(413), Deferred, "may_not_send", Blocks.CONNECTION),
        (429, error(429), Deferred, "rate_limited", Blocks.TENANT),
        (429, b"", Deferred, "rate_limited", Blocks.TENANT),
        (503, error(100), Unknown, "http_503", None),
        (200, error(100), Deferred, "maintenance", Blocks.TENANT),
        (422, error(406), Rejected, "inactive_recipient", None),
        (422, error(300), Rejected, "invalid_email", None),
        (422, error(1101), Rejected, "postmark_1101", None),
        (413, error(300), Rejected, "invalid_email", None),
        (200, error(406), Rejected, "inactive_recipient", None),
        (200, [error(406)], Rejected, "inactive_recipient", None),
        (500, error(500), Unknown, "http_500", None),
        (503, b"<html>proxy", Unknown, "http_503", None),
        (502, b"", Unknown, "http_502", None),
        (200, b"<html>", Unknown, "unreadable_answer", None),
        (404, b"not here", Unknown, "unreadable_answer", None),
        (422, {"Message": "no code"}, Unknown, "unreadable_answer", None),
        (302, b"", Deferred, "redirected", Blocks.EFFECT),
    ],
)
def test_each_answer_has_its_outcome(status, body, kind, code, blocks):
    outcome = answered(status, body)
    assert (type(outcome), outcome.code) == (kind, code)
    assert blocks is None or outcome.blocks is blocks


def test_a_refusal_keeps_postmarks_words():
    assert answered(422, error(406, "Found inactive")).message == "Postmark: Found inactive"


def test_numbers_in_the_body_are_not_http_statuses():
    assert isinstance(answered(422, error(401)), Rejected)  # a sender not confirmed, not a token
    assert isinstance(answered(422, error(503)), Rejected)


@given(st.integers(0, 999), st.binary(max_size=200))
def test_every_answer_has_one(status, body):
    assert isinstance(answered(status, body), dict | Rejected | Deferred | Unknown)


@given(st.integers(0, 999), st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_every_json_has_one(status, body):
    outcome = answered(status, {"ErrorCode": body, "Message": body})
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)
    if status >= 400:
        assert not isinstance(outcome, dict)
