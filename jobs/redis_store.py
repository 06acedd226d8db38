"""The job store on Redis. One hash per job; the moves are the scripts of ``jobs.scripts``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from core.errors import Conflict, LimitReached, NotFound, Unavailable
from core.job import (
    Controls,
    JobError,
    JobPlan,
    JobProgress,
    JobRecord,
    JobState,
    Part,
    PartResult,
    Source,
    SourceFacts,
    SynthesisReport,
)
from jobs import scripts
from jobs.ids import oldest_id
from jobs.protocols import (
    PLAN,
    Claim,
    Idempotency,
    JobFilter,
    JobPage,
    Room,
    Verdict,
    Work,
    WorkerBeat,
)
from jobs.redis_client import open_redis, translated

PREFIX: Final = "rhapsode"
FINISHED_CHANNEL: Final = f"{PREFIX}:finished"
IDEMPOTENCY_SECONDS: Final = 24 * 3600
"""How long a client's key names its job: a day of retries."""
ALIVE_SECONDS: Final = 15.0
"""A worker without a beat for this long is taken for dead (three beats missed)."""
CHUNK: Final = 64
"""Parts or results moved per command, about a megabyte."""
FIELDS: Final = (
    "state", "request", "created_at", "started_at", "finished_at", "report", "error",
    "parts_total", "parts_done", "parts_failed", "facts", "owner",
)  # fmt: skip

PAGE: Final = 100
"""Records read at once for a list."""
MOST_LOOKED: Final = 2000
"""A filter that admits few ends its page here, some 50 ms of work, and the next one goes on."""
FULL_SECONDS: Final = 5.0
"""When an owner with too many open jobs may ask again: jobs end by then, or not for long [s]."""
ANY: Final = Room()
WHATEVER: Final = JobFilter()

T = TypeVar("T")
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


