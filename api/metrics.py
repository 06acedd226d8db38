"""The metrics of the API, and what it asks Redis for as somebody scrapes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from anyio import to_thread
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.backends import Backends
from api.routes.health import readiness
from core.errors import Unavailable
from telemetry.metrics import SECONDS, exposition

SCRAPE_SECONDS = 1.5
"""How long a scrape waits for Redis [s]."""
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
    """A collector that asks Redis as somebody scrapes.

    While Redis does not answer, a scrape has the last state after ``SCRAPE_SECONDS``, and its age:
    Prometheus would give up before the client of Redis does.

    Args:
        backends: to ask.
        seconds: how long a scrape waits [s].
    """

    def __init__(self, backends: Backends, *, seconds: float = SCRAPE_SECONDS) -> None:
        self._backends, self._seconds = backends, seconds
        self._lock = threading.Lock()
        self._asking: Future[list[Metric]] | None = None
        self._last: list[Metric] = [_ready(False)]
        self._asked = time.monotonic()
        self._page: asyncio.Future[bytes] | None = None

    def describe(self) -> Iterable[Metric]:
        """Returns nothing: registering asks no one."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yields build, age of the state, readiness, workers, queue depth and age, backlog."""
        build = GaugeMetricFamily("tts_build_info", "Version of this API", labels=["version"])
        build.add_metric([app_version()], 1)
        yield build
        asking, age = self._ask(), 0.0
        try:
            state = asking.result(self._seconds)
        except TimeoutError:
            state, age = self._last, time.monotonic() - self._asked
        help_ = "How old the state of Redis below is; 0 = asked just now"
        yield GaugeMetricFamily("tts_state_age_seconds", help_, value=age)
        yield from state

    async def page(self, folder: Path | None) -> bytes:
        """Returns the text exposition (``scrape``); who asks while it is made gets the same one.

        Nobody needs a key for it, and making it takes tens of milliseconds.
        """
        if self._page is None:
            self._page = asyncio.ensure_future(to_thread.run_sync(scrape, self, folder))
            self._page.add_done_callback(self._forget_page)
        return await asyncio.shield(self._page)

    def _forget_page(self, _: asyncio.Future[bytes]) -> None:
        self._page = None

    def _ask(self) -> Future[list[Metric]]:
        """Returns the question that is under way, or asks it in a thread of its own."""
        with self._lock:
            if self._asking is None:
                self._asking = Future()
                thread = threading.Thread(
                    target=self._answer, args=(self._asking,), name="state", daemon=True
                )
                thread.start()
            return self._asking

    def _answer(self, asking: Future[list[Metric]]) -> None:
        try:
            state = list(_state(self._backends))
        except Exception as error:
            self._forget_question()
            asking.set_exception(error)
        else:
            self._last, self._asked = state, time.monotonic()
            self._forget_question()
            asking.set_result(state)

    def _forget_question(self) -> None:
        """Lets the next scrape ask anew; before this one is answered, lest it had an old answer."""
        with self._lock:
            self._asking = None


def _ready(ready: bool) -> Metric:
    return GaugeMetricFamily("tts_ready", "1 if a new job would be spoken", value=ready)


def _state(backends: Backends) -> Iterator[Metric]:
    state = readiness(backends)
    yield _ready(state.ready)
    workers = GaugeMetricFamily("tts_workers", "Workers that live and are ready", labels=["role"])
    workers.add_metric(["planner"], state.planners)
    workers.add_metric(["synthesizer"], state.synthesizers)
    yield workers
    depth = GaugeMetricFamily("tts_queue_depth", "Messages that wait", labels=["queue"])
    oldest = GaugeMetricFamily(
        "tts_queue_oldest_seconds", "How long the oldest message has waited", labels=["queue"]
    )
    try:
        for queue, waiting in backends.queue.depths().items():
            depth.add_metric([queue], waiting)
        for queue, age in backends.queue.ages(backends.now()).items():
            oldest.add_metric([queue], age)
        waits = backends.backlog.backlog()
        pending, overdue = backends.deliveries.waiting(backends.now())
    except Unavailable:
        return
    backlog = GaugeMetricFamily(
        "tts_backlog_audio_seconds", "Speech that is planned and not spoken yet", labels=["queue"]
    )
    backlog.add_metric(["interactive"], waits.interactive)
    backlog.add_metric(["bulk"], waits.bulk)
    yield from (depth, oldest, backlog)
    help_ = "Deliveries of webhooks that are still to be made"
    yield GaugeMetricFamily("tts_webhooks_pending", help_, value=pending)
    help_ = "How long the first of them has been overdue"
    yield GaugeMetricFamily("tts_webhooks_overdue_seconds", help_, value=overdue)


def scrape(current: CurrentState, folder: Path | None) -> bytes:
    """Returns the text exposition: of this process, or of all that share a metrics folder."""
    return exposition(folder, current)


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
