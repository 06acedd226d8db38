"""What the control plane and the workers expect of the job store and the queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from core.part import JobPlan, Part, PartResult
from core.record import JobError, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Lane, Source

WorkId = str
"""``plan``, ``assemble``, or the decimal index of a part: what a message asks a worker to do."""
Verdict = Literal["run", "done", "promised", "held", "over", "gone"]
"""run: yours now; done: its result is stored; promised: so it is, and this worker still owes
``assemble``, as far as anybody knows; held: a live worker has it; over: the job has ended; gone: no
such job."""
Role = Literal["planner", "synthesizer"]
PLAN: WorkId = "plan"
ASSEMBLE: WorkId = "assemble"


class Claim(msgspec.Struct, frozen=True):
    """Whether a worker may do a piece of work, and which try that is."""

    verdict: Verdict
    attempt: int = 0
    """1 for the first try; a claim that never began is none."""


class Idempotency(msgspec.Struct, frozen=True):
    """A client's name for its request."""

    key: str
    payload: str
    """Digest of what was asked; another digest under the same key is refused."""


class OpenJobLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs may be open (queued or running) before a new one; None = any number."""

    of_all: int | None = None
    of_owner: int | None = None


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are meant; None = whatever."""

    owner: str | None = None
    state: JobState | None = None
    lane: Lane | None = None
    voice: str | None = None
    since: float | None = None
    """Created at that time or later [Unix s]."""
    until: float | None = None
    """Created before that time [Unix s]."""

    def admits(self, record: JobRecord) -> bool:
        """Whether a job is meant."""
        asked = (self.owner, self.state, self.lane, self.voice)
        has = (record.owner, record.state, record.request.lane, record.request.voice)
        return (
            all(a in (None, h) for a, h in zip(asked, has, strict=True))
            and (self.since is None or record.created_at >= self.since)
            and (self.until is None or record.created_at < self.until)
        )


class JobPage(msgspec.Struct, frozen=True):
    """Some jobs, newest first."""

    jobs: tuple[JobRecord, ...]
    cursor: str | None
    """Where the next page starts; None at the end."""


class WorkerBeat(msgspec.Struct, frozen=True):
    """A worker process says that it lives."""

    id: str
    role: Role
    seen_at: float
    """Unix seconds."""
    ready: bool
    """A synthesizer is ready when the models of the default voice are loaded."""
    loaded: tuple[str, ...] = ()
    """Components in memory."""
    failure: str | None = None
    """Why the models of the default voice cannot be loaded; None: they are, or may yet be."""


