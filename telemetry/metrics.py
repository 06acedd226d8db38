"""Labels and buckets of all metrics, the metrics of a job's life, and the scrape."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.record import JobRecord
from core.request import Controls

NETWORKS: Final = ("acoustic", "vocoder", "runtime")
LABELS: Final = ("voice", *NETWORKS)
"""Names of the catalogue: as many series as there are voices and networks, and no more."""
SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
)  # fmt: skip
"""Buckets of what takes milliseconds to a minute [s]."""
JOB_SECONDS_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)
"""Buckets of whole jobs, up to books [s]."""

SUBMITTED = Counter("tts_jobs_submitted", "Jobs accepted", (*LABELS, "queue"))
FINISHED = Counter("tts_jobs_finished", "Jobs that ended, by state", (*LABELS, "state"))
UNREADABLE_ROWS = Counter("tts_rows_unreadable", "Stored rows that were skipped", ("kind",))
JOB_SECONDS = Histogram(
    "tts_job_seconds",
    "From acceptance to the end",
    (*NETWORKS, "queue", "state"),
    buckets=JOB_SECONDS_BUCKETS,
)


def labels_of(request: Controls, names: tuple[str, ...] = LABELS) -> dict[str, str]:
    """Returns the labels of what is measured of a request."""
    return {name: str(getattr(request, name)) for name in names}


def count_submitted(record: JobRecord) -> None:
    """Counts a job that was accepted."""
    SUBMITTED.labels(**labels_of(record.request), queue=record.request.lane).inc()


def count_finished(record: JobRecord, state: str, now: float) -> None:
    """Counts a job that ended; to be called only where ``finish`` returned True."""
    FINISHED.labels(**labels_of(record.request), state=state).inc()
    networks = labels_of(record.request, NETWORKS)
    seconds = now - record.created_at
    of_job = JOB_SECONDS.labels(**networks, queue=record.request.lane, state=state)
    of_job.observe(seconds, exemplar_of(record))


def exemplar_of(record: JobRecord) -> dict[str, str] | None:
    """Returns the exemplar of what is measured of a job: its trace; None where it has none.

    Prometheus' client keeps exemplars in processes that serve their own metrics, and writes them
    where a scrape accepts OpenMetrics; it drops them where processes share a folder of metrics.

    Source: prometheus_client 0.26, values.py, MmapedValue.set_exemplar.
    """
    return {"trace_id": record.trace_id} if record.trace_id else None


def exposition(folder: Path | None, *collectors: Collector) -> bytes:
    """Returns the text exposition of what was measured and of what is asked for now.

    Args:
        folder: where processes of one machine share their metrics (PROMETHEUS_MULTIPROC_DIR); None
            = only this process's.
        collectors: what is looked at as somebody scrapes.
    """
    current, shared = CollectorRegistry(), REGISTRY
    for collector in collectors:
        current.register(collector)
    if folder is not None:
        shared = CollectorRegistry()
        MultiProcessCollector(shared, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(shared) + generate_latest(current)
