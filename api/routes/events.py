"""``/jobs/{id}/events``: what happens to a job, as it happens (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

import msgspec
from anyio import to_thread
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from api.backends import Backends
from api.problems import problem_responses
from api.routes.jobs import known_id
from core.errors import NotFound, Unavailable
from core.record import TERMINAL, JobEvent, JobEventName, JobProgress, JobState
from core.units import utc
from jobs.redis_backend.events import AT_ONCE, START

HEARTBEAT_SECONDS = 15.0
"""A comment after so long without an event [s], so that proxies keep the connection and a client
that is gone is noticed."""
AGAIN_SECONDS = 1.0
"""Until the next look while Redis is away [s]."""
MEDIA_TYPE = "text/event-stream"


class SentEvent(msgspec.Struct, frozen=True):
    """An event on the wire."""

    id: str
    event: str
    """``created``, ``planned``, ``part_done`` … ``finished``."""
    data: str
    """The event as JSON: id, job, event, at (RFC 3339), state, part and progress."""


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event as clients see it."""

    id: str
    job: str
    event: JobEventName
    at: datetime
    state: JobState
    part: int | None
    progress: JobProgress

    @classmethod
    def of(cls, event: JobEvent) -> Self:
        """Returns the view of an event."""
        return cls(**{**msgspec.structs.asdict(event), "at": utc(event.at)})


@get(
    "/jobs/{job_id:str}/events",
    status_code=200,
    summary="What happens to a job, as it happens",
    description=(
        "Server-sent events: `event` is the name, `id` the place, `data` the JSON below. All that "
        "is known comes first (of a job with more than a thousand events the latest), then every "
        "move as it happens; comments keep the connection open. The stream ends after `finished`. "
        "With `Last-Event-ID` it goes on after that event, so a client that reconnects misses "
        "nothing and hears nothing twice; 204 tells it that nothing more will come."
    ),
    responses={
        200: ResponseSpec(
            SentEvent, description="The events", media_type=MEDIA_TYPE, generate_examples=False
        ),
        204: ResponseSpec(None, description="The job has ended and all of it is known"),
        **problem_responses(404, 503),
    },
    tags=["jobs"],
)
async def events(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    last: Annotated[
        str | None,
        HeaderParameter(
            name="Last-Event-ID",
            pattern=r"^(\d{1,15}-\d{1,15})?$",
            description="`id` of the last event that arrived",
        ),
    ] = None,
) -> Response[Any]:
    """Returns the stream, or 204 where nothing more will come."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    last = last or START
    known = partial(backends.events.after, job_id, last)
    if record.state in TERMINAL and not await to_thread.run_sync(known):
        return Response(None, status_code=204)
    return ServerSentEvent(_messages(backends, job_id, last))


async def _messages(
    backends: Backends, job_id: str, last: str
) -> AsyncIterator[ServerSentEventMessage]:
    """Yields the events. One task, no thread: a client that reads slowly delays nothing else."""
    loop, moved = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> object:
        return loop.call_soon_threadsafe(moved.set)

    with backends.listener.listening(job_id, wake):
        while True:
            moved.clear()  # before the look: what happens after it sets the event again
            try:
                some = await to_thread.run_sync(backends.events.after, job_id, last)
            except Unavailable:
                yield ServerSentEventMessage(data=None, comment="the job store is away")
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for event in some:
                yield _message(event)
                last = event.id
            if len(some) == AT_ONCE:
                continue
            if some and some[-1].event == "finished":
                return
            if not await _within(moved, HEARTBEAT_SECONDS):
                if await _is_over(backends, job_id):
                    return
                yield ServerSentEventMessage(data=None, comment="still here")


def _message(event: JobEvent) -> ServerSentEventMessage:
    view = EventView.of(event)
    return ServerSentEventMessage(
        data=msgspec.json.encode(view), event=event.event, id=event.id, sep="\n"
    )


async def _within(moved: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(moved.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _is_over(backends: Backends, job_id: str) -> bool:
    """Whether nothing can come any more: the job was deleted, or ended before it had events."""
    try:
        record = await to_thread.run_sync(backends.store.records.get, job_id)
    except NotFound:
        return True
    except Unavailable:
        return False
    return record.state in TERMINAL


ROUTES: list[Any] = [events]
