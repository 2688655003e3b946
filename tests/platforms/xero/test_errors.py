"""Every status and every body has a meaning, and Xero's own words survive."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange
from infra.platforms.xero.errors import answered_at, one_element, read


def exchange(status, body=b"", **headers):
    made = Exchange("PUT", "http://x", {}, b"", utc_now(), 0, 0)
    made.status = status
    made.answer = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.answer_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    made.seconds = 1.5
    return made


TAKEN = (
    "The contact name [TEST] Recording a1a54b7c is already assigned to another contact. "
    "The contact name must be unique across all active contacts."
)


def validation(*words):
    errors = [{"Message": word} for word in words]
    return {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"HasValidationErrors": True, "ValidationErrors": errors}],
    }


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, validation(TAKEN), "name_taken"),
        (400, validation("Email address must be valid."), "validation"),
        (400, validation("The contact X has been archived. The contact must be un-archived before "
                         "creating new invoices or credit notes."), "contact_archived"),
        (400, validation("The specified contact details matched an archived contact. Archived "
                         "contacts cannot currently be edited via the API."), "contact_archived"),
        (400, validation("Account code '201' has been archived"), "validation"),
        (400, {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": "JSON"},
         "validation"),
        (400, b"<html>no</html>", "validation"),
        (404, b"", "not_found"),
        (412, b"", "http_412"),
        (413, b"", "http_413"),
        (422, b"{", "http_422"),
    ],
)  # fmt: skip
def test_refusals(status, body, code):
    outcome = read(exchange(status, body))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert outcome.message.startswith("Xero: ")


def test_a_key_used_for_another_request_leaves_the_outcome_unknown():
    words = "Idempotency Key: k:1 is used with a different request."
    outcome = read(exchange(400, {"Title": "Bad Request", "Detail": words}))
    assert isinstance(outcome, Unknown)
    assert (outcome.code, outcome.repeatable) == ("key_reused", False)


def test_every_message_is_kept_once():
    outcome = read(exchange(400, validation("One.", "Two.", "One.")))
    assert outcome.message == "Xero: One.; Two."


def test_messages_of_lines_and_contacts_are_found():
    body = validation()
    body["Elements"] = [
        {
            "LineItems": [{"ValidationErrors": [{"Message": "Account code is wrong"}]}],
            "Contact": {"ValidationErrors": [{"Message": "Contact is wrong"}]},
            "ValidationErrors": [{"Message": "Invoice is wrong"}],
        }
    ]
    assert read(exchange(400, body)).message == (
        "Xero: Invoice is wrong; Account code is wrong; Contact is wrong"
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_rate_limit_problem": "minute", "retry_after": "26"}, 26),
        ({"x_rate_limit_problem": "day", "retry_after": "66975"}, 66_975),
        ({"x_rate_limit_problem": "concurrent"}, 2),
        ({"x_rate_limit_problem": "appminute"}, 15),
        ({"x_rate_limit_problem": "app-minute"}, 15),
        ({"x_rate_limit_problem": "something new"}, 5),
        ({"retry_after": "soon"}, 5),
        ({}, 5),
    ],
)
def test_a_rate_limit_holds_the_tenant_or_the_app_as_long_as_xero_says(headers, seconds):
    limited = exchange(429, **headers)
    outcome = read(limited)
    assert isinstance(outcome, Deferred)
    app_wide = "app" in headers.get("x_rate_limit_problem", "")
    assert outcome.blocks is (Blocks.PLATFORM if app_wide else Blocks.TENANT)
    assert outcome.until == answered_at(limited) + timedelta(seconds=seconds)


def test_authorisation():
    expired = read(
        exchange(401, {"Title": "Unauthorized", "Detail": "TokenExpired: token expired"})
    )
    assert (type(expired), expired.blocks) == (Deferred, Blocks.CONNECTION)
    assert expired.code == "unauthorised"
    assert "TokenExpired" in expired.message
    elsewhere = read(exchange(403, {"Detail": "AuthenticationUnsuccessful"}))
    assert (type(elsewhere), elsewhere.blocks) == (Deferred, Blocks.TENANT)
    assert elsewhere.until is not None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_server_error_is_unknown_and_never_repeated_under_its_key(status):
    outcome = read(exchange(status, b"<html><body>oh</body></html>"))
    assert (type(outcome), outcome.repeatable) == (Unknown, False)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"<html>"])
def test_a_200_without_json_is_unknown_and_may_be_repeated(body):
    outcome = read(exchange(200, body))
    assert (type(outcome), outcome.repeatable) == (Unknown, True)


def test_a_refused_element_in_a_200_is_a_refusal_whatever_its_status_says():
    echo = {
        "Status": "DELETED",
        "StatusAttributeString": "ERROR",
        "HasErrors": True,
        "ValidationErrors": [{"Message": "Invoice not of valid status for modification"}],
    }
    outcome = one_element({"Invoices": [echo]}, "Invoices")
    assert outcome == Rejected("validation", "Xero: Invoice not of valid status for modification")
    assert one_element({"Invoices": [{"StatusAttributeString": "OK"}]}, "Invoices") == {
        "StatusAttributeString": "OK"
    }


@pytest.mark.parametrize(
    "document", [{}, {"Invoices": []}, {"Invoices": [{}, {}]}, {"Invoices": 1}]
)
def test_an_answer_to_one_must_hold_one(document):
    assert isinstance(one_element(document, "Invoices"), Unknown)


@given(
    st.integers(0, 999),
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Elements", "ValidationErrors", "Message", "Detail", "LineItems"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
    st.dictionaries(
        st.sampled_from(["retry_after", "x_rate_limit_problem"]), st.text(max_size=12), max_size=2
    ),
)
def test_nothing_is_without_a_meaning(status, body, headers):
    outcome = read(exchange(status, body, **headers))
    if not 200 <= status < 300:
        assert isinstance(outcome, Rejected | Deferred | Unknown)
    if isinstance(outcome, dict):
        one_element(outcome, "Elements")


def test_no_token_is_shown():
    words = "the header was Authorization: Bearer abcdefghijklmnop"
    assert "abcdefghijklmnop" not in read(exchange(401, {"Detail": words})).message
