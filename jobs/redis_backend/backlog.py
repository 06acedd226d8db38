"""Reads the backlog and the pace that the scripts of ``jobs.redis_backend.scripts`` keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.record import TERMINAL, JobRecord
from jobs.progress import Backlog, Forecast, RemainingWork, eta_seconds
from jobs.redis_backend.client import open_redis, translated
from jobs.redis_backend.keys import job_key
from jobs.redis_backend.transitions import BACKLOG, PACE, QUEUED

Row = Sequence[bytes | None]


class RedisBacklog:
    """What waits, and what that means for a job.

    Args:
        url: redis://host:port/db.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)

    def backlog(self) -> Backlog:
        """Raises Unavailable."""
        with translated():
            pipe = self._redis.pipeline(transaction=False)
            _ask(pipe)
            waiting, pace = pipe.execute()
        return _backlog(waiting, pace)

    def outlook(self, records: Sequence[JobRecord]) -> tuple[Forecast, ...]:
        """Of each record, at one moment and in one round trip. Raises Unavailable."""
        if all(record.state in TERMINAL for record in records):
            return (Forecast(),) * len(records)
        with translated():
            pipe = self._redis.pipeline(transaction=False)
            _ask(pipe)
            for record in records:
                pipe.hmget(job_key(record.id), ["total_ms", "done_ms", "goal_ms"])
                pipe.zrank(QUEUED + record.request.lane, record.id)
            waiting, pace, *rows = pipe.execute()
        backlog = _backlog(waiting, pace)
        pairs = zip(records, rows[::2], rows[1::2], strict=True)
        return tuple(_outlook(record, row, at, waiting, backlog) for record, row, at in pairs)


def _ask(pipe: Any) -> None:
    pipe.hmget(BACKLOG, ["interactive", "bulk", "interactive:over", "bulk:over"])
    pipe.hmget(PACE, ["audio", "wall"])


def _backlog(waiting: Row, pace: Row) -> Backlog:
    interactive, bulk = (max(0, int(ms or 0)) / 1000 for ms in waiting[:2])
    audio, wall = (float(sum_ or 0) for sum_ in pace)
    return Backlog(interactive=interactive, bulk=bulk, pace=audio / wall if wall > 0 else None)


def _outlook(
    record: JobRecord, row: Row, position: int | None, waiting: Row, backlog: Backlog
) -> Forecast:
    total, done, goal = (None if ms is None else int(ms) for ms in row)
    position = position if record.state == "queued" else None
    if record.state in TERMINAL or total is None or goal is None:
        return Forecast(position)
    lane = record.request.lane
    over = int(waiting[2 if lane == "interactive" else 3] or 0)
    owed = RemainingWork(own=(total - (done or 0)) / 1000, queue=(goal - over) / 1000)
    return Forecast(position, eta_seconds(owed, lane, backlog))
