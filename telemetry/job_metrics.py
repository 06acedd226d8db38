"""Metrics of a job's life, told by whichever process moves it."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from core.record import JobRecord
from core.request import Controls

NETWORKS = ("acoustic", "vocoder", "runtime")
LABELS = ("voice", *NETWORKS)
JOB_SECONDS_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)

SUBMITTED = Counter("tts_jobs_submitted", "Jobs accepted", (*LABELS, "queue"))
FINISHED = Counter("tts_jobs_finished", "Jobs that ended, by state", (*LABELS, "state"))
JOB_SECONDS = Histogram(
    "tts_job_seconds",
    "From acceptance to the end",
    (*NETWORKS, "queue", "state"),
    buckets=JOB_SECONDS_BUCKETS,
)


def labels_of(request: Controls, names: tuple[str, ...] = LABELS) -> dict[str, str]:
    """Bounded labels: names of the catalogue."""
    return {name: str(getattr(request, name)) for name in names}


def count_submitted(record: JobRecord) -> None:
    """A job was accepted."""
    SUBMITTED.labels(**labels_of(record.request), queue=record.request.lane).inc()


def count_finished(record: JobRecord, state: str, now: float) -> None:
    """A job ended; call it only where ``finish`` said True."""
    FINISHED.labels(**labels_of(record.request), state=state).inc()
    networks = labels_of(record.request, NETWORKS)
    seconds = now - record.created_at
    JOB_SECONDS.labels(**networks, queue=record.request.lane, state=state).observe(seconds)