class RedisStore:
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
        self._release, self._put_plan = register(scripts.RELEASE), register(scripts.PUT_PLAN)
        self._part_done, self._finish = register(scripts.PART_DONE), register(scripts.FINISH)
        self._lost, self._reopen = register(scripts.LOST), register(scripts.REOPEN)

    def ping(self) -> None:
        """See JobStore."""
        with translated():
            self.redis.ping()

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        room: Room = ANY,
    ) -> JobRecord:
        """See JobStore."""
        known, owner = idempotency or Idempotency("", ""), record.owner or ""
        keys = [_job(record.id), _key("jobs"), _index("queued"), _key("active")]
        keys += [_key("idempotency", owner, known.key), _owned(owner), scripts.OPEN + owner]
        fields = {
            "state": record.state,
            "request": _encode(record.request),
            "created_at": repr(record.created_at),
            "facts": _encode(record.source),
            "source": _encode(source),
        }
        if owner:
            fields["owner"] = owner
        flat: list[Any] = [item for pair in fields.items() for item in pair]
        lifetime = str(IDEMPOTENCY_SECONDS * 1000)
        head = [record.id, known.payload, lifetime, repr(record.created_at), _job("")]
        most = [-1 if most is None else most for most in (room.of_all, room.of_owner)]
        with translated():
            verdict, job_id = self._create(keys, [*head, *most, owner, *flat])
        _require_accepted(verdict.decode(), room)
        return record if verdict == b"new" else self.get(job_id.decode())

    def get(self, job_id: str) -> JobRecord:
        """See JobStore."""
        with translated():
            row = cast("list[bytes | None]", self.redis.hmget(_job(job_id), list(FIELDS)))
        record = _record(job_id, row)
        if record is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return record

    def source(self, job_id: str) -> Source:
        """See JobStore."""
        with translated():
            data = self.redis.hget(_job(job_id), "source")
        if data is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return _decode(cast(bytes, data), type=Source)

    def page(self, *, cursor: str | None, limit: int, wanted: JobFilter = WHATEVER) -> JobPage:
        """See JobStore. Walks down one index, and looks at no more than ``MOST_LOOKED`` records."""
        key = _index(wanted.state) if wanted.state else _key("jobs")
        key = _owned(wanted.owner) if wanted.owner else key
        bottom = "-" if wanted.since is None else f"[{oldest_id(wanted.since)}"
        tops = [cursor, None if wanted.until is None else oldest_id(wanted.until)]
        top = min(filter(None, tops), default=None)
        found: list[JobRecord] = []
        for _ in range(MOST_LOOKED // PAGE):
            ids = self._ids(key, top, bottom)
            for job_id, record in zip(ids, self._records(ids), strict=True):
                if len(found) == limit:
                    return JobPage(tuple(found), top)
                top = job_id
                if record is not None and wanted.admits(record):
                    found.append(record)
            if len(ids) < PAGE:
                return JobPage(tuple(found), None)
        return JobPage(tuple(found), top)

    def _ids(self, key: str, top: str | None, bottom: str) -> list[str]:
        above = f"({top}" if top else "+"
        with translated():
            rows = cast("list[bytes]", self.redis.zrevrangebylex(key, above, bottom, 0, PAGE))
        return [row.decode() for row in rows]

    def _records(self, ids: Sequence[str]) -> list[JobRecord | None]:
        with translated():
            pipe = self.redis.pipeline(transaction=False)
            for job_id in ids:
                pipe.hmget(_job(job_id), list(FIELDS))
            return [_record(i, row) for i, row in zip(ids, pipe.execute(), strict=True)]

    def claim(self, job_id: str, work: Work, worker: str, now: float) -> Claim:
        """See JobStore."""
        keys = [_job(job_id), _job(job_id, "leases"), _job(job_id, "results"), _key("workers")]
        keys += [_job(job_id, "attempts"), _index("queued"), _index("running")]
        keys += [_key("active"), _key("leased")]
        with translated():
            verdict, attempt = self._claim(
                keys, [job_id, work, worker, repr(now), repr(now - self._alive)]
            )
        return Claim(cast(Verdict, verdict.decode()), attempt)

    def release(self, job_id: str, work: Work, worker: str) -> None:
        """See JobStore."""
        with translated():
            self._release([_job(job_id, "leases")], [work, worker])

    def put_plan(self, job_id: str, plan: JobPlan, parts: Sequence[Part]) -> None:
        """See JobStore. Written in pieces; the plan itself last, and only then does it exist."""
        keys = [_job(job_id), _job(job_id, "parts")]
        with translated():
            for start in range(0, len(parts), CHUNK):
                some = parts[start : start + CHUNK]
                flat: list[Any] = [item for part in some for item in (part.index, _encode(part))]
                self._put_plan(keys, ["", 0, *flat])
            self._put_plan(keys, [_encode(plan), plan.parts])

    def plan(self, job_id: str) -> JobPlan | None:
        """See JobStore."""
        with translated():
            data = self.redis.hget(_job(job_id), "plan")
        return None if data is None else _decode(cast(bytes, data), type=JobPlan)

    def part(self, job_id: str, index: int) -> Part:
        """See JobStore."""
        with translated():
            data = self.redis.hget(_job(job_id, "parts"), str(index))
        if data is None:
            raise NotFound(f"no part {index} of job {job_id}", code="part_not_found")
        return _decode(cast(bytes, data), type=Part)

    def parts(self, job_id: str) -> Iterator[Part]:
        """See JobStore."""
        return self._rows(job_id, "parts", Part)

    def pending(self, job_id: str) -> tuple[int, ...]:
        """See JobStore."""
        with translated():
            total = int(cast("bytes | None", self.redis.hget(_job(job_id), "parts_total")) or 0)
            done = {int(i) for i in cast("list[bytes]", self.redis.hkeys(_job(job_id, "results")))}
        return tuple(index for index in range(total) if index not in done)

    def part_done(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        """See JobStore."""
        keys = [_job(job_id), _job(job_id, "leases"), _job(job_id, "results"), _key("active")]
        keys.append(_job(job_id, "failed"))
        failed = int(result.error is not None)
        args: list[Any] = [result.index, _encode(result), failed, worker, repr(now), job_id]
        with translated():
            moved = self._part_done(keys, args)
        if moved == -1:
            raise Conflict(f"job {job_id} has ended", code="job_over")
        return bool(moved)

    def results(self, job_id: str) -> Iterator[PartResult]:
        """See JobStore."""
        return self._rows(job_id, "results", PartResult)

    def _rows(self, job_id: str, name: str, kind: type[T]) -> Iterator[T]:
        total = self.get(job_id).progress.parts_total
        for start in range(0, total, CHUNK):
            wanted = [str(i) for i in range(start, min(start + CHUNK, total))]
            with translated():
                rows = cast("list[bytes | None]", self.redis.hmget(_job(job_id, name), wanted))
            for row in rows:
                if row is not None:
                    yield _decode(row, type=kind)

    def undo(self, job_id: str, indices: Sequence[int], now: float) -> None:
        """See JobStore."""
        self._again(job_id, "running", indices, now)

    def retry(self, job_id: str, now: float) -> JobRecord:
        """See JobStore."""
        state = self.get(job_id).state
        with translated():
            failed = cast("set[bytes]", self.redis.smembers(_job(job_id, "failed")))
        worth = state in ("partial", "failed")
        if not worth or not self._again(job_id, state, [int(i) for i in failed], now):
            raise Conflict(f"the job is {state}: nothing to retry", code="not_retryable")
        return self.get(job_id)

    def _again(self, job_id: str, state: JobState, indices: Sequence[int], now: float) -> bool:
        keys = [_job(job_id), _job(job_id, "results"), _job(job_id, "failed"), _key("active")]
        keys += [_index(state), _index("queued"), _index("running")]
        with translated():
            return bool(self._reopen(keys, [job_id, state, repr(now), *indices]))

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
        keys = [_job(job_id), _key("active"), _key("leased")]
        keys += [_index("queued"), _index("running"), _index(state)]
        over: tuple[str, ...] = ("leases", "attempts")
        over += () if state in ("partial", "failed") else ("parts", "results", "failed")
        keys += [_job(job_id, name) for name in over]
        told = [b"" if item is None else _encode(item) for item in (report, error)]
        with translated():
            moved = self._finish(keys, [job_id, state, repr(now), *told, FINISHED_CHANNEL])
        if moved == -1:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return bool(moved)

    def beat(self, beat: WorkerBeat) -> None:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline()
            pipe.zadd(_key("workers"), {beat.id: beat.seen_at})
            pipe.hset(_key("beats"), beat.id, _encode(beat))
            pipe.execute()

    def workers(self, now: float) -> tuple[WorkerBeat, ...]:
        """See JobStore. Forgets those that have been silent for an hour."""
        with translated():
            gone = self.redis.zrangebyscore(_key("workers"), "-inf", now - 3600)
            if gone:
                self.redis.zrem(_key("workers"), *gone)
                self.redis.hdel(_key("beats"), *gone)
            rows = cast("list[bytes]", self.redis.hvals(_key("beats")))
        beats = (_decode(row, type=WorkerBeat) for row in rows)
        return tuple(beat for beat in beats if beat.seen_at >= now - self._alive)

    def leave(self, worker: str) -> None:
        """See JobStore."""
        with translated():
            pipe = self.redis.pipeline()
            pipe.zrem(_key("workers"), worker)
            pipe.hdel(_key("beats"), worker)
            pipe.execute()

    def lost(self, now: float, *, stale_before: float) -> tuple[tuple[str, Work], ...]:
        """See JobStore."""
        found: list[tuple[str, Work]] = []
        times = [repr(now - self._alive), repr(stale_before), repr(now)]
        with translated():
            stale = self.redis.zrangebyscore(_key("active"), "-inf", f"({stale_before!r}", 0, 1000)
            for raw in {*self.redis.smembers(_key("leased")), *stale}:
                job_id = raw.decode()
                keys = [_job(job_id, "leases"), _key("workers"), _key("active"), _key("leased")]
                works = [w.decode() for w in self._lost(keys, [job_id, *times])]
                # A plan sent again sends what has no result, and assemble if nothing is missing.
                found += [(job_id, PLAN if work == "*" else work) for work in works]
        return tuple(found)

    def expired(self, before: float, limit: int = 100) -> tuple[str, ...]:
        """See JobStore."""
        with translated():
            top = f"({oldest_id(before)}"
            rows = cast("list[bytes]", self.redis.zrangebylex(_key("jobs"), "-", top, 0, limit))
            touched = [self.redis.zscore(_key("active"), row) for row in rows]
        return tuple(r.decode() for r, t in zip(rows, touched, strict=True) if t is None)

    def forget(self, job_id: str) -> None:
        """See JobStore."""
        names = ("parts", "leases", "attempts", "results", "failed")
        states = ("queued", "running", "succeeded", "partial", "failed", "cancelled")
        with translated():
            owner = cast("bytes | None", self.redis.hget(_job(job_id), "owner"))
            pipe = self.redis.pipeline()
            if owner is not None:
                pipe.zrem(_owned(owner.decode()), job_id)
                pipe.srem(scripts.OPEN + owner.decode(), job_id)
            pipe.delete(_job(job_id), *(_job(job_id, name) for name in names))
            for key in (_key("jobs"), *(_index(state) for state in states)):
                pipe.zrem(key, job_id)
            pipe.zrem(_key("active"), job_id)
            pipe.srem(_key("leased"), job_id)
            pipe.execute()


def _key(*names: str) -> str:
    return ":".join((PREFIX, *names))


def _job(job_id: str, *names: str) -> str:
    return _key("job", job_id, *names)


def _index(state: str) -> str:
    return _key("jobs", state)


def _owned(owner: str) -> str:
    return _key("jobs", "of", owner)


def _require_accepted(verdict: str, room: Room) -> None:
    if verdict == "other":
        message = "this Idempotency-Key was used for another request"
        raise Conflict(message, code="idempotency_mismatch")
    if verdict == "full":
        message = f"the key has {room.of_owner} jobs that have not ended, as many as it may"
        raise LimitReached(message, FULL_SECONDS, code="too_many_open_jobs")
    if verdict == "overloaded":
        raise Unavailable("too many jobs have not ended; try again later", code="overloaded")


def _record(job_id: str, row: Sequence[bytes | None]) -> JobRecord | None:
    fields = dict(zip(FIELDS, row, strict=True))
    state, request, created = fields["state"], fields["request"], fields["created_at"]
    if state is None or request is None or created is None:
        return None
    counts = [int(fields[name] or 0) for name in ("parts_total", "parts_done", "parts_failed")]
    return JobRecord(
        id=job_id,
        state=cast(JobState, state.decode()),
        request=_decode(request, type=Controls),
        source=_optional(fields["facts"], SourceFacts),
        owner=fields["owner"].decode() if fields["owner"] else None,
        created_at=float(created),
        started_at=_time(fields["started_at"]),
        finished_at=_time(fields["finished_at"]),
        progress=JobProgress(*counts),
        report=_optional(fields["report"], SynthesisReport),
        error=_optional(fields["error"], JobError),
    )


def _time(value: bytes | None) -> float | None:
    return None if value is None else float(value)


def _optional(value: bytes | None, kind: type[Any]) -> Any:
    return None if value is None else _decode(value, type=kind)
