"""What Cal.com's answers mean, whatever they are."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.calcom.errors import REFUSALS, read, wait

TAKEN = "User either already has booking at this time or is not available"
TEAM_TAKEN = "One of the hosts either already has booking at this time or is not available"
NOBODY_NEW = "emails_must_be_unique_valid"


def exchange(status, body, path="/v2/bookings", method="POST", **headers):
    made = Exchange(method, f"http://x{path}", {}, b"", utc_now(), 0.0, 0.0)
    made.status = status
    made.answer = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.answer_headers = headers
    return made


def error(message, code="BadRequestException"):
    envelope = {"status": "error", "timestamp": "2030-01-01T00:00:00.000Z", "path": "/v2/bookings"}
    return {**envelope, "error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "blocks"),
    [
        (400, error(TAKEN), Rejected, "already_booked", None),
        (400, error(TEAM_TAKEN), Rejected, "already_booked", None),
        (409, error("record that already exists", "CONFLICT"), Rejected, "already_booked", None),
        (400, error("Attempting to book a meeting in the past."), Rejected, "bad_request", None),
        (400, error(NOBODY_NEW, "TRPCError"), Rejected, "bad_request", None),
        (400, error(["a must be b", "c must be d"]), Rejected, "bad_request", None),
        (404, error("Event type with id 7 not found."), Rejected, "not_found", None),
        (422, error("it has no hosts"), Rejected, "unprocessable", None),
        (418, error("teapot"), Rejected, "refused", None),
        (401, error("api key is not valid"), Deferred, "unauthorised", Blocks.CONNECTION),
        (401, b"<html>", Deferred, "unauthorised", Blocks.CONNECTION),
        (403, error("no such permission"), Deferred, "forbidden", Blocks.CONNECTION),
        (403, b"<html>", Deferred, "forbidden", Blocks.CONNECTION),
        (403, error("you_do_not_have_permission", "TRPCError"), Rejected, "forbidden", None),
        (403, error("You don't have necessary permissions to access this resource"), Rejected,
         "forbidden", None),
        (403, error("user is not authorized to access this event type."), Rejected, "forbidden",
         None),
        (429, error("Too many requests"), Deferred, "rate_limited", Blocks.TENANT),
        (429, b"", Deferred, "rate_limited", Blocks.TENANT),
        (500, error("Failed to add guests to the booking"), Unknown, "http_500", None),
        (503, b"<html>", Unknown, "http_503", None),
        (408, error("took too long"), Unknown, "http_408", None),
        (499, b"", Unknown, "http_499", None),
        (302, b"", Deferred, "redirected", Blocks.EFFECT),
        (200, b"<html>", Unknown, "unreadable_answer", None),
        (201, {"status": "success"}, Unknown, "unreadable_answer", None),
        (200, {"status": "error", "data": {}}, Unknown, "unreadable_answer", None),
        (200, [1], Unknown, "unreadable_answer", None),
        (404, b"no such page", Unknown, "unreadable_answer", None),
        (404, {"message": "no route"}, Unknown, "unreadable_answer", None),
        (400, {"error": "words"}, Unknown, "unreadable_answer", None),
    ],
)  # fmt: skip
def test_each_answer_has_its_outcome(status, body, kind, code, blocks):
    outcome = read(exchange(status, body))
    assert (type(outcome), outcome.code) == (kind, code)
    assert blocks is None or outcome.blocks is blocks


def test_a_refusal_keeps_cal_coms_words():
    assert read(exchange(400, error(TAKEN))).message == f"Cal.com: {TAKEN}"
    assert read(exchange(400, error(["a", "b"]))).message == "Cal.com: a; b"
    assert read(exchange(404, error(None) | {"message": "top"})).message == "Cal.com: top"
    assert read(exchange(404, error(None))).message == "Cal.com: HTTP 404"


def test_a_success_gives_its_data():
    assert read(exchange(201, {"status": "success", "data": {"uid": "u"}}))["data"] == {"uid": "u"}


def test_too_many_guests_hold_guests_alone():
    refused = read(exchange(429, b"", "/v2/bookings/u/guests"))
    assert refused.blocks is Blocks.KIND
    assert read(exchange(429, b"", "/v2/bookings/u/guests", "GET")).blocks is Blocks.TENANT


@pytest.mark.parametrize(
    ("headers", "blocks"),
    [
        ({"x-ratelimit-reset-default": "60"}, Blocks.TENANT),
        ({"x-ratelimit-remaining-default": "0"}, Blocks.TENANT),
        ({"x-ratelimit-reset-booking_guests_add": "60"}, Blocks.KIND),
        ({"x-ratelimit-limit-default": "120", "x-ratelimit-limit-booking_guests_add": "5"},
         Blocks.KIND),
        ({"x-other-default": "1"}, Blocks.KIND),
    ],
)  # fmt: skip
def test_guests_refused_by_the_common_limit_hold_the_whole_key(headers, blocks):
    assert read(exchange(429, b"", "/v2/bookings/u/guests", **headers)).blocks is blocks


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"x-ratelimit-reset-default": "75"}, 75),
        ({"x-ratelimit-reset-default": "3"}, 60),
        ({"x-ratelimit-reset-booking_guests_add": "61.5"}, 61.5),
        ({"x-ratelimit-reset-default": "70", "x-ratelimit-reset-other": "90"}, 90),
        ({"x-ratelimit-reset-default": "86400"}, 3600),
        ({"retry-after": "120"}, 120),
        ({"x-ratelimit-reset-default": "-5"}, 60),
        ({"x-ratelimit-reset-default": "soon"}, 60),
        ({"x-ratelimit-reset-default": "nan"}, 60),
        ({"x-ratelimit-reset-default": "inf"}, 60),
        ({"x-ratelimit-remaining-default": "900"}, 60),
    ],
)
def test_how_long_a_429_waits(headers, seconds):
    now = utc_now()
    assert wait(exchange(429, b"", **headers), now) == timedelta(seconds=seconds)


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_reset_may_be_a_unix_time(unit):
    now = utc_now()
    reset = {"x-ratelimit-reset-default": str(int((now.timestamp() + 90) * unit))}
    assert abs(wait(exchange(429, b"", **reset), now) - timedelta(seconds=90)) < timedelta(
        seconds=1
    )
    long_ago = {"x-ratelimit-reset-default": str(int((now.timestamp() - 90) * unit))}
    assert wait(exchange(429, b"", **long_ago), now) == timedelta(seconds=60)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 999), st.binary(max_size=200), st.text(max_size=20))
def test_every_answer_has_an_outcome(status, body, reset):
    made = exchange(status, body, **{"x-ratelimit-reset-default": reset})
    assert isinstance(read(made), dict | Rejected | Deferred | Unknown)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 999), JSON, JSON, st.sampled_from(["success", "error", None]))
def test_every_json_has_an_outcome(status, error_, data, said):
    outcome = read(
        exchange(status, {"status": said, "error": error_, "data": data, "message": data})
    )
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)
    if status >= 300 or status == 0:
        assert not isinstance(outcome, dict)
    if isinstance(outcome, Rejected):
        assert outcome.code in REFUSALS
        assert isinstance(error_, dict)


def test_endless_nesting_is_no_answer():
    assert read(exchange(200, b"[" * 100_000)).code == "unreadable_answer"
