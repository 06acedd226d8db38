"""The job store in memory: what the contract says, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from core.errors import Conflict, LimitReached, NotFound, Unavailable
from core.part import JobPlan, Part, PartResult
from core.record import TERMINAL, JobError, JobProgress, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Source
from jobs.protocols import (
    ASSEMBLE,
    PLAN,
    Claim,
    Idempotency,
    JobFilter,
    JobPage,
    OpenJobLimits,
    UnacknowledgedMessage,
    WorkerBeat,
    WorkId,
)


@dataclass
class _Job:
    record: JobRecord
    touched: float
    source: Source
    plan: JobPlan | None = None
    parts: dict[int, Part] = field(default_factory=dict)
    results: dict[int, PartResult] = field(default_factory=dict)
    leases: dict[WorkId, str] = field(default_factory=dict)
    tries: dict[WorkId, list[str]] = field(default_factory=dict)
    begun: dict[WorkId, str] = field(default_factory=dict)


class MemoryStore:
    """See ``jobs.protocols.JobStore``; one thread."""

    def __init__(self, *, alive_seconds: float = 15.0) -> None:
        self._alive = alive_seconds
        self._jobs: dict[str, _Job] = {}
        self._keys: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._beats: dict[str, WorkerBeat] = {}

    def ping(self) -> None: ...

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        room: OpenJobLimits = OpenJobLimits(),  # noqa: B008
    ) -> JobRecord:
        known = (record.owner, idempotency.key) if idempotency else (None, "")
        job_id, payload = self._keys.get(known, ("", ""))
        if idempotency and job_id in self._jobs:
            if payload != idempotency.payload:
                raise Conflict("another request", code="idempotency_mismatch")
            return self.get(job_id)
        self._require_room(record.owner, room)
        if idempotency:
            self._keys[known] = (record.id, idempotency.payload)
        self._jobs[record.id] = _Job(record, record.created_at, source)
        return record

    def get(self, job_id: str) -> JobRecord:
        return self._job(job_id).record

    def source(self, job_id: str) -> Source:
        return self._job(job_id).source

    def _require_room(self, owner: str | None, room: OpenJobLimits) -> None:
        owners = [j.record.owner for j in self._jobs.values() if j.record.state not in TERMINAL]
        if room.of_all is not None and len(owners) >= room.of_all:
            raise Unavailable("too many jobs", code="overloaded")
        if room.of_owner is not None and owners.count(owner) >= room.of_owner:
            raise LimitReached("too many jobs", 5.0, code="too_many_open_jobs")

    def page(
        self,
        *,
        cursor: str | None,
        limit: int,
        wanted: JobFilter = JobFilter(),  # noqa: B008
    ) -> JobPage:
        ids = sorted(self._jobs, reverse=True)
        ids = [i for i in ids if wanted.admits(self.get(i)) and (not cursor or i < cursor)]
        more = ids[limit - 1] if len(ids) > limit else None
        return JobPage(tuple(self.get(i) for i in ids[:limit]), more)

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        if job_id not in self._jobs:
            return Claim("gone")
        job = self._jobs[job_id]
        if job.record.state in TERMINAL:
            return Claim("over")
        if work.isdecimal() and int(work) in job.results:
            promised = job.leases.get(ASSEMBLE) == f"?{worker}"
            return Claim("promised" if promised else "done")
        holder = job.leases.get(work)
        if holder and holder != worker and not holder.startswith("?") and self._lives(holder, now):
            return Claim("held")
        job.leases[work], job.touched = worker, now
        if job.record.state == "queued" and work.isdecimal():
            job.record = msgspec.structs.replace(job.record, state="running", started_at=now)
        return Claim("run", len(job.tries.get(work, ())) + (job.begun.get(work) != worker))

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        job = self._jobs.get(job_id)
        if job is None or job.record.state in TERMINAL or job.leases.get(work) != worker:
            return False
        if job.begun.get(work) != worker:
            job.begun[work] = worker
            job.tries.setdefault(work, []).append(worker)
        return True

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        job = self._jobs.get(job_id)
        if job and job.leases.get(work) == worker:
            del job.leases[work]
            job.begun.pop(work, None)

    def put_plan(self, job_id: str, plan: JobPlan, parts: Sequence[Part]) -> None:
        job = self._job(job_id)
        if job.plan is None and job.record.state not in TERMINAL:
            job.plan, job.parts = plan, {part.index: part for part in parts}
            self._progress(job)

    def plan(self, job_id: str) -> JobPlan | None:
        job = self._jobs.get(job_id)
        return job.plan if job else None

    def part(self, job_id: str, index: int) -> Part:
        job = self._jobs.get(job_id)
        if job is None or index not in job.parts:
            raise NotFound("no part", code="part_not_found")
        return job.parts[index]

    def parts(self, job_id: str) -> Iterator[Part]:
        job = self._job(job_id)
        yield from (job.parts[index] for index in sorted(job.parts))

    def open_jobs(self) -> tuple[str, ...]:
        return tuple(i for i, job in self._jobs.items() if job.record.state not in TERMINAL)

    def loose(self, job_id: str) -> tuple[WorkId, ...]:
        job = self._jobs.get(job_id)
        if job is None or job.record.state in TERMINAL or PLAN in job.leases:
            return ()
        parts = {str(i) for i in self.pending(job_id)}
        wanted = parts if parts else {ASSEMBLE if job.plan else PLAN}
        return tuple(sorted(wanted - set(job.leases)))

    def orphaned(self, job_id: str, work: WorkId) -> bool:
        job = self._jobs.get(job_id)
        if job is None or job.record.state in TERMINAL:
            return False
        done = work.isdecimal() and int(work) in job.results
        return not done and work not in job.leases

    def pending(self, job_id: str) -> tuple[int, ...]:
        job = self._job(job_id)
        total = job.plan.parts if job.plan else 0
        return tuple(index for index in range(total) if index not in job.results)

    def part_done(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        job = self._jobs.get(job_id)
        if job is None or job.record.state in TERMINAL:
            raise Conflict("over", code="job_over")
        if result.index in job.results:
            return False
        job.results[result.index], job.touched = result, now
        job.leases.pop(str(result.index), None)
        self._progress(job)
        last = job.plan is not None and len(job.results) == job.plan.parts
        if last:
            job.leases[ASSEMBLE] = f"?{worker}"
        return last

    def results(self, job_id: str) -> Iterator[PartResult]:
        job = self._job(job_id)
        yield from (job.results[index] for index in sorted(job.results))

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        job = self._job(job_id)
        if job.record.state in TERMINAL:
            return False
        job.record = msgspec.structs.replace(
            job.record, state=state, finished_at=now, report=report, error=error
        )
        job.leases, job.tries, job.begun = {}, {}, {}
        if state not in ("partial", "failed"):
            job.parts, job.results = {}, {}
        return True

    def undo(self, job_id: str, indices: Sequence[int], now: float) -> None:
        job = self._job(job_id)
        for index in indices if job.record.state == "running" else ():
            job.results.pop(index, None)
        self._progress(job)

    def retry(
        self,
        job_id: str,
        now: float,
        room: OpenJobLimits = OpenJobLimits(),  # noqa: B008
    ) -> JobRecord:
        job = self._job(job_id)
        if job.record.state not in ("partial", "failed"):
            raise Conflict("nothing to retry", code="not_retryable")
        self._require_room(job.record.owner, room)
        job.results = {i: r for i, r in job.results.items() if r.error is None}
        job.record, job.touched = (
            msgspec.structs.replace(
                job.record,
                state="running" if job.plan else "queued",
                finished_at=None,
                report=None,
                error=None,
            ),
            now,
        )
        self._progress(job)
        return job.record

    def beat(self, beat: WorkerBeat) -> None:
        self._beats[beat.id] = beat

    def workers(self, now: float) -> tuple[WorkerBeat, ...]:
        return tuple(beat for beat in self._beats.values() if self._lives(beat.id, now))

    def leave(self, worker: str) -> None:
        self._beats.pop(worker, None)

    def lost(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        found: list[tuple[str, WorkId]] = []
        for job_id, job in self._jobs.items():
            if job.record.state in TERMINAL:
                continue
            stale = job.touched < stale_before
            if not job.leases and stale:
                found.append((job_id, PLAN))
            for work, holder in list(job.leases.items()):
                if stale or not self._lives(holder.removeprefix("?"), now):
                    del job.leases[work]
                    found.append((job_id, work))
            job.touched = now if stale else job.touched
        return tuple(found)

    def expired(self, before: float, limit: int = 100) -> tuple[str, ...]:
        ended = ((i, self.get(i).finished_at) for i in sorted(self._jobs))
        return tuple(i for i, at in ended if at is not None and at < before)[:limit]

    def forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)

    def _job(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return self._jobs[job_id]

    def _lives(self, worker: str, now: float) -> bool:
        beat = self._beats.get(worker)
        return beat is not None and beat.seen_at >= now - self._alive

    def _progress(self, job: _Job) -> None:
        failed = sum(result.error is not None for result in job.results.values())
        total = job.plan.parts if job.plan else 0
        progress = JobProgress(total, len(job.results) - failed, failed)
        job.record = msgspec.structs.replace(job.record, progress=progress)


@dataclass
class MemoryQueue:
    """See ``jobs.protocols.JobQueue``: messages in a list."""

    sent: list[tuple[str, ...]] = field(default_factory=list)

    def connect(self) -> None: ...

    def plan(self, job_id: str) -> None:
        self.sent.append(("plan", job_id))

    def synthesize(self, job_id: str, part: int, lane: str) -> None:
        self.sent.append(("synthesize", job_id, str(part), lane))

    def assemble(self, job_id: str) -> None:
        self.sent.append(("assemble", job_id))

    def depths(self) -> dict[str, int]:
        return {}

    def ages(self, now: float) -> dict[str, float]:
        return {}

    def waiting(self) -> Iterator[tuple[str, WorkId]]:
        yield from ((m[1], m[2] if len(m) > 2 else m[0]) for m in self.sent)

    def taken(self, before: float) -> tuple[UnacknowledgedMessage, ...]:
        return ()

    def give_back(self, message: UnacknowledgedMessage) -> bool:
        return False


@dataclass
class MemoryShelf:
    """See ``jobs.protocols.Shelf``."""

    used: dict[str, float] = field(default_factory=dict)

    def use(self, digest: str, now: float) -> bool:
        if digest in self.used:
            self.used[digest] = now
        return digest in self.used

    def put(self, digest: str, now: float) -> None:
        self.used[digest] = now

    def clear(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        old = [digest for digest, at in self.used.items() if at < before][:limit]
        for digest in old:
            del self.used[digest]
        return tuple(old)
