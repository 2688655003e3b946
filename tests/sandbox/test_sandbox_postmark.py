"""Postmark's calls: what they take, refuse and give back."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from sandbox_client import Sandbox

from infra.sandbox import seed

EMAIL = {"From": "a@sandbox.test", "To": "b@c.test", "Subject": "Hi", "TextBody": "Hello"}


def call(sandbox: Sandbox, method: str, path: str, body: Any = None, token: str = "") -> Any:
    answer = sandbox.http.request(
        method,
        f"{sandbox.base}/postmark{path}",
        body=None if body is None else json.dumps(body),
        headers={
            "X-Postmark-Server-Token": token or seed.POSTMARK_TOKEN,
            "Content-Type": "application/json",
        },
    )
    return answer.status, answer.json()


def search(sandbox: Sandbox, **query: Any) -> Any:
    return call(sandbox, "GET", f"/messages/outbound?{urlencode(query)}")


def settings(sandbox: Sandbox, **wish: Any) -> None:
    sandbox.control("POST", "/postmark/settings", wish)


def test_an_email_is_accepted_and_found_by_its_metadata(sandbox: Sandbox) -> None:
    status, answer = call(sandbox, "POST", "/email", {**EMAIL, "Metadata": {"ref": "e-1"}})
    assert (status, answer["ErrorCode"], answer["To"]) == (200, 0, "b@c.test")
    call(sandbox, "POST", "/email", EMAIL)
    _, found = search(sandbox, count=5, offset=0, metadata_ref="e-1")
    assert found["TotalCount"] == 1
    (row,) = found["Messages"]
    assert (row["MessageID"], row["Status"]) == (answer["MessageID"], "Sent")
    assert (row["Metadata"], row["Recipients"]) == ({"ref": "e-1"}, ["b@c.test"])
    assert search(sandbox, count=5, offset=0)[1]["TotalCount"] == 2
    marks = [e["mark"] for e in sandbox.control("GET", "/effects")["effects"]]
    assert marks == ["e-1", None]


def test_the_index_lags_as_far_as_it_is_told(sandbox: Sandbox) -> None:
    settings(sandbox, index_lag_s=30)
    call(sandbox, "POST", "/email", {**EMAIL, "Metadata": {"ref": "e-1"}})
    assert search(sandbox, count=1, offset=0, metadata_ref="e-1")[1]["TotalCount"] == 0
    sandbox.advance(31)
    assert search(sandbox, count=1, offset=0, metadata_ref="e-1")[1]["TotalCount"] == 1


def test_a_search_is_of_one_stream(sandbox: Sandbox) -> None:
    call(sandbox, "POST", "/email", {**EMAIL, "MessageStream": "invoices"})
    assert search(sandbox, count=1, offset=0)[1]["TotalCount"] == 0
    _, found = search(sandbox, count=1, offset=0, messagestream="invoices")
    assert [row["MessageStream"] for row in found["Messages"]] == ["invoices"]


def test_one_metadata_field_may_be_searched(sandbox: Sandbox) -> None:
    status, answer = search(sandbox, count=1, offset=0, metadata_a="1", metadata_b="2")
    assert (status, answer["ErrorCode"]) == (422, 300)
    assert search(sandbox, offset=0)[1]["ErrorCode"] == 300


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"From": "a@elsewhere.test"}, 400, "Sender Signature"),
        ({"From": "nobody"}, 300, "'From' address"),
        ({"To": ""}, 300, "Zero recipients"),
        ({"To": "b@c.test,d"}, 300, "'To' address"),
        ({"TextBody": None}, 300, "TextBody or HtmlBody"),
        ({"Subject": "a\nb"}, 300, "line break"),
        ({"Metadata": {"k" * 21: "v"}}, 300, "too long"),
        ({"Metadata": {"k": "v" * 81}}, 300, "too long"),
        ({"Attachments": [{"Name": "a.pdf", "Content": "?", "ContentType": "x"}]}, 403, "Content"),
        ({"Attachments": [{"Name": "a.exe", "Content": "", "ContentType": "x"}]}, 411, "a.exe"),
        ({"Subjekt": "a"}, 403, "Subjekt"),
    ],
)
def test_refusals_have_postmarks_number_and_words(
    sandbox: Sandbox, more: dict[str, Any], code: int, words: str
) -> None:
    status, answer = call(sandbox, "POST", "/email", {**EMAIL, **more})
    assert (status, answer["ErrorCode"]) == (422, code)
    assert words in answer["Message"]
    assert sandbox.counts() == {}


def test_an_inactive_recipient_and_an_ordered_error(sandbox: Sandbox) -> None:
    settings(sandbox, inactive=["b@c.test"])
    assert call(sandbox, "POST", "/email", EMAIL)[1]["ErrorCode"] == 406
    settings(sandbox, inactive=[], error={"code": 405, "message": "Not allowed to send"})
    assert call(sandbox, "POST", "/email", EMAIL)[1]["ErrorCode"] == 405


def test_a_token_it_does_not_know_is_401_with_code_10(sandbox: Sandbox) -> None:
    status, answer = call(sandbox, "POST", "/email", EMAIL, token="another")
    assert (status, answer["ErrorCode"]) == (401, 10)
    sandbox.fault("postmark", "revoke_token")
    assert call(sandbox, "GET", "/server")[0] == 401
    sandbox.control("POST", "/tokens/restore", {"platform": "postmark"})
    assert call(sandbox, "GET", "/server")[1]["ID"] == seed.POSTMARK_SERVER["ID"]


def test_faults_answer_in_its_style(sandbox: Sandbox) -> None:
    sandbox.fault("postmark", "rate_limited")
    status, answer = call(sandbox, "POST", "/email", EMAIL)
    assert (status, answer["ErrorCode"]) == (429, 429)
    sandbox.fault("postmark", "status_after_commit", status=500)
    assert call(sandbox, "POST", "/email", EMAIL)[0] == 500
    assert sandbox.counts() == {"postmark.message.sent": 1}
