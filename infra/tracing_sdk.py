"""Sending spans with OpenTelemetry's SDK. Only `infra.tracing` loads it, where that is wanted."""

import os
from collections.abc import Mapping
from contextvars import ContextVar

from opentelemetry import trace as api
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.status import Status, StatusCode

from infra.tracing import Trace, Value

SEND_WITHIN_S = 5.0
"""A receiver that does not answer holds up the end of a process for so long."""

_given: ContextVar[Trace | None] = ContextVar("given ids", default=None)


class _Ids(RandomIdGenerator):
    """Ids at random, but for an action's own span."""

    def generate_trace_id(self) -> int:
        """Return the id of a new trace."""
        given = _given.get()
        return super().generate_trace_id() if given is None else given.trace_id

    def generate_span_id(self) -> int:
        """Return the id of a new span."""
        given = _given.get()
        return super().generate_span_id() if given is None else given.span_id


class Emitter:
    """Sends spans that are over, in batches, from a thread of the SDK's own.

    Which are sent is chosen before (`Trace.sampled`); where to, the SDK reads from OTEL_ variables.
    """

    def __init__(self, service: str) -> None:
        resource = Resource.create({"service.name": service, "service.namespace": "actionfleet"})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=_Ids(), shutdown_on_exit=False
        )
        said = os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT")
        sender = OTLPSpanExporter(timeout=float(said) if said else SEND_WITHIN_S)
        self._provider.add_span_processor(BatchSpanProcessor(sender))
        self._tracer = self._provider.get_tracer("actionfleet")

    def part(
        self, trace: Trace, name: str, began: int, ended: int, said: Mapping[str, Value]
    ) -> None:
        """Send a part of the trace."""
        inside = _inside(trace.trace_id, trace.span_id)
        span = self._tracer.start_span(
            name, context=inside, attributes=dict(said), start_time=began
        )
        span.end(max(began, ended))

    def whole(  # noqa: PLR0913, PLR0917 - a span's sides
        self,
        trace: Trace,
        name: str,
        began: int,
        ended: int,
        said: Mapping[str, Value],
        failed: str | None,
    ) -> None:
        """Send the span that the parts are of."""
        inside = _inside(trace.trace_id, trace.parent_id) if trace.parent_id else Context()
        token = _given.set(trace)
        try:
            span = self._tracer.start_span(
                name,
                context=inside,
                kind=api.SpanKind.CONSUMER,
                attributes=dict(said),
                start_time=began,
            )
        finally:
            _given.reset(token)
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(max(began, ended))

    def shutdown(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.shutdown()


def _inside(trace_id: int, span_id: int) -> Context:
    flags = api.TraceFlags(api.TraceFlags.SAMPLED)
    parent = api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    return api.set_span_in_context(api.NonRecordingSpan(parent), Context())
