"""Reads the backlog and the pace, which the scripts of ``lua/transitions`` keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from core.record import TERMINAL, JobRecord
from jobs.progress import Backlog, Forecast, RemainingWork, eta_seconds
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import BACKLOG, PACE, job_key, queued_key

HashValues = Sequence[bytes | None]


class RedisBacklog:
    """See ``jobs.protocols.BacklogReader``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def backlog(self) -> Backlog:
        """See BacklogReader."""
        with translated():
            pipe = self._client.pipeline(transaction=False)
            _read_totals(pipe)
            waiting, pace = pipe.execute()
        return _backlog(waiting, pace)

    def forecast(self, records: Sequence[JobRecord]) -> tuple[Forecast, ...]:
        """See BacklogReader. One round trip."""
        if all(record.state in TERMINAL for record in records):
            return (Forecast(),) * len(records)
        with translated():
            pipe = self._client.pipeline(transaction=False)
            _read_totals(pipe)
            for record in records:
                pipe.hmget(job_key(record.id), ["total_ms", "done_ms", "goal_ms"])
                pipe.zrank(queued_key(record.request.lane), record.id)
            waiting, pace, *rows = pipe.execute()
        backlog = _backlog(waiting, pace)
        pairs = zip(records, rows[::2], rows[1::2], strict=True)
        return tuple(_forecast(record, row, at, waiting, backlog) for record, row, at in pairs)


def _read_totals(pipe: Any) -> None:
    pipe.hmget(BACKLOG, ["interactive", "bulk", "interactive:over", "bulk:over"])
    pipe.hmget(PACE, ["audio", "wall"])


def _backlog(waiting: HashValues, pace: HashValues) -> Backlog:
    interactive, bulk = (max(0, int(ms or 0)) / 1000 for ms in waiting[:2])
    audio, wall = (float(sum_ or 0) for sum_ in pace)
    return Backlog(interactive=interactive, bulk=bulk, pace=audio / wall if wall > 0 else None)


def _forecast(
    record: JobRecord, row: HashValues, position: int | None, waiting: HashValues, backlog: Backlog
) -> Forecast:
    total, done, goal = (None if ms is None else int(ms) for ms in row)
    position = position if record.state == "queued" else None
    if record.state in TERMINAL or total is None or goal is None:
        return Forecast(position)
    lane = record.request.lane
    over = int(waiting[2 if lane == "interactive" else 3] or 0)
    left = RemainingWork(own=(total - (done or 0)) / 1000, queue=(goal - over) / 1000)
    return Forecast(position, eta_seconds(left, lane, backlog))
