"""What every task of a worker process needs: stores, queue, catalogue, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core.duration import DEFAULT_LIMITS, DurationLimits
from core.errors import Conflict, RhapsodeError, Unavailable
from core.protocols import AudioStore, Clock
from core.record import JobError, JobRecord, JobState
from core.report import SynthesisReport
from core.voice import Catalogue
from jobs.protocols import ASSEMBLE, PLAN, JobQueue, JobStore, MessageOrigin, PartIndex, WorkId
from telemetry.metrics import count_finished
from telemetry.tracing import NOT_TRACED, ChildSpan, Tracing, WorkSpan


class SystemClock:
    """The machine's clock, see ``core.protocols.Clock``."""

    def now(self) -> float:
        """Returns Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Returns seconds since some start."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a task needs but the engine.

    Attributes:
        worker: id of this process.
        attempts: tries of a piece of work before it fails for good.
        limits: of how long the audio of a job may be.
        share_parts: whether jobs reuse parts of other owners.
        unavailable_seconds: how long a store may refuse a piece of work before its job fails [s].
    """

    store: JobStore
    queue: JobQueue
    audio: AudioStore
    part_index: PartIndex
    catalogue: Catalogue
    clock: Clock
    worker: str
    attempts: int
    limits: DurationLimits = DEFAULT_LIMITS
    share_parts: bool = False
    unavailable_seconds: float = 3600.0
    tracing: Tracing = field(default_factory=Tracing)
    """Off by default."""

    def work_span(
        self, record: JobRecord, work: WorkId, attempt: int, origin: MessageOrigin
    ) -> WorkSpan:
        """Opens the span of a try of work that this worker has claimed just now.

        It begins when the message was sent; ``queue`` within it is how long that waited.
        """
        if not self.tracing.on or record.traceparent is None:
            return NOT_TRACED
        now, name = self.clock.now(), work if work in (PLAN, ASSEMBLE) else "part"
        attributes: dict[str, str | int] = {
            "rhapsode.job_id": record.id,
            "rhapsode.attempt": attempt,
            "rhapsode.reason": origin.reason,
            "rhapsode.lane": record.request.lane,
        }
        if name == "part":
            attributes["rhapsode.part"] = int(work)
        sent = min(origin.sent_at or now, now)
        span = self.tracing.work(name, sent, record.traceparent, attributes)
        span.add(ChildSpan("queue", sent, now))
        return span

    def begin(self, job_id: str, work: WorkId) -> bool:
        """Counts a try of work that this worker has claimed, the moment it is really done.

        A worker that was suspended for longer than its heartbeats allow (a paused virtual machine)
        is taken for dead: its leases are dropped, and its messages are given out again, maybe to
        this very process, which passes them by because it does the work already. So where the lease
        is gone, the work is claimed once more: nobody else may have it, nor a message of it.

        Returns:
            False where it must not be done: the job has ended, or another worker has the work.

        Raises:
            Unavailable: the store does not answer.
        """
        leases = self.store.leases
        if leases.begin(job_id, work, self.worker):
            return True
        claim = leases.claim(job_id, work, self.worker, self.clock.now())
        return claim.verdict == "run" and leases.begin(job_id, work, self.worker)

    def renew_lease(self, job_id: str, work: WorkId) -> None:
        """Claims work again that this worker holds and that takes long.

        So it is not taken for lost while it is done, and work of a job that has ended (by
        cancellation, or because another worker was quicker) is not done to its end. A store that
        does not answer says neither.

        Raises:
            Conflict: the lease is another worker's, or the job has ended (code ``job_over``).
        """
        try:
            claim = self.store.leases.claim(job_id, work, self.worker, self.clock.now())
        except Unavailable:
            return
        if claim.verdict != "run":
            raise Conflict(f"job {job_id} has ended", code="job_over")

    def finish(
        self,
        record: JobRecord,
        state: JobState,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """Ends a job and counts it, once; returns False where it had ended before."""
        now = self.clock.now()
        ended = self.store.records.finish(record.id, state, now, report=report, error=error)
        if ended:
            count_finished(record, state, now)
        return ended


def job_error(error: Exception, part: int | None = None) -> JobError:
    """Returns what a record tells of an exception; of an unexpected one, nothing of the inside."""
    if isinstance(error, RhapsodeError):
        return JobError(error.code, error.message, error.retryable, part)
    return JobError("internal", "an internal error; the log tells more", False, part)


def gave_up(attempts: int, part: int | None = None) -> JobError:
    """Returns the error of work whose worker died again and again."""
    return JobError("gave_up", f"given up after {attempts} tries that did not end", False, part)
