"""Which workers live, on Redis."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, cast

import msgspec
import redis

from core.errors import UnreadableRow
from jobs.protocols import WorkerBeat
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import BEATS, WORKERS
from jobs.redis_backend.stored import decode_row

FORGOTTEN_SECONDS: Final = 3600.0
"""A worker that is silent for so long is forgotten [s]."""


class RedisWorkers:
    """See ``jobs.protocols.WorkerRegistry``.

    Args:
        client: the connection.
        alive_seconds: how old a worker's last beat may be [s].
    """

    def __init__(self, client: redis.Redis, alive_seconds: float) -> None:
        self._client, self._alive_seconds = client, alive_seconds

    def beat(self, beat: WorkerBeat) -> None:
        """See WorkerRegistry."""
        with translated():
            pipe = self._client.pipeline()
            pipe.zadd(WORKERS, {beat.id: beat.seen_at})
            pipe.hset(BEATS, beat.id, msgspec.msgpack.encode(beat))
            pipe.execute()

    def alive(self, now: float) -> tuple[WorkerBeat, ...]:
        """See WorkerRegistry. Forgets those that have been silent for an hour."""
        with translated():
            silent = self._client.zrangebyscore(WORKERS, "-inf", now - FORGOTTEN_SECONDS)
            if silent:
                self._client.zrem(WORKERS, *silent)
                self._client.hdel(BEATS, *silent)
            rows = cast("dict[bytes, bytes]", self._client.hgetall(BEATS))
        found = []
        for worker, row in rows.items():
            with suppress(UnreadableRow):  # it is logged and counted
                found.append(decode_row(row, WorkerBeat, worker.decode()))
        return tuple(beat for beat in found if beat.seen_at >= now - self._alive_seconds)

    def leave(self, worker: str) -> None:
        """See WorkerRegistry."""
        with translated():
            pipe = self._client.pipeline()
            pipe.zrem(WORKERS, worker)
            pipe.hdel(BEATS, worker)
            pipe.execute()
