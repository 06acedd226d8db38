"""Reads what happened to a job; the scripts of ``jobs.redis_backend.scripts`` write it."""

from __future__ import annotations

from typing import Any, Final, cast

from core.record import JobEvent, JobEventName, JobProgress, JobState
from jobs.progress import share_of
from jobs.redis_backend.client import open_redis, translated
from jobs.redis_backend.keys import job_key

START: Final = "0-0"
"""Before the first event."""
AT_ONCE: Final = 500
"""Events per look, about 100 kB."""


class RedisEvents:
    """Events of jobs, in order, about the last thousand of each; gone with the job.

    Args:
        url: redis://host:port/db.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)

    def after(self, job_id: str, last: str = START) -> tuple[JobEvent, ...]:
        """What happened after that event, oldest first, at most ``AT_ONCE``.

        Raises:
            Unavailable: Redis does not answer.
        """
        key = job_key(job_id, "events")
        with translated():
            found: Any = self._redis.xread({key: last}, count=AT_ONCE)
        return tuple(_event(job_id, *row) for _, rows in found for row in rows)


def _event(job_id: str, event_id: bytes, fields: dict[bytes, bytes]) -> JobEvent:
    told = {name.decode(): value.decode() for name, value in fields.items()}
    names = ("parts_total", "parts_done", "parts_failed")
    planned, done, failed = (int(told[name]) for name in names)
    share = share_of(int(told["done_ms"]), int(told["total_ms"]))
    return JobEvent(
        id=event_id.decode(),
        job=job_id,
        event=cast(JobEventName, told["event"]),
        at=int(event_id.split(b"-")[0]) / 1000,
        state=cast(JobState, told["state"]),
        part=int(told["part"]) if told["part"] else None,
        progress=JobProgress(planned, done, failed, share),
    )
