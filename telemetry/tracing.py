"""Traces of jobs: one for each, from the request that made it to its file.

What is recorded are plain values; ``telemetry.otlp`` makes OpenTelemetry spans of them, and is
imported only where a collector is named. Spans hold ids, names and figures, never a text.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from core.errors import FieldError, RhapsodeError

Attributes = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class ChildSpan:
    """Something that happened within a span.

    Attributes:
        name: what was done.
        start, end: when [Unix s].
        attributes: what is known of it.
        links: ``traceparent`` of spans elsewhere that it served, too.
        children: what happened within it.
    """

    name: str
    start: float
    end: float
    attributes: Attributes = field(default_factory=dict)
    links: tuple[str, ...] = ()
    children: tuple[ChildSpan, ...] = ()


class WorkSpan:
    """One try of a piece of work, or one request; a context manager that ends with the work.

    This class records nothing: it stands for work of jobs that are not traced.

    Attributes:
        traceparent: ids of the span (W3C Trace Context); None: it is not recorded.
    """

    traceparent: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.fail(error.code if isinstance(error, RhapsodeError) else type(error).__name__)
        self.end()

    @contextmanager
    def child(self, name: str) -> Iterator[None]:
        """Records what the block does."""
        if self.traceparent is None:
            yield
            return
        start = time.time()
        try:
            yield
        finally:
            self.add(ChildSpan(name, start, time.time()))

    def add(self, child: ChildSpan) -> None:
        """Records something that has happened within it."""

    def note(self, **attributes: str | int | float | bool) -> None:
        """Adds attributes."""

    def fail(self, code: str) -> None:
        """Says that the work did not succeed, and why."""

    def end(self) -> None:
        """Hands the span and its children over to be exported."""

    def discard(self) -> None:
        """Lets the span be forgotten when it ends."""


NOT_TRACED = WorkSpan()


class Tracing:
    """Opens spans of jobs. This class opens none: tracing is off."""

    on: bool = False

    def request(
        self, name: str, start: float, traceparent: str | None, attributes: Attributes
    ) -> WorkSpan:
        """Opens the first span of a job, under that of the client where it sent one.

        Args:
            name: method and route.
            start: when the request came [Unix s].
            traceparent: the client's header.
            attributes: what is known of the job.
        """
        return NOT_TRACED

    def work(
        self, name: str, start: float, traceparent: str | None, attributes: Attributes
    ) -> WorkSpan:
        """Opens the span of a try of work.

        Args:
            name: plan, part or assemble.
            start: when it began to wait [Unix s].
            traceparent: of the job; None: it is not traced.
            attributes: what is known of the work.
        """
        return NOT_TRACED

    def close(self) -> None:
        """Exports what has ended, as far as the collector answers soon."""


def open_tracing(address: str | None, process: str) -> Tracing:
    """Returns what records traces; nothing is imported for None.

    Args:
        address: of an OTLP collector that speaks HTTP, ``http://host:4318``.
        process: what the process is.

    Raises:
        FieldError: the address is none, or OpenTelemetry is not installed.
    """
    if address is None:
        return Tracing()
    if not address.startswith(("http://", "https://")):
        allowed = "http://host:4318"
        raise FieldError("RHAPSODE_TRACES", f"{address!r} is no address", allowed=allowed)
    try:
        from telemetry.otlp import OtlpTracing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        how = "pip install -c constraints.txt '.[tracing]'"
        message = f"OpenTelemetry is not installed: {how}"
        raise FieldError("RHAPSODE_TRACES", message, code="missing_extra") from error
    return OtlpTracing(address, process)
