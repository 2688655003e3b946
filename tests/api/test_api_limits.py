"""What holds callers back: sizes, time, pace; and what a broken call is told."""

import json
import socket
import time
from dataclasses import replace

import pytest

from domain.access import Scope
from infra.embedded.ports import free_port
from infra.http import headers
from tests.api.callers import client_of
from tests.harness.processes import Processes
from workers.api.endpoint import BASE

pytestmark = pytest.mark.processes


@pytest.fixture
def path(world) -> str:
    return f"/integrations/{world.slack}/action"


def raw(settings, sent: bytes, until: bytes = b"\r\n\r\n") -> bytes:
    with socket.create_connection(("127.0.0.1", settings.web_port), timeout=10) as opened:
        opened.sendall(sent)
        got = b""
        while until not in got:
            part = opened.recv(65536)
            if not part:
                break
            got += part
        return got


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "unreadable"),
        (b"[]", "unreadable"),
        (b'"x"', "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'{"params": {"a": NaN}}', "unreadable"),
        (b'{"params": {"a": "\\u0000"}}', "unreadable"),
        (b'{"params": {"a": "\\ud800"}}', "unreadable"),
        (b'{"params": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", "unreadable"),
        (b'{"params": {"a": 1' + b"0" * 4000 + b"}}", "unreadable"),
        (b"x" * (256 * 1024 + 1), "too_large"),
    ],
    ids=lambda one: str(one[:20]),
)
def test_a_body_nobody_can_read_is_refused(admin, path, body, kind) -> None:
    said = admin("POST", path, raw=body, Content_Type="application/json")
    assert said.json["type"].endswith(f"#problem-{kind}"), said.body
    assert said.status in {400, 413}


def test_of_very_many_problems_a_thousand_are_named_and_the_rest_counted(admin, path) -> None:
    params = {"channel": "C1", "text": "x"} | {f"no_such_{n}": 1 for n in range(2_500)}
    said = admin.post(path, {"action_type": "slack_send_message", "params": params})
    errors = said.json["errors"]
    assert (said.status, len(errors)) == (422, 1_001)
    assert errors[-1] == {"field": "", "problem": "and 1,500 more"}
    assert len(said.body) < 200_000


def test_a_large_body_of_untold_size_is_refused(admin, path) -> None:
    def chunks():
        for _ in range(40):
            yield b"x" * 8192

    url = admin.origin + BASE + path
    given = {"Authorization": f"Bearer {admin.key}"}
    said = admin.http.request("POST", url, body=chunks(), headers=given, chunked=True)
    assert said.status == 413


def test_a_body_that_does_not_come_is_not_waited_for(admin, path, settings) -> None:
    began = time.monotonic()
    head = f"POST {BASE}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.key}\r\n"
    got = raw(settings, head.encode() + b"Content-Length: 500\r\n\r\n{")
    assert got.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 5


def test_a_form_is_no_json(admin, path) -> None:
    said = admin("POST", path, raw=b"a=1", Content_Type="application/x-www-form-urlencoded")
    assert (said.status, said.json["type"]) == (415, "/docs#problem-unsupported")


def test_unknown_addresses_and_methods_are_problems_too(admin, path) -> None:
    for method, where, status in (
        ("GET", "/nothing", 404),
        ("GET", path + "/", 404),
        ("GET", "/actions/not-an-id", 404),
        ("DELETE", path, 405),
    ):
        said = admin(method, where)
        assert (said.status, said.json["status"]) == (status, status)
        assert said.headers["Content-Type"] == "application/problem+json"
    assert "POST" in admin("DELETE", path).headers["Allow"]


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "é", "a\tb"])
def test_a_key_that_cannot_be_one_is_refused(admin, path, key) -> None:
    body = {"action_type": "slack_send_message", "params": {"channel": "C1", "text": "x"}}
    said = admin.post(path, body, Idempotency_Key=key.encode("latin-1"))
    assert said.status == 400


def test_a_key_is_paced_and_told_when_to_come_again(settings, world, tmp_path) -> None:
    slow = replace(settings, web_calls_per_minute=5, web_port=free_port())
    with Processes(slow, tmp_path) as processes:
        processes.start("web")
        scopes = frozenset(Scope)
        mine, other = (client_of(world.fleet, world.workspace_id, scopes) for _ in range(2))
        mine.origin = other.origin = f"http://127.0.0.1:{slow.web_port}"
        said = [mine.get("/integrations") for _ in range(6)]
        assert [one.status for one in said] == [200] * 5 + [429]
        left = [one.headers["RateLimit"].split(";")[1] for one in said]
        assert left == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0"]
        assert said[0].headers["RateLimit-Policy"] == '"key";q=5;w=60'
        assert 1 <= int(said[5].headers["Retry-After"]) <= 13
        assert other.get("/integrations").status == 200  # each key has its own
        world.rows_changed("UPDATE api_keys SET paced_until = paced_until - interval '12 s'")
        assert [mine.get("/integrations").status for _ in range(2)] == [200, 429]


def test_logs_tell_of_each_call_and_nothing_secret(admin, world, web) -> None:
    admin.get("/actions?cursor=s3cret-in-a-query", X_Request_Id="look-for-me")
    admin.get("/tp_live_in-a-path_123456")
    lines = [json.loads(line) for line in web.log("web").read_text().splitlines() if line[0] == "{"]
    (mine,) = [line for line in lines if line.get("request_id") == "look-for-me"]
    assert (mine["event"], mine["method"], mine["status"]) == ("request", "GET", 422)
    assert mine["path"] == f"{BASE}/actions"
    (key,) = world.rows("SELECT id, workspace_id FROM api_keys")
    assert (mine["caller"], mine["workspace"]) == (str(key.id), str(key.workspace_id))
    assert mine["seconds"] > 0
    told = web.log("web").read_text()
    for secret in (admin.key, admin.key[12:], "s3cret", "tp_live_in"):
        assert secret not in told


def test_an_odd_request_id_is_not_taken_over(admin) -> None:
    for given in ("x" * 101, "a b", "<script>", ""):
        said = admin.get("/integrations", X_Request_Id=given)
        assert said.headers["X-Request-Id"] != given
        assert len(said.headers["X-Request-Id"]) == 32


def test_health_is_told_to_anybody(admin) -> None:
    for where in ("/healthz", "/readyz"):
        assert admin.http.request("GET", admin.origin + where).status == 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async, wait=7", 7),
        ("WAIT = 3; foo", 3),
        ('wait="4"', 4),
        ("wait=9999", 60),
        ("wait=0", 0),
        ("await=5", None),
        ("wait=-1", None),
        ("wait=x", None),
        ("wait=1e9", None),
        (None, None),
    ],
)
def test_how_long_a_caller_would_wait(header, seconds) -> None:
    assert headers.preferred_wait(header, 60) == seconds
