"""The SDK writes requests and does nothing else; what was frozen is what goes out."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from infra.clock import utc_now
from infra.exchange import Broken, Transport
from infra.platform import Call
from infra.platforms.xero.client import TENANT, body_of, frozen, parsed, quoted, send, since
from infra.sandbox import seed
from infra.session import Session


def session(sandbox, tenant=seed.TENANT_ONE, token=seed.ACCESS_TOKEN, transport=None):
    return Session(
        transport=transport or Transport(2, 4),
        base_url=sandbox.url + "/xero",
        tenant_key=tenant,
        credentials={"access_token": token},
        send_by=utc_now() + timedelta(seconds=20),
        send_by_monotonic=time.monotonic() + 20,
        call_timeout_s=5,
    )


def seen_by(sandbox):
    return sandbox.control("GET", "/requests?platform=xero")["requests"]


def test_a_frozen_write_keeps_its_bytes_and_says_nothing_of_the_tenant():
    call = frozen(
        lambda api: api.create_invoices(TENANT, b'{"a": 1}', summarize_errors=False, unitdp=4),
        covers=[1],
    )
    assert call == Call(
        "PUT",
        "/api.xro/2.0/Invoices",
        {"summarizeErrors": "false", "unitdp": "4"},
        b'{"a": 1}',
        {"covers": [1]},
    )


def test_a_frozen_read_keeps_its_condition():
    moment = datetime(2026, 2, 6, 12, 17, 43, 202_000, tzinfo=timezone(timedelta(hours=-8)))
    call = frozen(
        lambda api: api.get_invoices(TENANT, if_modified_since=since(moment), i_ds=["a", "b"])
    )
    assert call.context == {"headers": {"If-Modified-Since": "2026-02-06T20:17:43"}}
    assert call.query == {"IDs": "a,b"}


def test_the_bytes_sent_are_the_bytes_frozen_under_the_key_given(sandbox):
    body = b'{"Contacts":  [ {"Name":"\xc3\xa9\xf0\x9f\xa5\xa3"} ]}\n'
    call = frozen(lambda api: api.create_contacts(TENANT, body, summarize_errors=False))
    exchange = send(session(sandbox), call, "key-1")
    assert exchange.status == 200
    (request,) = seen_by(sandbox)
    assert request["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert (request["idempotency_key"], request["tenant"]) == ("key-1", seed.TENANT_ONE)


def test_the_query_goes_out_in_one_order_whatever_order_was_stored(sandbox):
    query = {"where": 'Type=="ACCREC"', "page": "1", "order": "UpdatedDateUTC ASC"}
    for stored in (query, dict(reversed(query.items()))):
        send(session(sandbox), Call("GET", "/api.xro/2.0/Invoices", stored))
    first, second = seen_by(sandbox)
    assert first["query"] == second["query"]


def test_two_tenants_in_threads_never_get_each_others_token(sandbox):
    """With xero-python left alone this mixes tokens (its issues 94 and 99)."""
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": None, "concurrent": None})
    transport = Transport(2, 4)
    call = frozen(lambda api: api.get_organisations(TENANT))
    tokens = {  # each opens one organisation alone
        tenant: sandbox.control("POST", "/xero/tokens", {"tenants": [tenant]})["access_token"]
        for tenant in seed.TENANTS
    }

    def ask(tenant):
        exchange = send(session(sandbox, tenant, tokens[tenant], transport), call)
        return tenant, exchange.status, parsed(exchange.answer)["Organisations"][0]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, list(tokens) * 60))
    assert {status for _, status, _ in answers} == {200}
    assert all(tenant == found["OrganisationID"] for tenant, _, found in answers)


def test_the_token_of_one_tenant_opens_no_other(sandbox):
    call = frozen(lambda api: api.get_organisations(TENANT))
    wrong = session(sandbox, seed.TENANT_TWO, seed.ACCESS_TOKEN_ONE)
    assert send(wrong, call).status == 403


def test_a_dropped_put_is_sent_once(sandbox):
    """urllib3 would send it three times more (xero-python's default)."""
    sandbox.fault("xero", "drop_before_commit", times=None)
    call = frozen(lambda api: api.create_contacts(TENANT, b"{}", summarize_errors=False))
    with pytest.raises(Broken):
        send(session(sandbox), call, "key-2")
    assert len(seen_by(sandbox)) == 1


def test_a_rate_limit_is_answered_at_once_not_slept_through(sandbox):
    sandbox.fault("xero", "rate_limited", retry_after=30)
    began = time.monotonic()
    exchange = send(session(sandbox), frozen(lambda api: api.get_organisations(TENANT)))
    assert exchange.status == 429
    assert time.monotonic() - began < 2


def test_amounts_are_exact_in_both_directions():
    assert parsed(b'{"a": 0.1, "b": 12345678901234.57}') == {
        "a": Decimal("0.1"),
        "b": Decimal("12345678901234.57"),
    }
    assert body_of({"a": Decimal("12345678901.0001"), "é": "ü"}) == (
        '{"a": 12345678901.0001, "é": "ü"}'.encode()
    )
    with pytest.raises(ValueError, match="15 digits"):
        body_of({"a": Decimal("0.12345678901234567")})
    with pytest.raises(TypeError):
        body_of({"a": datetime.now(UTC)})  # noqa: TID251 - any moment will do


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"NaN", b'{"a": NaN}', b'{"a"', b"\xff", b"[" * 10**5]
)
def test_what_is_no_json_object_is_none(body):
    assert parsed(body) is None


def test_where_literals_are_quoted():
    assert quoted('A & B "Co" \\') == '"A & B \\"Co\\" \\\\"'
