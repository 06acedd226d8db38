"""Reads the events of a job, which the scripts of ``lua/transitions`` write."""

from __future__ import annotations

from typing import Any, Final, cast

import redis

from core.record import JobEvent, JobEventName, JobProgress, JobState
from jobs.progress import share_of
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key

START: Final = "0-0"
"""Before the first event."""
AT_ONCE: Final = 500
"""Events per look, about 100 kB."""


class RedisEvents:
    """See ``jobs.protocols.EventLog``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def after(self, job_id: str, last: str = START) -> tuple[JobEvent, ...]:
        """See EventLog. Returns at most ``AT_ONCE``."""
        key = job_key(job_id, "events")
        with translated():
            found: Any = self._client.xread({key: last}, count=AT_ONCE)
        return tuple(_event(job_id, *row) for _, rows in found for row in rows)


def _event(job_id: str, event_id: bytes, fields: dict[bytes, bytes]) -> JobEvent:
    values = {name.decode(): value.decode() for name, value in fields.items()}
    names = ("parts_total", "parts_done", "parts_failed")
    planned, done, failed = (int(values[name]) for name in names)
    share = share_of(int(values["done_ms"]), int(values["total_ms"]))
    return JobEvent(
        id=event_id.decode(),
        job=job_id,
        event=cast(JobEventName, values["event"]),
        at=int(event_id.split(b"-")[0]) / 1000,
        state=cast(JobState, values["state"]),
        part=int(values["part"]) if values["part"] else None,
        progress=JobProgress(planned, done, failed, share),
    )
