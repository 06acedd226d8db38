"""The metrics of the API, and what it asks Redis for as somebody scrapes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.backends import Backends
from api.routes.health import readiness
from core.errors import Unavailable
from telemetry.metrics import SECONDS, exposition

REFUSED = Counter("tts_requests_refused", "Requests that were not accepted", ("code",))
HTTP_SECONDS = Histogram(
    "tts_http_request_seconds",
    "Time to answer",
    ("method", "route", "status"),
    buckets=SECONDS,
)


def count_refused(code: str) -> None:
    """Counts a request that was not accepted."""
    REFUSED.labels(code).inc()


def app_version() -> str:
    """Returns the version of the installed distribution."""
    try:
        return version("rhapsode")
    except PackageNotFoundError:
        return "uninstalled"


class CurrentState(Collector):
    """A collector that asks Redis as somebody scrapes, so that nothing is older than that.

    Args:
        backends: to ask.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def describe(self) -> Iterable[Metric]:
        """Returns nothing: registering asks no one."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yields build, readiness, workers, queue depth and age, backlog."""
        build = GaugeMetricFamily("tts_build_info", "Version of this API", labels=["version"])
        build.add_metric([app_version()], 1)
        yield build
        state = readiness(self._backends)
        yield GaugeMetricFamily("tts_ready", "1 if a new job would be spoken", value=state.ready)
        workers = GaugeMetricFamily(
            "tts_workers", "Workers that live and are ready", labels=["role"]
        )
        workers.add_metric(["planner"], state.planners)
        workers.add_metric(["synthesizer"], state.synthesizers)
        yield workers
        depth = GaugeMetricFamily("tts_queue_depth", "Messages that wait", labels=["queue"])
        oldest = GaugeMetricFamily(
            "tts_queue_oldest_seconds", "How long the oldest message has waited", labels=["queue"]
        )
        try:
            for queue, waiting in self._backends.queue.depths().items():
                depth.add_metric([queue], waiting)
            for queue, age in self._backends.queue.ages(self._backends.now()).items():
                oldest.add_metric([queue], age)
            waits = self._backends.backlog.backlog()
        except Unavailable:
            return
        backlog = GaugeMetricFamily(
            "tts_backlog_audio_seconds",
            "Speech that is planned and not spoken yet",
            labels=["queue"],
        )
        backlog.add_metric(["interactive"], waits.interactive)
        backlog.add_metric(["bulk"], waits.bulk)
        yield from (depth, oldest, backlog)


def scrape(backends: Backends) -> bytes:
    """Returns the text exposition: of this process, or of all that share a metrics folder."""
    return exposition(backends.settings.metrics_folder, CurrentState(backends))


def measuring(app: ASGIApp) -> ASGIApp:
    """Returns middleware that measures every request, by route template and status.

    A stream of events lasts as long as its job: it is measured until it begins.
    """

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()
        began: float | None = None

        async def seen(message: Message) -> None:
            nonlocal status, began
            if message["type"] == "http.response.start":
                status = message["status"]
                if any(value.startswith(b"text/event-stream") for _, value in message["headers"]):
                    began = time.perf_counter()
            await send(message)

        try:
            await app(scope, receive, seen)
        finally:
            fields: Any = scope
            route = fields.get("path_template") or "unmatched"
            seconds = (began or time.perf_counter()) - start
            HTTP_SECONDS.labels(fields["method"], route, str(status)).observe(seconds)

    return call
