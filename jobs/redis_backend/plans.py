"""What a job is to say, part by part, and what became of it: rows of the job store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec
import redis

from core.errors import NotFound
from core.part import JobPlan, Part, PartResult
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key

CHUNK: Final = 64
"""Parts or results moved per command, about a megabyte."""

T = TypeVar("T")
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


class PlansOnRedis:
    """A part of ``jobs.redis_backend.store.RedisStore``, which gives it its attributes.

    Attributes:
        redis: the connection.
    """

    redis: redis.Redis
    _put_plan: Any

    def put_plan(self, job_id: str, plan: JobPlan, parts: Sequence[Part]) -> None:
        """See JobStore. Written in pieces; the plan itself last, and only then does it exist."""
        keys = [job_key(job_id, *name) for name in ((), ("parts",), ("ms",))]
        ms = [round(part.seconds * 1000) for part in parts]
        with translated():
            for start in range(0, len(parts), CHUNK):
                flat: list[Any] = ["", 0, 0]
                for part in parts[start : start + CHUNK]:
                    flat += [part.index, _encode(part), ms[part.index]]
                self._put_plan(keys, flat)
            self._put_plan(keys, [_encode(plan), plan.parts, sum(ms)])

    def plan(self, job_id: str) -> JobPlan | None:
        """See JobStore."""
        with translated():
            data = self.redis.hget(job_key(job_id), "plan")
        return None if data is None else _decode(cast(bytes, data), type=JobPlan)

    def part(self, job_id: str, index: int) -> Part:
        """See JobStore."""
        with translated():
            data = self.redis.hget(job_key(job_id, "parts"), str(index))
        if data is None:
            raise NotFound(f"no part {index} of job {job_id}", code="part_not_found")
        return _decode(cast(bytes, data), type=Part)

    def parts(self, job_id: str) -> Iterator[Part]:
        """See JobStore."""
        return self._rows(job_id, "parts", Part)

    def pending(self, job_id: str) -> tuple[int, ...]:
        """See JobStore."""
        with translated():
            total = int(cast("bytes | None", self.redis.hget(job_key(job_id), "parts_total")) or 0)
            done = {
                int(i) for i in cast("list[bytes]", self.redis.hkeys(job_key(job_id, "results")))
            }
        return tuple(index for index in range(total) if index not in done)

    def results(self, job_id: str) -> Iterator[PartResult]:
        """See JobStore."""
        return self._rows(job_id, "results", PartResult)

    def _rows(self, job_id: str, name: str, kind: type[T]) -> Iterator[T]:
        with translated():
            state, parts = self.redis.hmget(job_key(job_id), ["state", "parts_total"])
        if state is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        total = int(parts or 0)
        for start in range(0, total, CHUNK):
            wanted = [str(i) for i in range(start, min(start + CHUNK, total))]
            with translated():
                rows = cast("list[bytes | None]", self.redis.hmget(job_key(job_id, name), wanted))
            for row in rows:
                if row is not None:
                    yield _decode(row, type=kind)
