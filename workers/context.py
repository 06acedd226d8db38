"""What every task of a worker process works with."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.errors import RhapsodeError
from core.protocols import AudioStore, Clock
from core.record import JobError, JobRecord, JobState
from core.report import SynthesisReport
from core.voice import Catalogue
from jobs.protocols import JobQueue, JobStore, PartIndex
from telemetry.metrics import count_finished


class SystemClock:
    """See ``core.protocols.Clock``."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a task needs but the engine.

    Attributes:
        worker: id of this process.
        attempts: tries of a piece of work before it fails for good.
    """

    store: JobStore
    queue: JobQueue
    audio: AudioStore
    part_index: PartIndex
    catalogue: Catalogue
    clock: Clock
    worker: str
    attempts: int

    def finish(
        self,
        record: JobRecord,
        state: JobState,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """Ends a job and counts it, once; False: it had ended before."""
        now = self.clock.now()
        ended = self.store.records.finish(record.id, state, now, report=report, error=error)
        if ended:
            count_finished(record, state, now)
        return ended


def job_error(error: Exception, part: int | None = None) -> JobError:
    """What a record tells of an exception; unexpected ones tell nothing of the inside."""
    if isinstance(error, RhapsodeError):
        return JobError(error.code, error.message, error.retryable, part)
    return JobError("internal", "an internal error; the log tells more", False, part)


def gave_up(attempts: int, part: int | None = None) -> JobError:
    """Work whose worker died again and again."""
    return JobError("gave_up", f"given up after {attempts} tries that did not end", False, part)