class JobStore(Protocol):
    """The truth about jobs. Every move is atomic and compare-and-set.

    A job goes queued → running → succeeded | partial | failed, or is cancelled on the way; retried,
    a partial or failed one runs again. It is queued until its first part starts. Work is claimed by
    a worker and held until it is done or released; what a dead worker held is given out again by
    ``lost``. Raises Unavailable throughout.
    """

    def ping(self) -> None:
        """Answers, or raises Unavailable."""

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        room: OpenJobLimits = ...,
    ) -> JobRecord:
        """Stores a new job, or returns the one that the idempotency key of this owner names.

        Raises:
            Conflict: the key names another payload (code ``idempotency_mismatch``).
            LimitReached: the owner has too many open jobs (code ``too_many_open_jobs``).
            Unavailable: there are too many open jobs (code ``overloaded``).
        """

    def get(self, job_id: str) -> JobRecord:
        """Raises NotFound."""

    def source(self, job_id: str) -> Source:
        """What it speaks. Raises NotFound."""

    def page(self, *, cursor: str | None, limit: int, wanted: JobFilter = ...) -> JobPage:
        """The jobs that are meant, newest first. A page may hold fewer than the limit, and more may
        follow: the cursor tells."""

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        """Takes a piece of work; the first part that is claimed starts the job."""

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        """Counts a try of claimed work, the moment it is really done: a worker that dies with many
        parts in hand has tried only those that it was speaking. A worker that begins again what
        it holds goes on with the same try.

        Returns:
            False where it must not be done: the job has ended, or another worker has the work.
        """

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        """Gives work back undone, or says that planning has sent its parts."""

    def put_plan(self, job_id: str, plan: JobPlan, parts: Sequence[Part]) -> None:
        """Stores what is to be spoken; a second time changes nothing."""

    def plan(self, job_id: str) -> JobPlan | None:
        """None: not planned yet."""

    def part(self, job_id: str, index: int) -> Part:
        """Raises NotFound."""

    def parts(self, job_id: str) -> Iterator[Part]:
        """In order, a few at a time in memory; none before it is planned or after it succeeded."""

    def open_jobs(self) -> tuple[str, ...]:
        """Those that have not ended."""

    def loose(self, job_id: str) -> tuple[WorkId, ...]:
        """Work of an open job that comes next, is not done, and that nobody holds."""

    def orphaned(self, job_id: str, work: WorkId) -> bool:
        """The job is open, the work not done, and nobody holds it."""

    def pending(self, job_id: str) -> tuple[int, ...]:
        """Parts without a result, in order."""

    def part_done(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        """Stores a part's result, once. True for exactly one call: who gets it sends assemble.

        Raises:
            Conflict: the job has ended (code ``job_over``).
        """

    def results(self, job_id: str) -> Iterator[PartResult]:
        """In the order of the parts, a few at a time in memory; none after it succeeded."""

    def undo(self, job_id: str, indices: Sequence[int], now: float) -> None:
        """Forgets results of a running job: these parts are to be spoken again."""

    def retry(self, job_id: str, now: float, room: OpenJobLimits = ...) -> JobRecord:
        """A partial or failed job runs again, without the results that failed.

        Raises:
            NotFound: no such job.
            Conflict: it is not over, or not in need of it (code ``not_retryable``).
            LimitReached, Unavailable: there is no room, see ``create``.
        """

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """Ends a job. False: it had ended before, nothing changed. Raises NotFound.

        Parts and results are kept where they may be needed again: of partial and failed jobs.
        """

    def beat(self, beat: WorkerBeat) -> None:
        """Says that a worker lives."""

    def workers(self, now: float) -> tuple[WorkerBeat, ...]:
        """Workers that said so lately."""

    def leave(self, worker: str) -> None:
        """The worker ends: what it holds is lost at once, not after its beat has grown old."""

    def lost(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        """Work to be sent again: held by workers that do not live; and of jobs that nobody touched
        since ``stale_before`` [Unix s] all that is held, or the plan if nothing is."""

    def expired(self, before: float, limit: int = 100) -> tuple[str, ...]:
        """Jobs that ended before that time [Unix s]."""

    def forget(self, job_id: str) -> None:
        """Deletes a job's record."""


class PartIndex(Protocol):
    """Which sounds lie in the audio store, and when each was used last. Raises Unavailable."""

    def use(self, digest: str, now: float) -> bool:
        """True: it is there, and its time begins anew."""

    def put(self, digest: str, now: float) -> None:
        """It is there now."""

    def clear(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        """Takes off what was not used since then [Unix s]; the caller deletes the sounds."""


class UnacknowledgedMessage(msgspec.Struct, frozen=True):
    """A message that a worker took and has not ended."""

    tag: str
    job_id: str
    work: WorkId


class JobQueue(Protocol):
    """Sends messages that name work. Raises Unavailable."""

    def plan(self, job_id: str) -> None:
        """To a planner."""

    def synthesize(self, job_id: str, part: int, lane: Lane) -> None:
        """To a synthesizer, by lane."""

    def assemble(self, job_id: str) -> None:
        """To a planner (assembling is CPU work as planning is)."""

    def connect(self) -> None:
        """Opens what sending needs, so that no first message waits for it."""

    def depths(self) -> dict[str, int]:
        """Messages that wait, by queue."""

    def waiting(self) -> Iterator[tuple[str, WorkId]]:
        """What the messages that wait name: job id and work; one may come twice."""

    def taken(self, before: float) -> tuple[UnacknowledgedMessage, ...]:
        """Messages that were taken before that time [Unix s] and are not ended."""

    def give_back(self, message: UnacknowledgedMessage) -> bool:
        """Puts a message that was taken at the head of its queue; False: it has ended since."""

    def ages(self, now: float) -> dict[str, float]:
        """How long the oldest message has waited, by queue [s]; 0 where none waits.

        Args:
            now: Unix seconds.
        """
