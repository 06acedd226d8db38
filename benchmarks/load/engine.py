"""Compares the whole service with the bare engine: the same text on the same cores."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.load.service import POLL_SECONDS, fresh_seeds, is_over
from core.report import SynthesisReport
from core.request import SynthesisRequest
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend

MIN_RATIO = 0.95
"""Throughput of the service / of the engine."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """The times of the service and of the engine.

    Attributes:
        service_seconds: from the job's beginning to its end, by the service's clock [s].
        accept_seconds: before that: the service has checked the text and answered. The first long
            text of a service waits for a process to start [s].
        engine_seconds: the same file by the engine in one process, before and after [s].
        audio_seconds: length of the file [s].
        same_length: whether both files have the same number of samples.
        reused_seconds: of the service's audio, parts that it had already, which the engine has not
            [s].
        service_stages: compute of each stage in the service [s].
        engine_stages: the same in the engine's last run [s].
        queue_seconds: until the service's first part began: queue and plan [s].
    """

    service_seconds: float
    accept_seconds: float
    engine_seconds: tuple[float, float]
    audio_seconds: float
    same_length: bool
    reused_seconds: float
    service_stages: dict[str, float]
    engine_stages: dict[str, float]
    queue_seconds: float

    @property
    def ratio(self) -> float:
        """Throughput of the service / mean throughput of both runs of the engine."""
        return sum(self.engine_seconds) / 2 / self.service_seconds

    @property
    def ratio_from_submission(self) -> float:
        """The same where the service's time begins as the text is sent."""
        return sum(self.engine_seconds) / 2 / (self.service_seconds + self.accept_seconds)

    @property
    def good(self) -> bool:
        """Whether queue, stores and other processes cost little."""
        return self.same_length and not self.reused_seconds and self.ratio >= MIN_RATIO


def run_throughput(url: str, text: str, artifacts: Path) -> Throughput:
    """Times engine, service and engine again, so that a drift of the machine's speed shows."""
    before, first = _by_engine(text, artifacts)
    accept, service, report = _by_service(url, text)
    after, last = _by_engine(text, artifacts)
    return Throughput(
        service_seconds=service,
        accept_seconds=accept,
        engine_seconds=(before, after),
        audio_seconds=report.audio_seconds,
        same_length=report.samples == first.samples,
        reused_seconds=report.reused_seconds,
        service_stages=msgspec.structs.asdict(report.stage_seconds),
        engine_stages=msgspec.structs.asdict(last.stage_seconds),
        queue_seconds=report.queue_seconds,
    )


def _by_engine(text: str, artifacts: Path) -> tuple[float, SynthesisReport]:
    """Returns the seconds without loading [s], and the report."""
    from synthesis.engine import Engine  # both need a runtime of an extra; --help does not
    from synthesis.local import LocalSynthesizer

    catalogue = SynthesisSettings.from_environment().catalogue()
    engine = Engine(artifacts, threads=os.cpu_count() or 1)
    local = LocalSynthesizer(catalogue, engine, open_frontend)
    local.load(SynthesisRequest(text="Warm."))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        report = local.synthesize(SynthesisRequest(text=text), Path(folder) / "audio.wav")
        return time.perf_counter() - start, report


def _by_service(url: str, text: str) -> tuple[float, float, SynthesisReport]:
    """Returns the seconds until it was accepted and those of the job [s], and its report.

    The job's are those that stand in its record: what is asked every quarter of a second knows the
    end of a job of ten seconds to no better than two hundredths.
    """
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        body = {"text": text, "lane": "bulk", "seed": next(fresh_seeds())}
        start = time.perf_counter()
        job: dict[str, Any] = client.post("/synthesize", json=body).json()
        accept = time.perf_counter() - start
        while not is_over(job):
            time.sleep(POLL_SECONDS)
            job = client.get(f"/jobs/{job['id']}").json()
    if job["state"] != "succeeded":
        raise RuntimeError(f"the text is {job['state']}: {job['error']}")
    accepted, ended = (datetime.fromisoformat(job[name]) for name in ("created_at", "finished_at"))
    report = msgspec.convert(job["report"], SynthesisReport)
    return accept, (ended - accepted).total_seconds(), report
