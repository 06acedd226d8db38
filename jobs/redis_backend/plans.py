"""What a job is to speak, part by part, and what became of each, on Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar, cast

import msgspec
import redis

from core.errors import Conflict, NotFound
from core.part import JobPlan, Part, PartResult
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key, names_of_job
from jobs.redis_backend.scripts import LuaScript, Value
from jobs.redis_backend.stored import decode_row

CHUNK: Final = 64
"""Parts or results moved per command, about a megabyte."""

T = TypeVar("T")
_encode = msgspec.msgpack.encode


class RedisPlans:
    """See ``jobs.protocols.PlanStore``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._put = LuaScript(client, "transitions/put_plan")

    def put(self, job_id: str, plan: JobPlan, parts: Iterable[Part]) -> None:
        """See PlanStore. Written in pieces; the plan itself last, and only then does it exist."""
        names, total_ms, left = names_of_job(job_id), 0, iter(parts)
        while some := tuple(islice(left, CHUNK)):
            rows: list[Value] = []
            for part in some:
                ms = round(part.seconds * 1000)
                rows += [part.index, _encode(part), ms]
                total_ms += ms
            self._put(names, rows, plan="", total=0, total_ms=0)
        self._put(names, plan=_encode(plan), total=plan.parts, total_ms=total_ms)

    def get(self, job_id: str) -> JobPlan | None:
        """See PlanStore."""
        with translated():
            data = self._client.hget(job_key(job_id), "plan")
        return None if data is None else decode_row(cast(bytes, data), JobPlan, job_id)

    def part(self, job_id: str, index: int) -> Part:
        """See PlanStore."""
        with translated():
            data = self._client.hget(job_key(job_id, "parts"), str(index))
        if data is None:
            raise NotFound(f"no part {index} of job {job_id}", code="part_not_found")
        return decode_row(cast(bytes, data), Part, f"{job_id}/{index}")

    def parts(self, job_id: str) -> Iterator[Part]:
        """See PlanStore."""
        return _rows(self._client, job_id, "parts", Part)


class RedisResults:
    """See ``jobs.protocols.ResultStore``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._add = LuaScript(client, "transitions/add_result")

    def add(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        """See ResultStore."""
        moved = self._add(
            names_of_job(job_id),
            index=result.index,
            result=_encode(result),
            failed=int(result.error is not None),
            worker=worker,
            now=repr(now),
            generated=int(result.audio is not None and not result.reused),
        )
        if moved == -1:
            raise Conflict(f"job {job_id} has ended", code="job_over")
        return bool(moved)

    def all(self, job_id: str) -> Iterator[PartResult]:
        """See ResultStore."""
        return _rows(self._client, job_id, "results", PartResult)

    def get(self, job_id: str, index: int) -> PartResult | None:
        """See ResultStore."""
        with translated():
            data = self._client.hget(job_key(job_id, "results"), str(index))
        return None if data is None else decode_row(cast(bytes, data), PartResult, job_id)

    def missing(self, job_id: str) -> tuple[int, ...]:
        """See ResultStore."""
        with translated():
            total = cast("bytes | None", self._client.hget(job_key(job_id), "parts_total"))
            done = cast("list[bytes]", self._client.hkeys(job_key(job_id, "results")))
        indices = {int(index) for index in done}
        return tuple(index for index in range(int(total or 0)) if index not in indices)


def _rows(client: redis.Redis, job_id: str, name: str, kind: type[T]) -> Iterator[T]:
    """Yields what a job's hash of parts or of results holds, in the order of the parts."""
    with translated():
        state, parts = client.hmget(job_key(job_id), ["state", "parts_total"])
    if state is None:
        raise NotFound(f"no job {job_id}", code="job_not_found")
    total = int(parts or 0)
    for start in range(0, total, CHUNK):
        indices = [str(i) for i in range(start, min(start + CHUNK, total))]
        with translated():
            rows = cast("list[bytes | None]", client.hmget(job_key(job_id, name), indices))
        for row in rows:
            if row is not None:
                yield decode_row(row, kind, job_id)
