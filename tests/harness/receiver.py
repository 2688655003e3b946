"""A receiver of webhooks over real HTTP: it answers as it is told, and keeps all it was sent."""

import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = tuple[int, dict[str, str], bytes]
TAKEN: Answer = (200, {}, b"thanks")


@dataclass
class Receiver:
    """`answer` is asked for every request (its number from 1); `hang` holds each so long."""

    url: str
    answer: Callable[[int], Answer] = lambda _number: TAKEN
    hang: float = 0.0
    got: list[Got] = field(default_factory=list)

    def answers(self, *statuses: int, **headers: str) -> None:
        """One status after another; then all are taken."""
        before = len(self.got)

        def answer(number: int) -> Answer:
            place = number - before - 1
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return (statuses[place], named, b"") if place < len(statuses) else TAKEN

        self.answer = answer

    def times(self) -> Counter[str]:
        """How often each event came."""
        return Counter(one.id for one in self.got)

    def of_type(self, kind: str) -> list[Got]:
        return [one for one in self.got if one.event["type"] == kind]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                receiver.got.append(Got(self.path, headers, body, time.time()))
                number = len(receiver.got)
            if receiver.hang:
                stop.wait(receiver.hang)
            status, more, words = receiver.answer(number)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the other end was killed
                self.close_connection = True

    lock, stop = threading.Lock(), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
