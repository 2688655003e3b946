"""The HTTP API's contract over real HTTP, in memory, with answers that get lost."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

KEY = "tp_live_stub"
BASE = "/functions/v1/api/v1"


@dataclass
class Stub:
    """`faults` are used up one a call: `drop` (after it was done), or a status and headers."""

    url: str
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    faults: list[Any] = field(default_factory=list)
    outcome: dict[str, Any] = field(
        default_factory=lambda: {"status": "succeeded", "result": {"ts": "1.2"}}
    )
    looks: int = 1  # GETs before an action has ended
    events: list[dict[str, Any]] = field(default_factory=list)
    per_stream: int = 1000  # events before a stream breaks

    def event(self, kind: str = "action.succeeded", **data: Any) -> str:
        event_id = str(uuid4())
        self.events.append(
            {"specversion": "1.0", "id": event_id, "type": kind, "subject": "s", "data": data}
        )
        return event_id

    def posts(self) -> list[tuple[str, str, dict[str, str], Any]]:
        return [call for call in self.calls if call[0] == "POST"]

    # --- what it answers ----------------------------------------------------------------------

    def submitted(self, headers: dict[str, str], path: str, body: Any) -> tuple[int, Any]:
        key = headers["idempotency-key"]
        action_id = str(uuid5(NAMESPACE_URL, key))
        before = self.actions.get(action_id)
        if before is not None and before["body"] != body:
            named = [{"field": "Idempotency-Key", "problem": "already is another request"}]
            return 409, self.problem(409, "Idempotency-Key already is another request", named)
        wrong = [
            {"field": f"params.{name}", "problem": "unknown field; remove it or mend its name"}
            for name in body["params"]
            if name.startswith("no_such")
        ]
        if wrong:
            return 422, self.problem(422, "params.no_such: unknown field", wrong)
        made = {"id": action_id, "status": "queued", "result": None, "error": None, "body": body}
        action = self.actions.setdefault(action_id, made | {"looks": self.looks, "path": path})
        if "wait=" in headers.get("prefer", ""):
            action |= self.outcome
            return 200, action
        return 202, action

    def looked_at(self, action_id: str) -> tuple[int, Any]:
        action = self.actions.get(action_id)
        if action is None:
            return 404, self.problem(404, "there is no such action in this workspace")
        action["looks"] -= 1
        if action["looks"] < 0:
            action |= self.outcome
        return 200, action

    @staticmethod
    def problem(status: int, detail: str, errors: Any = ()) -> dict[str, Any]:
        return {"status": status, "detail": detail, "errors": list(errors), "request_id": "r-1"}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stub = Stub(f"http://127.0.0.1:{self.server_port}")
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = urlsplit(self.path).path.removeprefix(BASE)
        with self.server.lock:
            stub, body = self.server.stub, json.loads(raw) if raw else None
            stub.calls.append((self.command, path, headers, body))
            fault = stub.faults.pop(0) if stub.faults else None
            answer = fault if isinstance(fault, tuple) else self.carried_out(path, headers, body)
        if answer is None:
            self.stream(headers)
        elif fault == "drop":
            self.close_connection = True
        else:
            self.answer(*answer)

    do_GET = do_POST  # noqa: N815 - the base's name

    def carried_out(self, path: str, headers: dict[str, str], body: Any) -> Any:
        stub = self.server.stub
        if headers.get("authorization") != f"Bearer {KEY}":
            return 401, stub.problem(401, "the API key is unknown or revoked")
        if path == "/events":
            return None
        if self.command == "POST":
            return stub.submitted(headers, path, body)
        return stub.looked_at(path.rpartition("/")[2])

    def answer(self, status: int, told: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def stream(self, headers: dict[str, str]) -> None:
        stub, last = self.server.stub, headers.get("last-event-id")
        ids = [one["id"] for one in stub.events]
        if last is not None and last not in ids:
            self.answer(410, stub.problem(410, "the event is no longer kept"))
            return
        place = 0 if last is None else ids.index(last) + 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk("retry: 20\n: open\n\n")
        for event in stub.events[place : place + stub.per_stream]:
            text = json.dumps(event)
            half = len(text) // 2  # a message in two pieces
            self.chunk(f"id: {event['id']}\nevent: {event['type']}\ndata: {text[:half]}")
            self.chunk(f"{text[half:]}\n\n")
        self.close_connection = True

    def chunk(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def stubbed() -> Iterator[Stub]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
