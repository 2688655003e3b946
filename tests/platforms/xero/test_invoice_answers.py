"""A call of several invoices answered by a far end that garbles: nobody gets another's outcome."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions.outcome import Outcome, Rejected, Succeeded, Unknown
from domain.actions.plan import Request
from infra.clock import utc_now
from infra.exchange import Exchange, Transport
from infra.platform import Call, Sent
from infra.platforms.xero.invoice_calls import BATCH
from infra.session import Session

IDS = [UUID(int=number) for number in range(1, 6)]
CONTEXT = {"covers": [], "warnings": []}


def element(effect_id: UUID, **changes: Any) -> dict[str, Any]:
    """An accepted invoice of this effect; its InvoiceID tells whose it is."""
    return {
        "InvoiceID": f"invoice-{effect_id.int}",
        "Url": f"https://fleet.test/i/{effect_id}",
        "Status": "AUTHORISED",
        "Contact": {"ContactID": "c"},
        "CurrencyCode": "AUD",
        "LineAmountTypes": "Exclusive",
        "Total": 1,
        "AmountDue": 1,
        "DateString": "2026-01-01T00:00:00",
        "UpdatedDateUTC": "/Date(1767225600000+0000)/",
        "StatusAttributeString": "OK",
    } | changes


def refused(effect_id: UUID, **changes: Any) -> dict[str, Any]:
    problem = {"Message": f"refused {effect_id.int}"}
    marked = {"StatusAttributeString": "ERROR", "ValidationErrors": [problem]}
    return element(effect_id) | marked | changes


@dataclass
class Answering:
    """Stands where the transport is, and answers what it is told to."""

    status: int
    body: bytes

    def carry(self, exchange: Exchange) -> None:
        exchange.sent, exchange.status, exchange.answer = True, self.status, self.body


def outcomes(elements: Any, status: int = 200) -> list[Outcome] | Outcome:
    body = json.dumps({"Invoices": elements}).encode()
    session = Session(
        transport=cast("Transport", Answering(status, body)),
        base_url="http://far.test",
        tenant_key="t",
        credentials={"access_token": "x"},
        send_by=utc_now() + timedelta(minutes=1),
        send_by_monotonic=float("inf"),
        call_timeout_s=5,
    )
    request = Request(IDS[0], IDS[0], IDS[0], "xero_create_invoice", {})
    call = Call("PUT", "/Invoices", {}, b"{}", CONTEXT)
    sents = [
        Sent(one, request, {}, call, "key", utc_now(), None, place, len(IDS))
        for place, one in enumerate(IDS)
    ]
    told = BATCH.perform(session, sents)
    return list(told) if isinstance(told, list) else cast("Outcome", told)


Garbled = st.lists(
    st.one_of(
        st.sampled_from(IDS).map(element),
        st.sampled_from(IDS).map(refused),
        st.none(),
        st.integers(),
        st.text(max_size=5),
        st.just({}),
        st.sampled_from(IDS).map(lambda one: {**element(one), "Total": "much"}),
    ),
    max_size=8,
)


@settings(deadline=None)  # the first one loads the SDK
@given(Garbled)
def test_any_garbled_answer_gives_each_its_own_outcome_or_leaves_it_unknown(
    elements: list[Any],
) -> None:
    told = outcomes(elements)
    assert isinstance(told, list)
    for effect_id, outcome in zip(IDS, told, strict=True):
        match outcome:
            case Succeeded():
                assert outcome.external_id == f"invoice-{effect_id.int}"
            case Rejected():
                assert f"refused {effect_id.int}" in outcome.message
            case _:
                assert isinstance(outcome, Unknown)


@settings(deadline=None)
@given(st.permutations(IDS), st.sets(st.sampled_from(IDS)))
def test_in_any_order_the_mark_tells_whose_it_is(order: list[UUID], bad: set[UUID]) -> None:
    told = outcomes([refused(one) if one in bad else element(one) for one in order])
    assert isinstance(told, list)
    for effect_id, outcome in zip(IDS, told, strict=True):
        if effect_id in bad:
            assert isinstance(outcome, Rejected)
            assert f"refused {effect_id.int}" in outcome.message
        else:
            assert isinstance(outcome, Succeeded)
            assert outcome.external_id == f"invoice-{effect_id.int}"


@settings(deadline=None)
@given(st.lists(st.sampled_from([element, refused]), min_size=5, max_size=5), st.integers(0, 7))
def test_without_marks_the_place_counts_and_only_when_the_count_is_right(
    kinds: list[Callable[..., dict[str, Any]]], count: int
) -> None:
    whole = [kind(one, Url=None) for kind, one in zip(kinds, IDS, strict=True)]
    elements = (whole + whole)[:count]
    told = outcomes(elements)
    assert isinstance(told, list)
    for kind, effect_id, outcome in zip(kinds, IDS, told, strict=True):
        if count != len(IDS):
            assert isinstance(outcome, Unknown)
        elif kind is element:
            assert isinstance(outcome, Succeeded)
            assert outcome.external_id == f"invoice-{effect_id.int}"
        else:
            assert isinstance(outcome, Rejected)


def test_a_refusal_without_elements_is_one_outcome_for_all() -> None:
    assert isinstance(outcomes([], status=400), Rejected)
    assert isinstance(outcomes([], status=503), Unknown)
