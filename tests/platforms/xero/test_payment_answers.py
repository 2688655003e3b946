"""What Xero's answer to a payment means: its own words, one fixed sentence, or how things stand."""

import json
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.actions.outcome import Rejected, Succeeded, Unknown
from domain.actions.plan import Request
from infra.clock import utc_now
from infra.platform import Call, Sent
from infra.platforms.xero.payments import FAILED, RECORD
from infra.session import Session


class Answers:
    """A far end that answers everything alike."""

    def __init__(self, status, answer):
        self.status, self.answer = status, answer

    def carry(self, exchange):
        exchange.status, exchange.answer, exchange.answer_headers = self.status, self.answer, {}
        exchange.started_at, exchange.seconds = utc_now(), 0.1


def performed(status, answer):
    session = Session(
        transport=Answers(status, answer),
        base_url="http://127.0.0.1",
        tenant_key="t",
        credentials={"access_token": "x"},
        send_by=utc_now() + timedelta(seconds=20),
        send_by_monotonic=time.monotonic() + 20,
        call_timeout_s=5,
    )
    request = Request(uuid4(), uuid4(), uuid4(), "xero_record_payment", {})
    asked = {"asked": {"amount": "1.00", "date": "2026-01-01", "reference": "AF-1"}}
    call = Call("PUT", "/api.xro/2.0/Payments", {}, b"{}", asked)
    sent = Sent(UUID(int=1), request, {}, call, "key", utc_now())
    return RECORD.perform(session, sent)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (400, b"", FAILED),
        (400, b"<html>no</html>", FAILED),
        (404, b"", FAILED),
        (200, b'{"Payments": [{"HasValidationErrors": true}]}', FAILED),
        (200, b'{"Payments": [{"StatusAttributeString": "ERROR"}]}', FAILED),
        (
            200,
            (
                b'{"Payments": [{"PaymentID": "1", "HasValidationErrors": true,'
                b' "ValidationErrors": [{"Message": "It is too much"}]}]}'
            ),
            "It is too much",
        ),
        (400, b'{"Message": "Nothing fits"}', "Nothing fits"),
        (
            400,
            (
                b'{"Message": "A validation exception occurred", "Elements":'
                b' [{"ValidationErrors": [{"Message": "One"}, {"Message": "Two"}]}]}'
            ),
            "One; Two",
        ),
    ],
)
def test_a_refusal_shows_xeros_own_words_or_one_fixed_sentence(status, answer, words):
    outcome = performed(status, answer)
    assert isinstance(outcome, Rejected)
    assert outcome.message == words
    assert FAILED == "Failed to record payment."


WHOLE = {
    "Status": "PAID",
    "AmountDue": 0,
    "AmountPaid": 110.5,
    "UpdatedDateUTC": "/Date(1552432238623+0000)/",
}


def told(**invoice):
    body = {"Payments": [{"PaymentID": "P1", "Status": "AUTHORISED", "Invoice": invoice}]}
    return performed(200, json.dumps(body).encode())


def test_the_answer_tells_how_the_invoice_stands():
    outcome = told(**WHOLE)
    assert isinstance(outcome, Succeeded)
    assert outcome.result["invoice"] == {
        "status": "PAID",
        "amount_due": "0",
        "amount_paid": "110.5",
        "updated_utc": "2019-03-12T23:10:38.623000+00:00",
    }


@pytest.mark.parametrize(
    "strange",
    [
        {"Status": "SETTLED"},
        {"AmountDue": None},
        {"AmountDue": True},
        {"AmountPaid": "much"},
        {"UpdatedDateUTC": "yesterday"},
    ],
)
def test_an_answer_that_does_not_tell_it_is_still_a_payment(strange):
    outcome = told(**WHOLE | strange)
    assert isinstance(outcome, Succeeded)
    assert (outcome.external_id, outcome.result["invoice"]) == ("P1", None)


@pytest.mark.parametrize("payment", [{}, {"PaymentID": ""}, {"PaymentID": 7}])
def test_a_payment_without_an_id_is_of_unknown_outcome(payment):
    outcome = performed(200, json.dumps({"Payments": [payment]}).encode())
    assert isinstance(outcome, Unknown)
