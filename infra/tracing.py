"""Traces of actions, where OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing is loaded or done.

An action's trace is its sender's (W3C `traceparent`), else its trace id is the action's id: every
process knows it without being told. The action's own span has an id that follows from the
action's too, so that its parts name it as their parent long before it is over. Decision 0039.
"""

import atexit
import os
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from infra.logging import logger

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SAMPLED = 1
_RANDOM_BITS = 56  # of a trace id, its last: W3C Trace Context level 2, "Random Trace ID Flag"
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_emitters: list[Any] = []  # none, or the one that `configure` made

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Trace:
    """Where spans belong: the trace, the span they are parts of, and that one's own parent."""

    trace_id: int
    span_id: int
    parent_id: int
    sampled: bool

    def __str__(self) -> str:
        """Return it as `traceparent`, for whoever goes on from here."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"


def read_traceparent(said: object) -> str | None:
    """Return a sender's `traceparent` if it is one (else it counts as not sent, says W3C)."""
    text = said.decode("latin-1") if isinstance(said, bytes) else said
    found = _TRACEPARENT.fullmatch(text) if isinstance(text, str) and len(text) <= 200 else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    zero = not int(trace_id, 16) or not int(span_id, 16)
    if version == "ff" or zero or (version == "00" and more):
        return None
    return f"00-{trace_id}-{span_id}-{int(flags, 16) & SAMPLED:02x}"


def of_action(action_id: UUID, traceparent: str | None) -> Trace:
    """Return an action's trace; its parts' parent is the action's own span."""
    own = int.from_bytes(uuid5(action_id, "span").bytes[:8])
    sent = read_traceparent(traceparent)
    if sent is None:
        return Trace(action_id.int, own, 0, _chosen(action_id.int))
    _, trace_id, span_id, flags = sent.split("-")
    return Trace(int(trace_id, 16), own, int(span_id, 16), bool(int(flags, 16) & SAMPLED))


def of_event(traceparent: object) -> Trace | None:
    """Return where an event was written, or None where it does not say."""
    sent = read_traceparent(traceparent)
    if sent is None:
        return None
    _, trace_id, span_id, flags = sent.split("-")
    return Trace(int(trace_id, 16), int(span_id, 16), 0, bool(int(flags, 16) & SAMPLED))


def _chosen(trace_id: int) -> bool:
    """Choose the share OTEL_TRACES_SAMPLER_ARG of all traces, the same ones in every process."""
    share = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG") or 1)
    return (trace_id & (1 << _RANDOM_BITS) - 1) < share * (1 << _RANDOM_BITS)


def carry(action_id: UUID, traceparent: str | None) -> None:
    """Say which action this thread works for from here on: events written tell its trace."""
    is_told = _emitters or traceparent is not None
    _current.set(str(of_action(action_id, traceparent)) if is_told else None)


def follow(traceparent: str | None) -> None:
    """Say what this thread follows up from here on: events written are in the same trace."""
    _current.set(traceparent)


def current() -> str | None:
    """Return the `traceparent` that events written now are to tell."""
    return _current.get()


def configure(kind: str) -> None:
    """Start sending spans of this process, if that is asked for and can be done."""
    wanted = any(os.environ.get(name) for name in ENDPOINTS)
    if not wanted or _emitters or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        from infra.tracing_sdk import Emitter  # noqa: PLC0415 - loaded only where it is wanted

        made = Emitter(os.environ.get("OTEL_SERVICE_NAME") or f"actionfleet-{kind}")
    except (ImportError, ValueError) as error:
        words = "no traces: install actionfleet[otel], and look at the OTEL_ variables"
        logger().warning(words, error=str(error))
        return
    _emitters.append(made)
    atexit.register(made.shutdown)


def record(
    trace: Trace | None,
    name: str,
    began: datetime | int,
    ended: datetime | int,
    said: Mapping[str, Value] | None = None,
) -> None:
    """Send one part of a trace. Times are moments, or nanoseconds since 1970."""
    if _emitters and trace is not None and trace.sampled:
        _emitters[0].part(trace, name, _nanoseconds(began), _nanoseconds(ended), said or {})


def record_whole(  # noqa: PLR0913 - a span's sides
    trace: Trace,
    name: str,
    began: datetime,
    ended: datetime,
    said: Mapping[str, Value],
    *,
    failed: str | None,
) -> None:
    """Send the action's own span once it is over; `failed` is its status unless it succeeded."""
    if _emitters and trace.sampled:
        _emitters[0].whole(trace, name, _nanoseconds(began), _nanoseconds(ended), said, failed)


def now() -> int:
    """Return the moment in nanoseconds, for `record`; 0 where nothing is recorded."""
    return time.time_ns() if _emitters else 0


def _nanoseconds(at: datetime | int) -> int:
    return at if isinstance(at, int) else int(at.timestamp() * 1e6) * 1000
