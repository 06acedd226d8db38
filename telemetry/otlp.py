"""OpenTelemetry spans of jobs, exported by OTLP over HTTP. Needs the extra ``tracing``.

A span is exported before what happened within it: a process that is killed in between leaves a span
without children, never children without their span. So children are kept as plain values until the
work has ended, and become spans then, with the times that they had.

Source: W3C Trace Context, Recommendation of 23 November 2021 (``traceparent``); OpenTelemetry
specification 1.x, Trace SDK (the variables OTEL_*, which the SDK reads itself).
"""

from __future__ import annotations

import os
import socket
import time

from opentelemetry.context import Context as SpanParent
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry.tracing import NOT_TRACED, Attributes, ChildSpan, Tracing, WorkSpan

EXPORT_SECONDS = 1.0
"""How long an ended span waits for company on its way to the collector, unless
OTEL_BSP_SCHEDULE_DELAY says otherwise [s]."""
CLOSE_SECONDS = 5.0
"""How long a process that ends waits for a collector [s]."""
_PROPAGATOR = TraceContextTextMapPropagator()


class OtlpTracing(Tracing):
    """Records traces and sends them to a collector.

    Args:
        address: of the collector, without the path ``/v1/traces``.
        process: what the process is; its service is ``rhapsode-<process>``.
    """

    on = True

    def __init__(self, address: str, process: str) -> None:
        own = {
            "service.name": f"rhapsode-{process}",
            "service.namespace": "rhapsode",
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
        }
        self._provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
        delay = None if "OTEL_BSP_SCHEDULE_DELAY" in os.environ else EXPORT_SECONDS * 1000
        exporter = OTLPSpanExporter(endpoint=f"{address.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
        self._tracer = self._provider.get_tracer("rhapsode")

    def request(
        self, name: str, start: float, traceparent: str | None, attributes: Attributes
    ) -> WorkSpan:
        """See Tracing."""
        parent = _parent(traceparent)
        span = self._tracer.start_span(
            name, parent, SpanKind.SERVER, attributes, start_time=_nanoseconds(start)
        )
        return OtlpWorkSpan(self._tracer, span)

    def work(
        self, name: str, start: float, traceparent: str | None, attributes: Attributes
    ) -> WorkSpan:
        """See Tracing."""
        if traceparent is None:
            return NOT_TRACED
        span = self._tracer.start_span(
            name,
            _parent(traceparent),
            SpanKind.CONSUMER,
            attributes,
            start_time=_nanoseconds(start),
        )
        return OtlpWorkSpan(self._tracer, span)

    def close(self) -> None:
        """See Tracing."""
        self._provider.force_flush(int(CLOSE_SECONDS * 1000))
        self._provider.shutdown()


class OtlpWorkSpan(WorkSpan):
    """A span of OpenTelemetry, and what happened within it.

    Args:
        tracer: makes the spans of its children.
        span: begun, not ended.
    """

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer, self._span = tracer, span
        self._children: list[ChildSpan] = []
        self._kept = True
        context = span.get_span_context()
        if context.trace_flags.sampled:
            self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def add(self, child: ChildSpan) -> None:
        """See WorkSpan."""
        if self.traceparent is not None:
            self._children.append(child)

    def note(self, **attributes: str | int | float | bool) -> None:
        """See WorkSpan."""
        self._span.set_attributes({f"rhapsode.{k}": v for k, v in attributes.items()})

    def fail(self, code: str) -> None:
        """See WorkSpan."""
        self._span.set_status(Status(StatusCode.ERROR, code))

    def end(self) -> None:
        """See WorkSpan."""
        if self._kept:
            self._span.end(_nanoseconds(time.time()))
            _export(self._tracer, self._span, self._children)

    def discard(self) -> None:
        """See WorkSpan."""
        self._kept = False


def _export(tracer: Tracer, parent: Span, children: list[ChildSpan]) -> None:
    within = set_span_in_context(parent)
    for child in children:
        links = [Link(get_current_span(_parent(one)).get_span_context()) for one in child.links]
        span = tracer.start_span(
            child.name,
            within,
            attributes=child.attributes,
            links=links,
            start_time=_nanoseconds(child.start),
        )
        span.end(_nanoseconds(child.end))
        _export(tracer, span, list(child.children))


def _parent(traceparent: str | None) -> SpanParent:
    """Returns the context of a ``traceparent``; an empty one where it is none or damaged."""
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return _PROPAGATOR.extract(carrier, SpanParent())


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
