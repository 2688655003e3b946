"""One HTTP exchange with a platform, guarded: what is certain about it is recorded, not guessed.

An exchange knows whether its first byte may have left (`sent`). Everything that fails before that
certainly did not happen; everything after may have. Retries and redirects are off: they belong to
`domain/actions/retry.py`. A watchdog closes the socket at the total timeout, because read timeouts
are per read (urllib3 user guide, "Using Timeouts"). An exchange with an address that somebody else
chose is carried out with `Caution`.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from infra import addresses
from infra.boundary import boundary
from infra.clock import utc_now

BODY_BYTES_MAX = 32 * 1024 * 1024
CONNECT_WITHIN_S = 5.0
_current = threading.local()


class TooLate(Exception):  # noqa: N818 - named for what happened
    """The send-by time passed before the first byte: nothing was sent."""


class Broken(Exception):  # noqa: N818
    """The exchange ended without a whole answer. `sent` on the exchange says what that means."""


@dataclass(frozen=True, slots=True)
class Caution:
    """How far an address is trusted that somebody else chose: https to the public internet only.

    `seconds_max` counts from before the connection; `answer_bytes_max` is of the decoded body.
    """

    seconds_max: float
    answer_bytes_max: int
    private: bool = False  # this machine and its network, too: the transport's to say


@dataclass(slots=True)
class Exchange:
    """A request, and what is known of its fate. Times are UTC; durations are seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    send_by: datetime
    send_by_monotonic: float
    ends_by_monotonic: float
    started_at: datetime = field(default_factory=utc_now)
    sent: bool = False
    status: int | None = None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytes = b""
    received_bytes: int = 0  # of the answer's body, as they came over the wire (compressed)
    error: str | None = None
    seconds: float = 0.0
    wire: socket.socket | None = None
    caution: Caution | None = None
    connecting: socket.socket | None = None  # a second handle, while the first is in TLS's hands

    @property
    def answer_bytes_max(self) -> int:
        """The most that is read of the answer's body."""
        return BODY_BYTES_MAX if self.caution is None else self.caution.answer_bytes_max

    def about_to_send(self, sock: socket.socket | None) -> None:
        """Called by the connection with nothing written yet; the last moment to back out."""
        if self.caution is not None and sock is not None and not self.caution.private:
            addresses.refuse_private(sock)  # it may be a kept one, made for somebody else
        if time.monotonic() > self.send_by_monotonic or utc_now() > self.send_by:
            raise TooLate("the time by which this had to be sent has passed")
        boundary("before the call")
        self.sent = True
        self.wire = sock
        _watchdog.watch(self)


class _Guarded(HTTPConnection):
    """Connects first, then asks the exchange, then writes."""

    def _new_conn(self) -> socket.socket:
        exchange: Exchange | None = getattr(_current, "exchange", None)
        if exchange is None or exchange.caution is None:
            return super()._new_conn()
        timeout = self.timeout if isinstance(self.timeout, int | float) else CONNECT_WITHIN_S
        sock = addresses.connect(self.host, self.port, timeout, private=exchange.caution.private)
        exchange.connecting = sock.dup()  # a handshake may be dripped, too
        _watchdog.watch(exchange)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange: Exchange | None = getattr(_current, "exchange", None)
        if exchange is not None:
            if self.sock is None:
                self.connect()
            exchange.about_to_send(self.sock)
        super().request(*args, **kwargs)


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    pass


class _PoolHTTP(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolHTTPS(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _Watchdog:
    """Shuts down the socket of an exchange that outlives its total timeout."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._exchanges: dict[int, Exchange] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges[id(exchange)] = exchange
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()

    def release(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.pop(id(exchange), None)

    def _run(self) -> None:
        while True:
            time.sleep(0.5)
            now = time.monotonic()
            with self._lock:
                late = [e for e in self._exchanges.values() if now > e.ends_by_monotonic]
            for exchange in late:
                for wire in (exchange.connecting, exchange.wire):
                    if wire is not None:
                        with contextlib.suppress(OSError):  # it ended by itself meanwhile
                            wire.shutdown(socket.SHUT_RDWR)
                self.release(exchange)


_watchdog = _Watchdog()


def json_of(answer: bytes) -> Any:
    """Return what a body says as JSON; None where it is none, or too deeply nested to be read."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def json_object(answer: bytes) -> dict[str, Any] | None:
    """Return the object a body is as JSON; None where it is none."""
    document = json_of(answer)
    return document if isinstance(document, dict) else None


class Transport:
    """A pool of connections per process, shared by its threads."""

    def __init__(
        self,
        connect_timeout_s: float,
        read_timeout_s: float,
        pool_max: int = 32,
        *,
        private_addresses: bool = False,
    ) -> None:
        self._private = private_addresses
        self._timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
        self._pools = urllib3.PoolManager(
            num_pools=16, maxsize=pool_max, retries=False, timeout=self._timeout
        )
        self._pools.pool_classes_by_scheme = {"http": _PoolHTTP, "https": _PoolHTTPS}

    def carry(self, exchange: Exchange) -> None:
        """Carry out the exchange and fill in its answer.

        Raises:
            TooLate: its send-by time passed first; nothing was sent.
            Broken: no whole answer; `exchange.sent` tells whether it may have happened.
        """
        began = time.monotonic()
        _current.exchange = exchange
        try:
            self._take_care(exchange)
            answer = self._pools.request(
                exchange.method,
                exchange.url,
                body=exchange.body,
                headers=dict(exchange.headers),
                redirect=False,
                preload_content=False,
                decode_content=True,
            )
            exchange.status = answer.status
            exchange.answer_headers = {k.lower(): v for k, v in answer.headers.items()}
            exchange.answer = _read_whole(answer, exchange.answer_bytes_max)
            exchange.received_bytes = answer.tell()
            boundary("after the call")
        except TooLate as late:
            exchange.error = str(late)
            raise
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as broken:
            exchange.error = f"{type(broken).__name__}: {_first_line(broken)}"
            raise Broken(exchange.error) from broken
        finally:
            _current.exchange = None
            _watchdog.release(exchange)
            if exchange.connecting is not None:
                exchange.connecting.close()
            exchange.seconds = time.monotonic() - began

    def _take_care(self, exchange: Exchange) -> None:
        if exchange.caution is None:
            return
        exchange.caution = replace(exchange.caution, private=self._private)
        ends_by = time.monotonic() + exchange.caution.seconds_max
        exchange.ends_by_monotonic = min(exchange.ends_by_monotonic, ends_by)
        problem = addresses.problem_with(exchange.url, private=self._private)
        if problem is not None:
            raise addresses.NotPublic(f"the URL {problem}")


def _read_whole(answer: urllib3.BaseHTTPResponse, bytes_max: int) -> bytes:
    body = answer.read(bytes_max + 1)
    if len(body) > bytes_max:
        answer.close()
        raise ValueError(f"the answer is larger than {bytes_max} bytes")
    answer.drain_conn()
    answer.release_conn()
    return body


def _first_line(error: BaseException) -> str:
    # Only the reason: urllib3 puts URLs into its messages, and a URL may hold a token.
    inner = next((one for one in error.args if isinstance(one, Exception)), error)
    reason = getattr(error, "reason", None) or inner
    return str(reason) if isinstance(reason, addresses.NotPublic) else type(reason).__name__
