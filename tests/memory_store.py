"""The job store in memory: what the contract says, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from core.errors import Conflict, LimitReached, NotFound, Unavailable
from core.part import JobPlan, Part, PartResult, SampleChunk
from core.record import TERMINAL, JobError, JobProgress, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Source
from core.webhook import WebhookCallback
from jobs.protocols import (
    ASSEMBLE,
    PLAN,
    Claim,
    Idempotency,
    JobFilter,
    JobPage,
    JobStore,
    OpenJobLimits,
    Refusal,
    SendReason,
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
    refused: dict[WorkId, list[float]] = field(default_factory=dict)
    dropped: int = 0

    def count(self) -> None:
        failed = sum(result.error is not None for result in self.results.values())
        total = self.plan.parts if self.plan else 0
        progress = JobProgress(total, len(self.results) - failed, failed)
        self.record = msgspec.structs.replace(self.record, progress=progress)


class MemoryJobs:
    """The state that the roles share; one thread."""

    def __init__(self, alive_seconds: float) -> None:
        self.alive_seconds = alive_seconds
        self.jobs: dict[str, _Job] = {}
        self.idempotency: dict[tuple[str | None, str], tuple[str, str]] = {}
        self.beats: dict[str, WorkerBeat] = {}

    def job(self, job_id: str) -> _Job:
        if job_id not in self.jobs:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return self.jobs[job_id]

    def open_job(self, job_id: str) -> _Job | None:
        job = self.jobs.get(job_id)
        return None if job is None or job.record.state in TERMINAL else job

    def lives(self, worker: str, now: float) -> bool:
        beat = self.beats.get(worker)
        return beat is not None and beat.seen_at >= now - self.alive_seconds

    def require_room(self, owner: str | None, limits: OpenJobLimits) -> None:
        owners = [j.record.owner for j in self.jobs.values() if j.record.state not in TERMINAL]
        if limits.of_all is not None and len(owners) >= limits.of_all:
            raise Unavailable("too many jobs", code="overloaded")
        if limits.of_owner is not None and owners.count(owner) >= limits.of_owner:
            raise LimitReached("too many jobs", 5.0, code="too_many_open_jobs")


@dataclass
class MemoryJobRecords:
    """See ``jobs.protocols.JobRecords``."""

    state: MemoryJobs

    def ping(self) -> None: ...

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        limits: OpenJobLimits = OpenJobLimits(),  # noqa: B008
        callback: WebhookCallback | None = None,
    ) -> JobRecord:
        named = (record.owner, idempotency.key) if idempotency else (None, "")
        job_id, payload = self.state.idempotency.get(named, ("", ""))
        if idempotency and job_id in self.state.jobs:
            if payload != idempotency.payload:
                code = "name_taken" if idempotency.names_job else "idempotency_mismatch"
                raise Conflict("another request", code=code)
            return self.get(job_id)
        self.state.require_room(record.owner, limits)
        if idempotency:
            self.state.idempotency[named] = (record.id, idempotency.payload)
        self.state.jobs[record.id] = _Job(record, record.created_at, source)
        return record

    def get(self, job_id: str) -> JobRecord:
        return self.state.job(job_id).record

    def id_of(self, owner: str | None, name: str) -> str:
        for job in self.state.jobs.values():
            if job.record.name == name and job.record.owner == owner:
                return job.record.id
        raise NotFound(f"no job {name}", code="job_not_found")

    def source(self, job_id: str) -> Source:
        return self.state.job(job_id).source

    def mark_streamed(self, job_id: str) -> JobRecord:
        job = self.state.job(job_id)
        if job.record.state not in TERMINAL:
            job.record = msgspec.structs.replace(job.record, streamed=True)
        return job.record

    def page(
        self,
        *,
        cursor: str | None,
        limit: int,
        wanted: JobFilter = JobFilter(),  # noqa: B008
    ) -> JobPage:
        ids = sorted(self.state.jobs, reverse=True)
        ids = [i for i in ids if wanted.admits(self.get(i)) and (not cursor or i < cursor)]
        more = ids[limit - 1] if len(ids) > limit else None
        return JobPage(tuple(self.get(i) for i in ids[:limit]), more)

    def open_jobs(self) -> tuple[str, ...]:
        return tuple(i for i in self.state.jobs if self.state.open_job(i))

    def ended_before(self, before: float, limit: int = 100) -> tuple[str, ...]:
        ended = ((i, self.get(i).finished_at) for i in sorted(self.state.jobs))
        return tuple(i for i, at in ended if at is not None and at < before)[:limit]

    def discard_results(self, job_id: str, indices: Sequence[int], now: float) -> int:
        job = self.state.job(job_id)
        if job.record.state != "running":
            return 0
        for index in indices:
            job.results.pop(index, None)
        job.count()
        job.dropped += 1
        return job.dropped

    def retry(
        self,
        job_id: str,
        now: float,
        limits: OpenJobLimits = OpenJobLimits(),  # noqa: B008
    ) -> JobRecord:
        job = self.state.job(job_id)
        if job.record.state not in ("partial", "failed"):
            raise Conflict("nothing to retry", code="not_retryable")
        self.state.require_room(job.record.owner, limits)
        job.results = {i: r for i, r in job.results.items() if r.error is None}
        state: JobState = "running" if job.plan else "queued"
        job.record = msgspec.structs.replace(
            job.record, state=state, finished_at=None, report=None, error=None
        )
        job.touched = now
        job.count()
        return job.record

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        job = self.state.job(job_id)
        if job.record.state in TERMINAL:
            return False
        job.record = msgspec.structs.replace(
            job.record, state=state, finished_at=now, report=report, error=error
        )
        job.leases, job.tries, job.begun, job.refused, job.dropped = {}, {}, {}, {}, 0
        behind = state == "succeeded" and job.record.streamed
        if state not in ("partial", "failed") and not behind:
            job.parts, job.results = {}, {}
        return True

    def forget(self, job_id: str) -> None:
        self.state.jobs.pop(job_id, None)


@dataclass
class MemoryPlans:
    """See ``jobs.protocols.PlanStore``."""

    state: MemoryJobs

    def put(self, job_id: str, plan: JobPlan, parts: Iterable[Part]) -> None:
        job = self.state.job(job_id)
        if job.plan is None and job.record.state not in TERMINAL:
            job.plan, job.parts = plan, {part.index: part for part in parts}
            job.count()

    def get(self, job_id: str) -> JobPlan | None:
        job = self.state.jobs.get(job_id)
        return job.plan if job else None

    def part(self, job_id: str, index: int) -> Part:
        job = self.state.jobs.get(job_id)
        if job is None or index not in job.parts:
            raise NotFound("no part", code="part_not_found")
        return job.parts[index]

    def parts(self, job_id: str) -> Iterator[Part]:
        job = self.state.job(job_id)
        yield from (job.parts[index] for index in sorted(job.parts))


@dataclass
class MemoryResults:
    """See ``jobs.protocols.ResultStore``."""

    state: MemoryJobs

    def add(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        job = self.state.open_job(job_id)
        if job is None:
            raise Conflict("over", code="job_over")
        if result.index in job.results:
            return False
        job.results[result.index], job.touched = result, now
        job.leases.pop(str(result.index), None)
        job.refused.pop(str(result.index), None)
        job.count()
        last = job.plan is not None and len(job.results) == job.plan.parts
        if last:
            job.leases[ASSEMBLE] = f"?{worker}"
        return last

    def all(self, job_id: str) -> Iterator[PartResult]:
        job = self.state.job(job_id)
        yield from (job.results[index] for index in sorted(job.results))

    def get(self, job_id: str, index: int) -> PartResult | None:
        job = self.state.jobs.get(job_id)
        return job.results.get(index) if job else None

    def missing(self, job_id: str) -> tuple[int, ...]:
        job = self.state.job(job_id)
        total = job.plan.parts if job.plan else 0
        return tuple(index for index in range(total) if index not in job.results)


@dataclass
class MemorySampleStreams:
    """See ``jobs.protocols.SampleStreams``."""

    state: MemoryJobs
    chunks: dict[tuple[str, int], list[SampleChunk]] = field(default_factory=dict)

    def add(self, job_id: str, index: int, chunk: SampleChunk) -> bool:
        self.chunks.setdefault((job_id, index), []).append(chunk)
        return self.state.open_job(job_id) is not None

    def after(
        self, job_id: str, index: int, last: str = "0"
    ) -> tuple[str, tuple[SampleChunk, ...]]:
        found = self.chunks.get((job_id, index), [])[int(last.partition("-")[0]) :]
        return str(int(last.partition("-")[0]) + len(found)), tuple(found)

    def end(self, job_id: str, index: int) -> None:
        self.chunks.pop((job_id, index), None)


@dataclass
class MemoryLeases:
    """See ``jobs.protocols.WorkLeases``."""

    state: MemoryJobs

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        if job_id not in self.state.jobs:
            return Claim("gone")
        job = self.state.open_job(job_id)
        if job is None:
            return Claim("over")
        if work.isdecimal() and int(work) in job.results:
            promised = job.leases.get(ASSEMBLE) == f"?{worker}"
            return Claim("promised" if promised else "done")
        holder = job.leases.get(work, "?")
        if holder != worker and not holder.startswith("?") and self.state.lives(holder, now):
            return Claim("held")
        job.leases[work], job.touched = worker, now
        if job.record.state == "queued" and work.isdecimal():
            job.record = msgspec.structs.replace(job.record, state="running", started_at=now)
        return Claim("run", len(job.tries.get(work, ())) + (job.begun.get(work) != worker))

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        job = self.state.open_job(job_id)
        if job is None or job.leases.get(work) != worker:
            return False
        if job.begun.get(work) != worker:
            job.begun[work] = worker
            job.tries.setdefault(work, []).append(worker)
        return True

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        job = self.state.jobs.get(job_id)
        if job and job.leases.get(work) == worker:
            del job.leases[work]
            job.begun.pop(work, None)
            job.refused.pop(work, None)

    def refuse(self, job_id: str, work: WorkId, worker: str, now: float) -> Refusal | None:
        job = self.state.open_job(job_id)
        if job is None:
            return None
        if work.isdecimal() and int(work) in job.results:
            work = ASSEMBLE
        if job.leases.get(work) == worker:
            del job.leases[work]
            if job.begun.pop(work, None) == worker:
                job.tries[work].pop()
        job.touched = now
        times = job.refused.setdefault(work, [])
        times.append(now)
        return Refusal(work, len(times), times[0])

    def unclaimed(self, job_id: str) -> tuple[WorkId, ...]:
        job = self.state.open_job(job_id)
        if job is None or PLAN in job.leases:
            return ()
        parts = {str(i) for i in MemoryResults(self.state).missing(job_id)}
        wanted = parts if parts else {ASSEMBLE if job.plan else PLAN}
        return tuple(sorted(wanted - set(job.leases)))

    def is_unclaimed(self, job_id: str, work: WorkId) -> bool:
        job = self.state.open_job(job_id)
        if job is None:
            return False
        done = work.isdecimal() and int(work) in job.results
        return not done and work not in job.leases

    def expire(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        found: list[tuple[str, WorkId]] = []
        for job_id, job in self.state.jobs.items():
            if job.record.state in TERMINAL:
                continue
            stale = job.touched < stale_before
            if not job.leases and stale:
                found.append((job_id, PLAN))
            for work, holder in list(job.leases.items()):
                if stale or not self.state.lives(holder.removeprefix("?"), now):
                    del job.leases[work]
                    found.append((job_id, work))
            job.touched = now if stale else job.touched
        return tuple(found)


@dataclass
class MemoryWorkers:
    """See ``jobs.protocols.WorkerRegistry``."""

    state: MemoryJobs

    def beat(self, beat: WorkerBeat) -> None:
        self.state.beats[beat.id] = beat

    def alive(self, now: float) -> tuple[WorkerBeat, ...]:
        beats = self.state.beats.values()
        return tuple(beat for beat in beats if self.state.lives(beat.id, now))

    def leave(self, worker: str) -> None:
        self.state.beats.pop(worker, None)


def memory_job_store(*, alive_seconds: float = 15.0) -> JobStore:
    """A job store whose parts share this process's memory."""
    state = MemoryJobs(alive_seconds)
    return JobStore(
        records=MemoryJobRecords(state),
        plans=MemoryPlans(state),
        results=MemoryResults(state),
        samples=MemorySampleStreams(state),
        leases=MemoryLeases(state),
        workers=MemoryWorkers(state),
    )


