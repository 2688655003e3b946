"""The client by HTTP: identity, repeats, refusals, waiting, streams."""

import itertools
import threading
import time
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from actionfleet import (
    ActionFailed,
    AnyRequest,
    Conflict,
    EventsGone,
    FleetHTTP,
    NotFound,
    NotPermitted,
    Refused,
    StillOpen,
    Unavailable,
)
from actionfleet.requests import SlackSendMessage, XeroCreateInvoice, XeroRecordPayment
from tests.harness.api_stub import KEY

INTEGRATION = "b2000000-0000-4000-8000-000000000000"
HELLO = SlackSendMessage(channel="C0GENERAL", text="hello")


def test_two_lines(stub, fleet_http) -> None:
    action = fleet_http.submit(HELLO, INTEGRATION)
    assert fleet_http.wait(action.id).outcome() == {"ts": "1.2"}
    (_, path, headers, body) = stub.posts()[0]
    assert path == f"/integrations/{INTEGRATION}/action"
    assert body == {"action_type": "slack_send_message", "params": HELLO.params()}
    assert str(UUID(headers["idempotency-key"])) == headers["idempotency-key"]


def test_params_are_plain_and_exact() -> None:
    invoice = uuid4()
    payment = XeroRecordPayment(
        invoice_id=invoice, amount=Decimal("0.10"), date=date(2026, 3, 1), reference=""
    )
    assert payment.params() == {
        "invoice_id": str(invoice), "amount": "0.10", "date": "2026-03-01", "reference": "",
    }  # fmt: skip
    with pytest.raises(TypeError):
        AnyRequest("x", {"of": object()}).params()


def test_the_deal_and_who_asks_go_along(stub, fleet_http) -> None:
    deal, mine = uuid4(), uuid4()
    fleet_http.submit(
        XeroCreateInvoice(portion="deposit"),
        UUID(INTEGRATION),
        deal_id=deal,
        data={"deal": {"name": "Kestrel"}},
        requested_by="jo",
        id=mine,
    )
    (_, _, headers, body) = stub.posts()[0]
    assert headers["idempotency-key"] == str(mine)
    assert body["data"] == {"deal": {"name": "Kestrel", "id": str(deal)}}
    assert body["requested_by"] == "jo"


@pytest.mark.parametrize(
    "faults", [["drop"], ["drop", "drop"], [(503, {})], [(500, {})], [(502, {}), "drop"]]
)
def test_a_lost_answer_is_asked_for_again_under_the_same_id(stub, fleet_http, faults) -> None:
    stub.faults = list(faults)
    action = fleet_http.submit(HELLO, INTEGRATION)
    assert len(stub.actions) == 1
    assert action.id in stub.actions
    keys = {headers["idempotency-key"] for _, _, headers, _ in stub.posts()}
    assert len(keys) == 1
    assert len(stub.posts()) == len(faults) + 1


def test_it_waits_as_long_as_it_is_asked_to(stub, fleet_http) -> None:
    stub.faults = [(429, {}, {"Retry-After": "1"})]
    began = time.monotonic()
    fleet_http.submit(HELLO, INTEGRATION)
    assert time.monotonic() - began >= 1
    stub.faults = [(429, {"detail": "this key has made its calls"}, {"Retry-After": "60"})]
    with pytest.raises(Unavailable, match="has made its calls"):  # longer than its patience
        fleet_http.submit(HELLO, INTEGRATION)


def test_when_patience_ends_the_id_is_told(stub) -> None:
    impatient = FleetHTTP(stub.url, KEY, patience_s=0.3)
    stub.faults = ["drop"] * 20
    with pytest.raises(Unavailable) as caught:
        impatient.submit(HELLO, INTEGRATION)
    stub.faults = []
    again = impatient.submit(HELLO, INTEGRATION, id=caught.value.id)
    assert list(stub.actions) == [again.id]


def test_nobody_there_is_unavailable() -> None:
    nobody = FleetHTTP("http://127.0.0.1:9", KEY, patience_s=0.1)
    with pytest.raises(Unavailable):
        nobody.submit(HELLO, INTEGRATION)


def test_every_problem_is_carried_by_its_path(stub, fleet_http) -> None:
    wrong = AnyRequest("slack_send_message", {"no_such": 1, "no_such_either": 2})
    with pytest.raises(Refused) as caught:
        fleet_http.submit(wrong, INTEGRATION)
    assert [one.field for one in caught.value.problems] == [
        "params.no_such",
        "params.no_such_either",
    ]
    assert "params.no_such_either" in str(caught.value)
    assert (caught.value.status, caught.value.request_id) == (422, "r-1")
    assert len(stub.posts()) == 1  # no repeat would help


def test_the_same_id_with_another_request_is_a_conflict(stub, fleet_http) -> None:
    mine = uuid4()
    fleet_http.submit(HELLO, INTEGRATION, id=mine)
    with pytest.raises(Conflict):
        fleet_http.submit(SlackSendMessage(channel="C1", text="x"), INTEGRATION, id=mine)


def test_refusals_of_the_caller(stub, fleet_http) -> None:
    with pytest.raises(NotPermitted):
        FleetHTTP(stub.url, "tp_live_wrong").submit(HELLO, INTEGRATION)
    with pytest.raises(NotFound):
        fleet_http.get(uuid4())


def test_an_answer_of_somebody_else_is_no_answer(stub, fleet_http) -> None:
    stub.faults = [(200, [])]
    with pytest.raises(Unavailable):
        fleet_http.get(uuid4())


def test_waiting_ends(stub, fleet_http) -> None:
    stub.looks = 1000
    action = fleet_http.submit(HELLO, INTEGRATION)
    with pytest.raises(StillOpen) as caught:
        fleet_http.wait(action.id, timeout_s=0.4)
    assert isinstance(caught.value, TimeoutError)
    assert fleet_http.submit(HELLO, INTEGRATION, wait_s=5).status == "succeeded"


@pytest.mark.parametrize("status", ["rejected", "cancelled", "parked"])
def test_another_end_than_success_is_raised_with_its_reason(stub, fleet_http, status) -> None:
    problems = [{"field": "params.text", "problem": "is required"}]
    stub.outcome = {"status": status, "error": {"message": "no channel", "problems": problems}}
    action = fleet_http.submit(HELLO, INTEGRATION)
    ended = fleet_http.wait(action.id)
    assert ended.at_rest
    with pytest.raises(ActionFailed, match="no channel") as caught:
        ended.outcome()
    assert caught.value.problems[0].field == "params.text"


def test_events_come_in_order_across_broken_streams_and_none_twice(stub, fleet_http) -> None:
    first = stub.event()
    ids = [stub.event(number=n) for n in range(7)]
    stub.per_stream = 3
    stub.faults = [(503, {})]
    heard = itertools.islice(fleet_http.events("action.*", last_id=first), 7)
    assert [event.id for event in heard] == ids
    streams = [headers for _, path, headers, _ in stub.calls if path == "/events"]
    assert [one.get("last-event-id") for one in streams] == [first, first, ids[2], ids[5]]


def test_a_place_no_longer_kept_is_told(fleet_http) -> None:
    with pytest.raises(EventsGone):
        next(fleet_http.events(last_id=str(uuid4())))


def test_threads_share_one(stub, fleet_http) -> None:
    found = []
    work = [
        threading.Thread(target=lambda: found.append(fleet_http.submit(HELLO, INTEGRATION).id))
        for _ in range(20)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(set(found)) == 20


def test_the_key_is_not_shown(fleet_http) -> None:
    assert KEY not in repr(fleet_http)
