"""The process Prometheus asks: `GET /metrics`. Decision 0038 says what is read how.

Everything is read from the database and the broker, so that one process tells it for all, and tells
the same after a restart. It is read when somebody asks, and kept for a few seconds: whoever asks
more often is told the same again.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from infra.broker.depths import BrokerDown, depths, requests
from infra.database import measures, tallies
from infra.database.engine import Transaction
from infra.logging import logger
from workers import liveness, process
from workers.exposition import Seen, families
from workers.fleet import Fleet

SHARE_MAX = 20
"""What took a second to read is kept for so many: reading takes a twentieth of the time at most."""
STATEMENT_S_MAX = 10
STOP_LOOK_EVERY_S = 0.5


class Exporter(Collector):
    """Reads everything, at most every few seconds."""

    def __init__(self, fleet: Fleet, clock: Callable[[], float] = time.monotonic) -> None:
        self._fleet, self._clock = fleet, clock
        self._mutex = threading.Lock()
        self._waiting, self._silent = liveness.Lasting(), liveness.Lasting()
        self._seen: Seen | None = None
        self._fresh_until = 0.0
        self._tallies: list[tallies.Tally] = []

    def collect(self) -> Iterable[Metric]:
        """Return what Prometheus is told."""
        return families(self.look())

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what is exposed is not read at the start."""
        return ()

    def look(self) -> Seen:
        """Return what was read, a few seconds ago at most."""
        with self._mutex:
            if self._seen is None or self._clock() >= self._fresh_until:
                self._seen = self._read()
                every = self._fleet.settings.metrics_every_s
                self._fresh_until = self._clock() + max(every, SHARE_MAX * self._seen.seconds)
            return self._seen

    def _read(self) -> Seen:
        settings, queues = self._fleet.settings, self._fleet.catalogue.queues
        try:
            waiting: dict[str, int] | None = depths(settings, queues)
        except BrokerDown as error:
            logger().warning("the broker does not answer", error=str(error))
            waiting = None
        stalled = dict.fromkeys(("relay", "events", "beat", "intake", "webhooks"), False)
        stalled |= {f"worker:{queue}": False for queue in queues}
        readings, began, seconds = None, self._clock(), 0.0
        try:
            with self._fleet.database.transaction() as tx:
                tx.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_S_MAX}s'"))
                tallies.count(tx, self._fleet.now())
            with self._fleet.database.reading() as tx:
                tx.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_S_MAX}s'"))
                readings = list(measures.read(tx, self._fleet.now()))
                self._tallies = tallies.read(tx)
                seconds = self._clock() - began
                stalled |= dict.fromkeys(self._stalled(tx, waiting), True)
        except SQLAlchemyError as error:
            logger().warning("the database does not answer", error=type(error).__name__)
        return Seen(readings, self._tallies, waiting, stalled, seconds)

    def _stalled(self, tx: Transaction, waiting: dict[str, int] | None) -> set[str]:
        session: Any = tx.connection.driver_connection
        found = liveness.stalled(session)
        settings, at = self._fleet.settings, self._clock()
        to_take_in = requests(waiting or {})
        waited = self._waiting.seconds(at, is_so=to_take_in > 0)
        if waited >= liveness.OVERDUE_S and not liveness.takes_in(session):
            found.add("intake")
        silent = liveness.webhooks_silent(session, settings.webhooks_host, settings.webhooks_port)
        if self._silent.seconds(at, is_so=silent) >= liveness.OVERDUE_S:
            found.add("webhooks")
        return found


def handler(exporter: Exporter) -> type[BaseHTTPRequestHandler]:
    """Return what answers a request."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(exporter)

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "fleet", ""
        timeout = 30

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(200, content_type, encode(registry))
            elif path == "/stalled":
                names = sorted(name for name, is_so in exporter.look().stalled.items() if is_so)
                self._answer(200, "application/json", json.dumps(names).encode())
            elif path == "/healthz":
                self._answer(200, "text/plain", b"ok\n")
            else:
                self._answer(404, "text/plain", b"GET /metrics, /stalled or /healthz\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    return Handler


def serve(fleet: Fleet, stop: Event) -> None:
    """Answer until stopped."""
    where = fleet.settings.metrics_host, fleet.settings.metrics_port
    try:
        server = ThreadingHTTPServer(where, handler(Exporter(fleet)))
    except OSError as error:
        logger().error("cannot listen", host=where[0], port=where[1], error=str(error))
        raise SystemExit(1) from error
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(STOP_LOOK_EVERY_S,), daemon=True)
    serving.start()
    process.ready("metrics")
    stop.wait()
    server.shutdown()


def main() -> None:
    """Run the metrics process."""
    serve(*process.start("metrics"))


if __name__ == "__main__":
    main()
