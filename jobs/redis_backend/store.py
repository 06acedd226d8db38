"""The job store on Redis. One hash per job; its transitions are Lua scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from core.errors import Conflict, LimitReached, NotFound, Unavailable
from core.part import PartResult
from core.record import JobError, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Source
from jobs.protocols import (
    Claim,
    Idempotency,
    JobFilter,
    JobPage,
    OpenJobLimits,
    Verdict,
    WorkId,
)
from jobs.redis_backend import scripts
from jobs.redis_backend.client import open_redis, translated
from jobs.redis_backend.keys import index_key, job_key, redis_key
from jobs.redis_backend.plans import PlansOnRedis
from jobs.redis_backend.records import read_page, read_records
from jobs.redis_backend.workers import WorkersOnRedis

IDEMPOTENCY_SECONDS: Final = 24 * 3600
"""How long a client's key names its job: a day of retries."""
ALIVE_SECONDS: Final = 15.0
"""A worker without a beat for this long is taken for dead (three beats missed)."""
FULL_SECONDS: Final = 5.0
"""When an owner with too many open jobs may ask again: jobs end by then, or not for long [s]."""
ANY: Final = OpenJobLimits()
WHATEVER: Final = JobFilter()

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


class RedisStore(PlansOnRedis, WorkersOnRedis):
    """See ``jobs.protocols.JobStore``.

    Args:
        url: redis://host:port/db.
        alive_seconds: how old a worker's last beat may be [s].
    """

    def __init__(self, url: str, *, alive_seconds: float = ALIVE_SECONDS) -> None:
        self.redis = open_redis(url)
        self._alive = alive_seconds
        register = self.redis.register_script
        self._create, self._claim = register(scripts.CREATE), register(scripts.CLAIM)
        self._begin, self._release = register(scripts.BEGIN), register(scripts.RELEASE)
        self._put_plan = register(scripts.PUT_PLAN)
        self._part_done, self._finish = register(scripts.PART_DONE), register(scripts.FINISH)
        self._lost, self._reopen = register(scripts.LOST), register(scripts.REOPEN)
        self._forget = register(scripts.FORGET)

    def ping(self) -> None:
        """See JobStore."""
        with translated():
            self.redis.ping()

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        room: OpenJobLimits = ANY,
    ) -> JobRecord:
        """See JobStore."""
        known, owner = idempotency or Idempotency("", ""), record.owner or ""
        keys = [job_key(record.id), redis_key("jobs"), index_key("queued"), redis_key("active")]
        keys += [
            redis_key("idempotency", owner, known.key),
            scripts.OWNERS + owner,
            scripts.OPEN + owner,
        ]
        fields = {
            "state": record.state,
            "lane": record.request.lane,
            "request": _encode(record.request),
            "created_at": repr(record.created_at),
            "facts": _encode(record.source),
            "source": _encode(source),
        }
        if owner:
            fields["owner"] = owner
        flat: list[Any] = [item for pair in fields.items() for item in pair]
        lifetime = str(IDEMPOTENCY_SECONDS * 1000)
        head = [record.id, known.payload, lifetime, repr(record.created_at), job_key("")]
        with translated():
            verdict, job_id = self._create(keys, [*head, *_most(room), owner, *flat])
        _require_accepted(verdict.decode(), room)
        return record if verdict == b"new" else self.get(job_id.decode())

    def get(self, job_id: str) -> JobRecord:
        """See JobStore."""
        (record,) = read_records(self.redis, [job_id])
        if record is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return record

    def source(self, job_id: str) -> Source:
        """See JobStore."""
        with translated():
            data = self.redis.hget(job_key(job_id), "source")
        if data is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return _decode(cast(bytes, data), type=Source)

    def page(self, *, cursor: str | None, limit: int, wanted: JobFilter = WHATEVER) -> JobPage:
        """See JobStore."""
        return read_page(self.redis, wanted, cursor, limit)

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        """See JobStore."""
        keys = [
            job_key(job_id),
            job_key(job_id, "leases"),
            job_key(job_id, "results"),
            redis_key("workers"),
        ]
        keys += [job_key(job_id, "attempts"), index_key("queued"), index_key("running")]
        keys += [redis_key("active"), redis_key("leased")]
        with translated():
            verdict, attempt = self._claim(
                keys, [job_id, work, worker, repr(now), repr(now - self._alive)]
            )
        return Claim(cast(Verdict, verdict.decode()), attempt)

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        """See JobStore."""
        keys = [job_key(job_id), job_key(job_id, "leases"), job_key(job_id, "attempts")]
        with translated():
            return bool(self._begin(keys, [work, worker]))

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        """See JobStore."""
        with translated():
            keys = [job_key(job_id, "leases"), job_key(job_id, "attempts")]
            self._release(keys, [work, worker])

    def part_done(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        """See JobStore."""
        keys = [
            job_key(job_id),
            job_key(job_id, "leases"),
            job_key(job_id, "results"),
            redis_key("active"),
        ]
        keys += [job_key(job_id, "failed"), job_key(job_id, "ms")]
        failed, spoken = int(result.error is not None), int(result.sound is not None)
        args: list[Any] = [result.index, _encode(result), failed, worker, repr(now), job_id]
        args.append(spoken if not result.reused else 0)
        with translated():
            moved = self._part_done(keys, args)
        if moved == -1:
            raise Conflict(f"job {job_id} has ended", code="job_over")
        return bool(moved)

    def undo(self, job_id: str, indices: Sequence[int], now: float) -> None:
        """See JobStore."""
        self._again(job_id, "running", indices, now)

    def retry(self, job_id: str, now: float, room: OpenJobLimits = ANY) -> JobRecord:
        """See JobStore."""
        state = self.get(job_id).state
        with translated():
            failed = cast("set[bytes]", self.redis.smembers(job_key(job_id, "failed")))
        worth, parts = state in ("partial", "failed"), [int(i) for i in failed]
        if not worth or not self._again(job_id, state, parts, now, room):
            raise Conflict(f"the job is {state}: nothing to retry", code="not_retryable")
        return self.get(job_id)

    def _again(
        self,
        job_id: str,
        state: JobState,
        indices: Sequence[int],
        now: float,
        room: OpenJobLimits = ANY,
    ) -> bool:
        keys = [
            job_key(job_id),
            job_key(job_id, "results"),
            job_key(job_id, "failed"),
            redis_key("active"),
        ]
        keys += [index_key(state), index_key("queued"), index_key("running"), job_key(job_id, "ms")]
        with translated():
            verdict = self._reopen(keys, [job_id, state, repr(now), *_most(room), *indices])
        _require_accepted(verdict.decode(), room)
        return bool(verdict == b"yes")

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """See JobStore."""
        keys = [job_key(job_id), redis_key("active"), redis_key("leased")]
        keys += [index_key("queued"), index_key("running"), index_key(state)]
        over: tuple[str, ...] = ("leases", "attempts")
        over += () if state in ("partial", "failed") else ("parts", "results", "failed", "ms")
        keys += [job_key(job_id, name) for name in over]
        told = [b"" if item is None else _encode(item) for item in (report, error)]
        with translated():
            moved = self._finish(keys, [job_id, state, repr(now), *told])
        if moved == -1:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return bool(moved)

    def forget(self, job_id: str) -> None:
        """See JobStore."""
        names = ("parts", "leases", "attempts", "results", "failed", "events")
        states = ("queued", "running", "succeeded", "partial", "failed", "cancelled")
        indices = [redis_key("jobs"), redis_key("active"), *(index_key(s) for s in states)]
        keys = [job_key(job_id), job_key(job_id, "ms"), redis_key("leased"), *indices]
        keys += [job_key(job_id, name) for name in names]
        with translated():
            self._forget(keys, [job_id, len(indices)])


def _most(room: OpenJobLimits) -> list[int]:
    return [-1 if most is None else most for most in (room.of_all, room.of_owner)]


def _require_accepted(verdict: str, room: OpenJobLimits) -> None:
    if verdict == "other":
        message = "this Idempotency-Key was used for another request"
        raise Conflict(message, code="idempotency_mismatch")
    if verdict == "full":
        message = f"the key has {room.of_owner} jobs that have not ended, as many as it may"
        raise LimitReached(message, FULL_SECONDS, code="too_many_open_jobs")
    if verdict == "overloaded":
        raise Unavailable("too many jobs have not ended; try again later", code="overloaded")
