"""Jobs as clients see them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.record import JobError, JobProgress, JobRecord, JobState
from core.report import SynthesisReport
from core.request import FileFormat, Lane, Package, Precision, RuntimeName
from core.text import Pauses
from core.units import utc, utc_or_none
from jobs.progress import Forecast

UNKNOWN = Forecast()


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A request as resolved; of its text only the length, which a poll need not carry again."""

    characters: int
    """Length of the text or markup in code points."""
    markup: bool
    """Whether it was SSML."""
    voice: str
    acoustic: str
    vocoder: str
    runtime: RuntimeName
    precision: Precision
    speed: float
    pitch: float
    energy: float
    sample_rate: int
    format: FileFormat
    seed: int
    lane: Lane
    pauses: Pauses
    loudness_lufs: float | None
    package: Package
    stream: bool
    inputs: int
    """Of a batch; 0 = it is none."""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job. Times are RFC 3339, in UTC."""

    id: str
    name: str | None
    """Given by ``PUT /jobs/{name}``; addresses the job, too."""
    state: JobState
    request: RequestView
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: JobProgress
    queue_position: int | None
    """Queued jobs of its lane that were there before it; null once it runs, and where only
    ``GET /jobs`` gives it."""
    eta_seconds: float | None
    """Until its last part is spoken [s]: the estimated speech before it in its lane and its own
    rest (for bulk jobs also all that is interactive), divided by the measured pace of all workers.
    Null once it has ended, before it is planned or anything was ever spoken, and where only
    ``GET /jobs`` gives it."""
    report: SynthesisReport | None
    """Present once there is audio."""
    error: JobError | None
    """Why it failed, or the first failure of a partial job."""
    audio: str | None
    """Where the file is, once there is one."""
    trace_id: str | None
    """Of its trace, 32 hex digits; null where it is not traced."""


class JobList(msgspec.Struct, frozen=True):
    """A page of jobs, newest first."""

    jobs: tuple[JobView, ...]
    cursor: str | None
    """Pass it as ``cursor`` for the next page; null at the end."""


def job_view(record: JobRecord, forecast: Forecast = UNKNOWN) -> JobView:
    """Returns a record as a client sees it."""
    request = record.request
    shared = {
        name: getattr(request, name)
        for name in RequestView.__struct_fields__
        if name not in ("characters", "markup", "inputs")
    }
    return JobView(
        id=record.id,
        name=record.name,
        state=record.state,
        request=RequestView(
            characters=record.source.characters,
            markup=record.source.markup,
            inputs=record.source.inputs,
            **shared,
        ),
        created_at=utc(record.created_at),
        started_at=utc_or_none(record.started_at),
        finished_at=utc_or_none(record.finished_at),
        progress=record.progress,
        queue_position=forecast.queue_position,
        eta_seconds=forecast.eta_seconds,
        report=record.report,
        error=record.error,
        audio=f"/jobs/{record.id}/audio" if record.report else None,
        trace_id=record.trace_id,
    )
