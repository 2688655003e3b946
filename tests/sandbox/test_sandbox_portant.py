"""Portant's workflows: what may be posted to them, what they make of it and whom they tell."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sandbox_client import Sandbox, wait_until

from infra.sandbox.portant.seed import WORKFLOW

REF = "0f8d6f9e-8a4e-4a0e-9d3c-0c1b2a394857"
FIELDS = {"Client": {"Name": "Brightside Dental"}, "Fee": 1200.5, "wf_ref": REF}


class Listener:
    """Somebody who is told: keeps what came, by the path it came on."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.statuses: list[int] = []  # answers to give first
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                listener.heard.append((self.path, body))
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/callbacks/one/secret"

    def events(self) -> list[dict[str, Any]]:
        return [event for _, event in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener()
    yield running
    running.server.shutdown()
    running.server.server_close()


def post(
    sandbox: Sandbox, body: Any = FIELDS, address: str = WORKFLOW, method: str = "POST"
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    url = f"{sandbox.base}/portant/{address}"
    return sandbox.http.request(method, url, body=raw, headers=headers)


def set_up(sandbox: Sandbox, **settings: Any) -> Any:
    return sandbox.control("POST", "/portant/settings", {"delay_s": 0, **settings})


def runs(sandbox: Sandbox) -> Any:
    return sandbox.control("GET", "/portant/runs")["runs"]


def made(sandbox: Sandbox, count: int = 1) -> Any:
    return wait_until(
        lambda: [r for r in runs(sandbox) if r["done"]] if count <= len(runs(sandbox)) else None
    )


def test_what_is_posted_becomes_a_document_a_while_later(
    sandbox: Sandbox, listener: Listener
) -> None:
    set_up(sandbox, callback_url=listener.url, delay_s=3600)
    answer = post(sandbox)
    assert (answer.status, answer.data) == (200, b"ok")
    assert (sandbox.counts(), listener.heard) == ({}, [])
    sandbox.advance(3600)
    wait_until(lambda: listener.heard)
    ((path, event),) = listener.heard
    assert path == "/callbacks/one/secret"
    pdf, document = event["data"]["documents"]
    assert (event["event_type"], len(event["event_id"])) == ("DOCUMENTS_CREATED", 48)
    assert (document["name"], pdf["name"]) == (f"Agreement {REF}", f"Agreement {REF}.pdf")
    assert document["mimetype"] == "application/vnd.google-apps.document"
    assert pdf["mimetype"] == "application/pdf"
    assert document["url"].startswith(f"https://docs.google.com/document/d/{document['id']}/edit")
    (effect,) = sandbox.control("GET", "/effects")["effects"]
    assert (effect["kind"], effect["mark"], effect["by"]) == ("document.created", REF, "app")
    assert (effect["id"], effect["tenant"]) == (document["id"], WORKFLOW)


def test_posted_twice_there_are_two(sandbox: Sandbox) -> None:
    set_up(sandbox)
    post(sandbox)
    post(sandbox)
    wait_until(lambda: sandbox.counts() == {"portant.document.created": 2})


def test_names_are_filled_in_from_nested_fields(sandbox: Sandbox) -> None:
    name = "{{Client.Name}}/{{ Fee }}/{{Nobody}}/{{wf_ref}}"
    set_up(sandbox, output_name=name, documents=["GOOGLE_DOCS", "GOOGLE_SLIDES"], pdf=False)
    post(sandbox)
    wait_until(lambda: sandbox.counts() == {"portant.document.created": 2})
    (told,) = sandbox.control("GET", "/portant/pending")["pending"]
    files = told["event"]["data"]["documents"]
    assert [one["name"] for one in files] == [f"Brightside Dental/1200.5//{REF}"] * 2
    assert [one["mimetype"].rpartition(".")[2] for one in files] == ["document", "presentation"]
    assert told["ref"] == REF


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ({"body": b"{"}, 400, "must be a JSON object"),
        ({"body": []}, 400, "must be a JSON object"),
        ({"method": "PUT"}, 405, "not allowed"),
        ({"body": {"a": "x" * 1_000_001}}, 413, "too large"),
        ({"address": "0" * 32}, 404, "Not found"),
        ({"address": "nothing"}, 404, "Not found"),
        ({"address": f"{WORKFLOW}/more"}, 404, "Not found"),
    ],
)
def test_what_is_refused(sandbox: Sandbox, how: Any, status: int, words: str) -> None:
    answer = post(sandbox, **how)
    assert answer.status == status
    assert words in answer.json()["message"]
    assert runs(sandbox) == []


def test_a_refusal_can_be_ordered(sandbox: Sandbox) -> None:
    set_up(sandbox, error={"status": 422, "message": "Client is missing"})
    answer = post(sandbox)
    assert (answer.status, answer.json()) == (422, {"message": "Client is missing"})
    set_up(sandbox, error=None)
    assert post(sandbox).status == 200


@pytest.mark.parametrize("setting", [{"status": "INCOMPLETE"}, {"auto_create": False}])
def test_a_workflow_that_does_not_run_takes_data_and_does_nothing(
    sandbox: Sandbox, setting: Any
) -> None:
    set_up(sandbox, **setting)
    assert post(sandbox).status == 200
    assert runs(sandbox) == []


