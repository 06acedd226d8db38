"""The first span of a job's trace: the request that makes it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from telemetry.tracing import NOT_TRACED, Tracing, WorkSpan


@dataclass(frozen=True, slots=True)
class CurrentRequest:
    """The request that is being answered.

    Attributes:
        scope: of ASGI; the route stands in it once it is known.
        arrived_at: Unix seconds.
    """

    scope: Scope
    arrived_at: float


_CURRENT: ContextVar[CurrentRequest | None] = ContextVar("current_request", default=None)


def remembering_request(app: ASGIApp) -> ASGIApp:
    """Returns middleware that lets ``request_span`` know the request."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            _CURRENT.set(CurrentRequest(scope, time.time()))
        await app(scope, receive, send)

    return call


def request_span(tracing: Tracing, now: float, job_id: str) -> WorkSpan:
    """Returns the span of the request that is being answered, as that which makes a job.

    Args:
        tracing: of the process.
        now: when the job is made [Unix s].
        job_id: of the job.
    """
    if not tracing.on:
        return NOT_TRACED
    current, name, traceparent, start = _CURRENT.get(), "create job", None, now
    if current is not None:
        fields = dict(current.scope)
        name = f"{fields['method']} {fields.get('path_template') or fields['path']}"
        headers = dict(current.scope["headers"])
        traceparent = headers.get(b"traceparent", b"").decode("latin-1") or None
        start = current.arrived_at
    return tracing.request(name, start, traceparent, {"rhapsode.job_id": job_id})