@dataclass
class MemoryQueue:
    """See ``jobs.protocols.JobQueue``: messages in a list."""

    sent: list[tuple[str, ...]] = field(default_factory=list)
    postponed: list[tuple[float, str, str, WorkId]] = field(default_factory=list)

    def postpone(self, job_id: str, work: WorkId, queue: str, due: float) -> None:
        self.postponed.append((due, queue, job_id, work))

    def send_due(self, now: float) -> int:
        due = [message for message in self.postponed if message[0] <= now]
        for message in due:
            self.postponed.remove(message)
            self.sent.append(message[1:])
        return len(due)

    def connect(self) -> None: ...

    def plan(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        self.sent.append(("plan", job_id))

    def synthesize(
        self, job_id: str, part: int, lane: str, *, reason: SendReason = "first"
    ) -> None:
        self.sent.append(("synthesize", job_id, str(part), lane))

    def synthesize_all(
        self, job_id: str, parts: Sequence[int], lane: str, *, reason: SendReason = "first"
    ) -> None:
        for part in parts:
            self.synthesize(job_id, part, lane, reason=reason)

    def assemble(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
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
class MemoryPartIndex:
    """See ``jobs.protocols.PartIndex``."""

    used: dict[str, float] = field(default_factory=dict)

    def use(self, digest: str, now: float) -> bool:
        if digest in self.used:
            self.used[digest] = now
        return digest in self.used

    def put(self, digest: str, now: float) -> None:
        self.used[digest] = now

    def take_unused(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        old = [digest for digest, at in self.used.items() if at < before][:limit]
        for digest in old:
            del self.used[digest]
        return tuple(old)