def test_an_address_can_be_taken_away_and_put_back(sandbox: Sandbox) -> None:
    set_up(sandbox)
    sandbox.fault("portant", "revoke_token")
    assert [post(sandbox).status for _ in range(2)] == [404, 404]
    restored = sandbox.control("POST", "/tokens/restore", {"platform": "portant"})
    assert restored == {"portant": {"workflow": WORKFLOW}}
    assert post(sandbox).status == 200


def test_rate_limits_as_ordered_and_as_set(sandbox: Sandbox) -> None:
    sandbox.fault("portant", "rate_limited")
    sandbox.fault("portant", "rate_limited", retry_after=7)
    bare, told = post(sandbox), post(sandbox)
    assert (bare.status, "Retry-After" in bare.headers) == (429, False)
    assert (told.status, told.headers["Retry-After"]) == (429, "7")
    sandbox.control("POST", "/limits", {"platform": "portant", "minute": 1})
    assert [post(sandbox).status for _ in range(2)] == [200, 429]
    sandbox.advance(61)
    assert post(sandbox).status == 200
    sandbox.control("POST", "/limits", {"platform": "portant", "hour": 1}, status=400)


def test_it_tells_once_even_when_nobody_hears(sandbox: Sandbox, listener: Listener) -> None:
    listener.statuses = [503]
    set_up(sandbox, callback_url=listener.url)
    post(sandbox)
    (run,) = made(sandbox)
    assert (run["deliveries"], run["heard"]) == ([503], False)
    assert sandbox.control("POST", "/portant/tell", {}) == {"statuses": [200]}
    assert sandbox.control("GET", "/portant/pending") == {"pending": []}
    first, second = listener.events()
    assert first == second


def test_it_tells_again_as_often_as_it_is_set_up_to(sandbox: Sandbox, listener: Listener) -> None:
    listener.statuses = [503, 500]
    set_up(sandbox, callback_url=listener.url, attempts=5, retry_s=0, duplicate=2)
    post(sandbox)
    (run,) = made(sandbox)
    assert run["deliveries"] == [503, 500, 200, 200, 200]
    assert len({event["event_id"] for event in listener.events()}) == 1


def test_a_silent_workflow_tells_when_it_is_told_to(sandbox: Sandbox, listener: Listener) -> None:
    set_up(sandbox, callback_url=listener.url, silent=True, delay_s=3600)
    post(sandbox)
    assert sandbox.control("POST", "/portant/tell", {}) == {"statuses": []}
    assert sandbox.control("POST", "/portant/tell", {"ref": REF}) == {"statuses": [200]}
    assert sandbox.counts() == {"portant.document.created": 1}
    sandbox.control("POST", "/portant/tell", {"ref": "nobody's"}, status=404)
    sandbox.advance(3600)
    made(sandbox)
    assert sandbox.counts() == {"portant.document.created": 1}
    assert len(listener.heard) == 1


def test_a_forged_event_goes_to_another_address(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control("POST", "/portant/forge", {}, status=400)
    set_up(sandbox, callback_url=listener.url)
    listener.statuses = [404]
    assert sandbox.control("POST", "/portant/forge", {"ref": REF}) == {"status": 404}
    ((path, event),) = listener.heard
    assert path == "/callbacks/one/Aecret"
    assert REF in event["data"]["documents"][0]["name"]
    assert sandbox.counts() == {}


def test_workflows_are_set_up_side_by_side(sandbox: Sandbox, listener: Listener) -> None:
    other = sandbox.control("POST", "/portant/workflows", {"callback_url": listener.url})
    set_up(sandbox, workflow=other["workflow"])
    post(sandbox, address=other["workflow"])
    wait_until(lambda: listener.heard)
    sandbox.control("POST", "/portant/workflows", {"workflow": "short"}, status=400)
    sandbox.control("POST", "/portant/settings", {"workflow": "0" * 32}, status=404)
    sandbox.control("POST", "/portant/settings", {"colour": "red"}, status=400)
    sandbox.control("POST", "/portant/settings", {"documents": ["WORD"]}, status=400)
    sandbox.control("GET", "/portant/nonsense", status=404)
    assert len(sandbox.control("GET", "/portant/workflows")["workflows"]) == 2


def test_a_reset_leaves_nobody_to_be_told(sandbox: Sandbox, listener: Listener) -> None:
    set_up(sandbox, callback_url=listener.url, delay_s=0.2)
    post(sandbox)
    sandbox.control("POST", "/reset")
    sandbox.control("POST", "/portant/settings", {"delay_s": 0.3, "callback_url": listener.url})
    post(sandbox, {"wf_ref": "after"})
    wait_until(lambda: listener.heard)
    names = [event["data"]["documents"][0]["name"] for event in listener.events()]
    assert names == ["Agreement after.pdf"]
    assert [run["ref"] for run in runs(sandbox)] == ["after"]


def test_what_was_accepted_outlives_the_process(listener: Listener, tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    first = Sandbox("--state", state)
    set_up(first, callback_url=listener.url, delay_s=3600)
    post(first)
    first.close()
    second = Sandbox("--state", state)
    try:
        assert [run["ref"] for run in runs(second)] == [REF]
        second.advance(3600)
        wait_until(lambda: listener.heard)
        made(second)
        assert second.counts() == {"portant.document.created": 1}
    finally:
        second.close()
