"""What a workflow's address answers, whatever that is."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.portant.errors import refusal

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


def answered(status, body=b"", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("POST", "http://x/y", {}, b"", utc_now(), 0.0, 0.0)
    exchange.status, exchange.answer = status, raw
    exchange.answer_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(exchange, NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("body", [b"", b"ok", b"<html>", b'{"message": "no"}', b'{"error": {'])
def test_any_2xx_is_accepted_and_its_body_says_nothing(status, body):
    assert answered(status, body) is None


@pytest.mark.parametrize(
    ("status", "kind", "code", "blocks"),
    [
        (404, Deferred, "workflow_gone", Blocks.CONNECTION),
        (410, Deferred, "workflow_gone", Blocks.CONNECTION),
        (429, Unknown, "http_429", None),
        (301, Deferred, "redirected", Blocks.EFFECT),
        (307, Deferred, "redirected", Blocks.EFFECT),
        (308, Deferred, "redirected", Blocks.EFFECT),
        (400, Rejected, "http_400", None),
        (401, Rejected, "http_401", None),
        (403, Rejected, "http_403", None),
        (413, Rejected, "http_413", None),
        (422, Rejected, "http_422", None),
        (302, Unknown, "http_302", None),  # carried out, and shown elsewhere, as many answer
        (303, Unknown, "http_303", None),
        (408, Unknown, "http_408", None),
        (500, Unknown, "http_500", None),
        (502, Unknown, "http_502", None),
        (503, Unknown, "http_503", None),
        (100, Unknown, "http_100", None),
        (999, Unknown, "http_999", None),
    ],
)
def test_each_status_has_its_outcome(status, kind, code, blocks):
    outcome = answered(status)
    assert (type(outcome), outcome.code) == (kind, code)
    assert blocks is None or outcome.blocks is blocks
    assert not isinstance(outcome, Unknown) or not outcome.repeatable


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Client is missing"}, "Portant: Client is missing"),
        ({"error": "no"}, "Portant: no"),
        ({"error": {"message": "inner"}}, "Portant: inner"),
        ({"detail": "more"}, "Portant: more"),
        ({"message": ""}, "Portant: HTTP 422 Unprocessable Entity"),
        ({"message": 5}, "Portant: HTTP 422 Unprocessable Entity"),
        ([], "Portant: HTTP 422 Unprocessable Entity"),
        (b"<html>", "Portant: HTTP 422 Unprocessable Entity"),
        (b"[" * 100_000, "Portant: HTTP 422 Unprocessable Entity"),
        ({"message": "token=abc123"}, "Portant: token=[hidden]"),
        ({"message": "x" * 10_000}, f"Portant: {'x' * 500}"),
    ],
)
def test_a_refusal_keeps_the_words_there_are(body, words):
    assert answered(422, body).message == words


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("17", 17),
        ("0", 1),
        ("9" * 400, 86400),
        (format_datetime(NOW + timedelta(seconds=90)), 90),
        (format_datetime(NOW - timedelta(days=1)), 1),
        ("Wed, 25 Nov 2026 13:02:00 GMT", 120),
    ],
)
def test_too_many_calls_wait_as_long_as_is_said(said, seconds):
    outcome = answered(429, retry_after=said)
    assert outcome.until == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("said", [None, "", "soon", "-5", "²", "Wed, 99 Nov 2026 13:02:00 GMT"])
def test_too_many_calls_that_name_no_time_may_have_begun_a_document(said):
    outcome = answered(429) if said is None else answered(429, retry_after=said)
    assert isinstance(outcome, Unknown)
    assert (outcome.code, outcome.repeatable) == ("http_429", False)


few = settings(max_examples=50, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@few
@given(st.integers(0, 999), st.binary(max_size=200), st.text(max_size=40))
def test_every_answer_has_an_outcome(status, body, retry_after):
    outcome = answered(status, body, retry_after=retry_after)
    assert (outcome is None) == (200 <= status < 300)
    assert outcome is None or isinstance(outcome, Deferred | Rejected | Unknown)
    assert not isinstance(outcome, Rejected) or 400 <= status < 500


@few
@given(st.integers(0, 999), st.sampled_from(["message", "error", "detail"]), JSON)
def test_every_json_has_an_outcome(status, name, body):
    outcome = answered(status, {name: body})
    assert outcome is None or outcome.message.startswith("Portant: ")
