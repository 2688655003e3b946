"""What ActiveCampaign's answers mean, whatever they are."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.activecampaign.client import id_of, rows_of
from infra.platforms.activecampaign.errors import read

SERIES = "Could not create SubscriberSeries"
DUPLICATE = {"title": "Email address already exists in the system", "code": "duplicate"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "errors", "title", "detail", "id", "rows"]), inner
        )
    ),
    max_leaves=10,
)


def exchanged(status, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("POST", "http://x/api/3/y", {}, b"", utc_now(), 0.0, 0.0)
    exchange.status, exchange.answer, exchange.answer_headers = status, raw, headers
    return exchange


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (403, {"message": SERIES}, Rejected, "not_entered", SERIES),
        (422, {"errors": [{"status": "422", "detail": SERIES}]}, Rejected, "not_entered", SERIES),
        (400, {"message": f"Error: {SERIES}."}, Rejected, "not_entered", f"Error: {SERIES}."),
        (400, {}, Rejected, "bad_request", "HTTP 400"),
        (404, {"errors": [{"status": 404, "title": "None"}]}, Rejected, "not_found", "None"),
        (404, b"<html>nothing here", Rejected, "not_found", "HTTP 404"),
        (409, b"", Rejected, "conflict", "HTTP 409"),
        (
            422,
            {"errors": [{**DUPLICATE, "detail": "a@b.c"}, {"title": "Two"}, "three", 4, None]},
            Rejected,
            "invalid",
            "Email address already exists in the system: a@b.c; Two; three",
        ),
        (422, {"errors": "one", "message": "all"}, Rejected, "invalid", "all; one"),
        (418, {"title": "Teapot", "detail": "short"}, Rejected, "http_418", "Teapot: short"),
        (401, {"message": "no"}, Deferred, "unauthorised", "no"),
        (401, {"message": SERIES}, Deferred, "unauthorised", SERIES),
        (403, {"message": "Forbidden"}, Deferred, "forbidden", "Forbidden"),
        (403, b"", Deferred, "forbidden", "HTTP 403"),
        (402, {"message": "past due"}, Deferred, "account_unpaid", "past due"),
        (429, b"", Deferred, "rate_limited", "HTTP 429"),
        (301, b"", Deferred, "redirected", "HTTP 301; check the API URL of the connection"),
        (500, {"message": SERIES}, Unknown, "http_500", SERIES),
        (503, b"<html>", Unknown, "http_503", "HTTP 503"),
        (408, b"", Unknown, "http_408", "HTTP 408"),
        (100, b"", Unknown, "http_100", "HTTP 100"),
        (None, b"", Unknown, "http_0", "HTTP 0"),
        (200, b"<html>", Unknown, "unreadable_answer", "HTTP 200 with no JSON object"),
        (201, [1], Unknown, "unreadable_answer", "HTTP 201 with no JSON object"),
        (200, b"[" * 100_000, Unknown, "unreadable_answer", "HTTP 200 with no JSON object"),
    ],
)  # fmt: skip
def test_each_answer_has_its_outcome_and_its_words(status, body, kind, code, words):
    outcome = read(exchanged(status, body))
    assert (type(outcome), outcome.code) == (kind, code)
    assert outcome.message == f"ActiveCampaign: {words}"


def test_a_document_is_an_answer_whatever_is_in_it():
    assert read(exchanged(200, {"succeeded": 0})) == {"succeeded": 0}


@pytest.mark.parametrize(
    ("status", "said", "seconds", "blocks"),
    [
        (429, "30", 30, Blocks.TENANT),
        (429, "0", 1, Blocks.TENANT),
        (429, "999999999", 86_400, Blocks.TENANT),
        (429, None, 5, Blocks.TENANT),
        (429, "soon", 5, Blocks.TENANT),
        (429, "9" * 30, 86_400, Blocks.TENANT),
        (402, None, 3600, Blocks.TENANT),
        (401, None, None, Blocks.CONNECTION),
        (403, "30", None, Blocks.CONNECTION),
    ],
)
def test_how_long_and_how_far_it_waits(status, said, seconds, blocks):
    headers = {} if said is None else {"retry-after": said}
    before = utc_now()
    outcome = read(exchanged(status, {}, **headers))
    assert outcome.blocks is blocks
    if seconds is None:
        assert outcome.until is None
    else:
        assert abs(outcome.until - before - timedelta(seconds=seconds)) < timedelta(seconds=1)


def test_words_are_cut_and_hold_no_secret():
    told = read(exchanged(422, {"message": "api_key=SECRETSECRET " + "x" * 9_000})).message
    assert "SECRETSECRET" not in told
    assert len(told) < 2_100


@given(st.none() | st.integers(0, 999), st.binary(max_size=50) | ANY_JSON, st.text(max_size=12))
def test_every_answer_has_one(status, body, wait):
    exchange = exchanged(status, body, **{"retry-after": wait})
    outcome = read(exchange)
    assert isinstance(outcome, dict | Rejected | Deferred | Unknown)
    if not 200 <= (status or 0) < 300:
        assert not isinstance(outcome, dict)
    assert isinstance(rows_of(exchange, "rows"), list | Rejected | Deferred | Unknown)


@given(ANY_JSON)
def test_an_id_is_digits_or_none(thing):
    found = id_of(thing)
    assert found is None or (isinstance(found, str) and found.isdigit())
    assert id_of({"id": "64"}) == id_of({"id": 64}) == "64"
    assert [id_of({"id": wrong}) for wrong in (True, "", "6x", "٣", -1, 1.0, None)] == [None] * 7
