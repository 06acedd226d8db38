"""The job record: what is known of a job, and the events of its life. Wire types."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.report import SynthesisReport
from core.request import Controls, SourceFacts

JobState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
TERMINAL: frozenset[JobState] = frozenset({"succeeded", "partial", "failed", "cancelled"})


class JobError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reason why a job or a part failed."""

    code: str
    message: str
    retryable: bool = False
    part: int | None = None


class JobProgress(msgspec.Struct, frozen=True):
    """The progress of a job."""

    parts_total: int = 0
    parts_done: int = 0
    parts_failed: int = 0
    share: float = 0.0
    """Of its estimated speech that is done with, 0 to 1: parts differ in length."""


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about a job. Times are Unix seconds."""

    id: str
    state: JobState
    request: Controls
    """As resolved: no field that has a default is left open."""
    source: SourceFacts
    created_at: float
    name: str | None = None
    """Given by its owner (``PUT /jobs/{name}``); None = it has none."""
    owner: str | None = None
    """Id of the API key that made it; None = made without keys."""
    streamed: bool = False
    """Somebody hears it while it is made: its samples are handed on as they come, and its parts are
    kept when it has succeeded, as long as the job is."""
    started_at: float | None = None
    finished_at: float | None = None
    progress: JobProgress = JobProgress()
    report: SynthesisReport | None = None
    error: JobError | None = None
    traceparent: str | None = None
    """Ids of the span under which the job's spans stand (W3C Trace Context); None = not traced."""

    @property
    def trace_id(self) -> str | None:
        """Id of the job's trace, 32 hex digits; None = not traced."""
        return self.traceparent.split("-")[1] if self.traceparent else None


JobEventName = Literal[
    "created", "planned", "started", "part_done", "part_failed", "undone", "finished", "retried"
]
"""undone: stored sounds were missing, their parts are spoken again. A retried job goes on after its
``finished``."""


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a job, with the state of the job after it."""

    id: str
    """Its place among the events of the job; send it as ``Last-Event-ID`` to go on after it."""
    job: str
    event: JobEventName
    at: float
    """Unix seconds, by the clock of Redis."""
    state: JobState
    part: int | None
    """Of ``part_done`` and ``part_failed``: which one."""
    progress: JobProgress
