"""What Zoom's answers mean, whatever they are."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.zoom import errors
from infra.platforms.zoom.errors import next_midnight, read

NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
OF_THE_ACCOUNT = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for "
    "details on when you can make another request."
)
OF_THE_HOST = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted "
    "for this particular user. You may resume these requests at GMT 00:00:00."
)
DAILY = {"x-ratelimit-type": "Daily-limit"}


def answered(status, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("POST", "http://x/v2/users/me/meetings", {}, b"", NOW, 0.0, 0.0)
    exchange.status, exchange.answer = status, raw
    exchange.answer_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(exchange)


def error(code, words="words", **more):
    return {"code": code, "message": words, **more}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "blocks"),
    [
        (401, error(124), Deferred, "unauthorised", Blocks.CONNECTION),
        (400, error(124), Deferred, "unauthorised", Blocks.CONNECTION),
        (401, b"<html>", Deferred, "unauthorised", Blocks.CONNECTION),
        (400, error(4711), Deferred, "missing_scopes", Blocks.CONNECTION),
        (401, error(4711), Deferred, "missing_scopes", Blocks.CONNECTION),
        (403, error(4711), Deferred, "missing_scopes", Blocks.CONNECTION),
        (429, error(429), Deferred, "rate_limited", Blocks.TENANT),
        (429, b"", Deferred, "rate_limited", Blocks.TENANT),
        (429, error(429, OF_THE_ACCOUNT), Deferred, "daily_limit", Blocks.TENANT),
        (429, error(429, OF_THE_HOST), Deferred, "host_limit", Blocks.KIND),
        (
            300,
            error(300, "A maximum of 100 meetings can be created/updated for a user in one day"),
            Deferred,
            "host_limit",
            Blocks.KIND,
        ),
        (404, error(1001), Rejected, "no_such_user", None),
        (400, error(300), Rejected, "invalid", None),
        (300, error(300), Rejected, "invalid", None),
        (400, error(200), Rejected, "not_permitted", None),
        (404, error(3001), Rejected, "no_such_meeting", None),
        (400, error(3161), Rejected, "zoom_3161", None),
        (500, error(500), Unknown, "http_500", None),
        (503, error(429, OF_THE_HOST), Unknown, "http_503", None),
        (408, error(300), Unknown, "http_408", None),
        (504, b"<html>", Unknown, "http_504", None),
        (0, b"", Unknown, "http_0", None),
        (200, b"<html>", Unknown, "unreadable_answer", None),
        (201, b"[]", Unknown, "unreadable_answer", None),
        (403, b"<html>", Unknown, "unreadable_answer", None),
        (404, {"message": "no code"}, Unknown, "unreadable_answer", None),
        (400, error("300"), Unknown, "unreadable_answer", None),
        (302, b"", Deferred, "redirected", Blocks.EFFECT),
    ],
)
def test_each_answer_has_its_outcome(status, body, kind, code, blocks):
    outcome = answered(status, body)
    assert (type(outcome), outcome.code) == (kind, code)
    assert blocks is None or outcome.blocks is blocks


def test_a_refusal_keeps_zooms_words_and_the_fields():
    told = [{"field": "topic", "message": "Too long."}, "nonsense", {"field": "agenda"}]
    refused = answered(400, error(300, "Validation Failed.", errors=told))
    assert refused.message == "Zoom: Validation Failed.; topic: Too long.; agenda: None"
    assert refused.details == {"code": 300, "fields": ["topic", "agenda"]}


def test_nothing_secret_is_repeated():
    refused = answered(400, error(300, "join by https://z.test/j/1?pwd=SECRETSECRET"))
    assert "SECRETSECRET" not in refused.message


@pytest.mark.parametrize(
    ("words", "headers", "until"),
    [
        ("slow down", {}, NOW + timedelta(seconds=1)),
        ("slow down", {"retry_after": "7"}, NOW + timedelta(seconds=7)),
        ("slow down", {"retry_after": "0"}, NOW + timedelta(seconds=1)),
        ("slow down", {"retry_after": "2026-11-25T22:31:00Z"}, NOW + timedelta(minutes=1)),
        ("slow down", {"retry_after": "2026-11-25T22:31:00"}, NOW + timedelta(minutes=1)),
        ("slow down", {"retry_after": "2020-01-01T00:00:00Z"}, NOW + timedelta(seconds=1)),
        ("slow down", {"retry_after": "9999-12-31T23:59:59Z"}, NOW + timedelta(days=2)),
        ("slow down", {"retry_after": "9" * 400}, NOW + timedelta(days=2)),
        ("slow down", {"retry_after": "soon"}, NOW + timedelta(seconds=1)),
        ("slow down", {"x_ratelimit_type": "QPS"}, NOW + timedelta(seconds=1)),
        ("no more today", DAILY, MIDNIGHT),
        ("no more today", {**DAILY, "retry_after": "2026-11-26T00:00:00Z"}, MIDNIGHT),
        ("no more today", {**DAILY, "retry_after": "60"}, NOW + timedelta(seconds=60)),
        (OF_THE_ACCOUNT, {}, MIDNIGHT),
        ("You have reached the limit of 6000 requests per day.", {}, MIDNIGHT),
        (OF_THE_ACCOUNT, {"retry_after": "90"}, NOW + timedelta(seconds=90)),
        (OF_THE_ACCOUNT, {"x_ratelimit_type": "QPS"}, NOW + timedelta(seconds=1)),
        (
            "You have reached the maximum per-second rate limit for this API.",
            {},
            NOW + timedelta(seconds=1),
        ),
        ("have a nice day", {}, NOW + timedelta(seconds=1)),
        (OF_THE_HOST, {}, MIDNIGHT),
        (OF_THE_HOST, {"retry_after": "90"}, NOW + timedelta(seconds=90)),
        (OF_THE_HOST, {"retry_after": "2026-11-26T00:00:00Z"}, MIDNIGHT),
    ],
)
def test_a_limit_holds_as_long_as_zoom_says(monkeypatch, words, headers, until):
    monkeypatch.setattr(errors, "utc_now", lambda: NOW)
    outcome = answered(429, error(429, words), **headers)
    assert isinstance(outcome, Deferred)
    assert outcome.until == until
    assert ("try after midnight UTC" in outcome.message) == (words == OF_THE_HOST)


@given(st.datetimes(timezones=st.timezones()))
def test_midnight_is_the_next_one_in_utc(moment):
    midnight = next_midnight(moment)
    assert timedelta() < midnight - moment <= timedelta(days=1)
    assert (midnight.utcoffset(), midnight.hour, midnight.minute) == (timedelta(), 0, 0)


@given(st.integers(0, 999), st.binary(max_size=200), st.text(max_size=40))
def test_every_answer_has_one(status, body, header):
    outcome = answered(status, body, retry_after=header, x_ratelimit_type=header)
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)
    assert not isinstance(outcome, Deferred) or outcome.until is None or outcome.until > utc_now()


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.integers(0, 999), ANY_JSON, ANY_JSON, ANY_JSON)
def test_every_json_has_one(status, code, words, fields):
    outcome = answered(status, {"code": code, "message": words, "errors": fields})
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)
    assert not isinstance(outcome, dict) or 200 <= status < 300


def test_nesting_without_end_is_no_answer():
    assert answered(200, b"[" * 100_000).code == "unreadable_answer"
    assert answered(400, b'{"errors":' * 50_000).code == "unreadable_answer"
