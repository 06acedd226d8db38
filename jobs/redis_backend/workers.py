"""Who lives, and what of the work is nobody's: the part of the job store that recovery asks."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec
import redis

from jobs.ids import oldest_id
from jobs.protocols import ASSEMBLE, PLAN, WorkerBeat, WorkId
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key, redis_key

FORGOTTEN_SECONDS: Final = 3600.0
"""A worker that is silent for so long is forgotten [s]."""


class WorkersOnRedis:
    """A part of ``jobs.redis_backend.store.RedisStore``, which gives it its attributes.

    Attributes:
        redis: the connection.
    """

    redis: redis.Redis
    _alive: float
    _lost: Any

    def beat(self, beat: WorkerBeat) -> None:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline()
            pipe.zadd(redis_key("workers"), {beat.id: beat.seen_at})
            pipe.hset(redis_key("beats"), beat.id, msgspec.msgpack.encode(beat))
            pipe.execute()

    def workers(self, now: float) -> tuple[WorkerBeat, ...]:
        """See JobStore. Forgets those that have been silent for an hour."""
        with translated():
            gone = self.redis.zrangebyscore(redis_key("workers"), "-inf", now - FORGOTTEN_SECONDS)
            if gone:
                self.redis.zrem(redis_key("workers"), *gone)
                self.redis.hdel(redis_key("beats"), *gone)
            rows = cast("list[bytes]", self.redis.hvals(redis_key("beats")))
        beats = (msgspec.msgpack.decode(row, type=WorkerBeat) for row in rows)
        return tuple(beat for beat in beats if beat.seen_at >= now - self._alive)

    def leave(self, worker: str) -> None:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline()
            pipe.zrem(redis_key("workers"), worker)
            pipe.hdel(redis_key("beats"), worker)
            pipe.execute()

    def open_jobs(self) -> tuple[str, ...]:
        """See JobStore."""
        with translated():
            rows = cast("list[bytes]", self.redis.zrange(redis_key("active"), 0, -1))
        return tuple(row.decode() for row in rows)

    def loose(self, job_id: str) -> tuple[WorkId, ...]:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline(transaction=True)
            pipe.hmget(job_key(job_id), ["state", "parts_total"])
            pipe.hkeys(job_key(job_id, "results"))
            pipe.hkeys(job_key(job_id, "leases"))
            (state, total), done, held = pipe.execute()
        if state not in (b"queued", b"running") or PLAN.encode() in held:
            return ()  # over, or its planner is about to send the rest
        parts = {str(index) for index in range(int(total or 0))} - {i.decode() for i in done}
        wanted = parts if parts else {PLAN if total is None else ASSEMBLE}
        return tuple(sorted(wanted - {work.decode() for work in held}))

    def orphaned(self, job_id: str, work: WorkId) -> bool:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline(transaction=True)
            pipe.hget(job_key(job_id), "state")
            pipe.hexists(job_key(job_id, "results"), work)
            pipe.hexists(job_key(job_id, "leases"), work)
            state, done, held = pipe.execute()
        return state in (b"queued", b"running") and not done and not held

    def lost(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        """See JobStore."""
        found: list[tuple[str, WorkId]] = []
        times = [repr(now - self._alive), repr(stale_before), repr(now)]
        others = [redis_key(name) for name in ("workers", "active", "leased")]
        with translated():
            stale = self.redis.zrangebyscore(
                redis_key("active"), "-inf", f"({stale_before!r}", 0, 1000
            )
            for raw in {*self.redis.smembers(redis_key("leased")), *stale}:
                job_id = raw.decode()
                keys = [job_key(job_id, "leases"), *others]
                works = [w.decode() for w in self._lost(keys, [job_id, *times])]
                # A plan sent again sends what has no result, and assemble if nothing is missing.
                found += [(job_id, PLAN if work == "*" else work) for work in works]
        return tuple(found)

    def expired(self, before: float, limit: int = 100) -> tuple[str, ...]:
        """See JobStore. Ids sort by the time of making, and what ended before was made before."""
        found: list[str] = []
        bottom, top = "-", f"({oldest_id(before)}"
        while len(found) < limit:
            with translated():
                rows = cast(
                    "list[bytes]",
                    self.redis.zrangebylex(redis_key("jobs"), bottom, top, 0, limit),
                )
                ids = [row.decode() for row in rows]
                pipe = self.redis.pipeline(transaction=False)
                for job_id in ids:
                    pipe.hmget(job_key(job_id), ["state", "finished_at"])
                facts = pipe.execute()
            found += [i for i, fact in zip(ids, facts, strict=True) if _ended_before(before, *fact)]
            if len(ids) < limit:
                break
            bottom = f"({ids[-1]}"
        return tuple(found[:limit])


def _ended_before(before: float, state: bytes | None, finished_at: bytes | None) -> bool:
    """A record that is no longer there has ended, whatever its index says."""
    return state is None or (finished_at is not None and float(finished_at) < before)
