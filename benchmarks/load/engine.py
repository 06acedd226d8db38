"""Compares the whole service with the bare engine: the same text on the same cores."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load.service import POLL_SECONDS, fresh_seeds, is_over
from core.request import SynthesisRequest
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend

MIN_RATIO = 0.9
"""Throughput of the service / of the engine."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """The times of the service and of the engine.

    Attributes:
        service_seconds: from sending the text to the job's end [s].
        engine_seconds: the same file by the engine in one process, before and after [s].
        audio_seconds: length of the file [s].
        same_length: whether both files have the same number of samples.
    """

    service_seconds: float
    engine_seconds: tuple[float, float]
    audio_seconds: float
    same_length: bool

    @property
    def ratio(self) -> float:
        """Throughput of the service / mean throughput of both runs of the engine."""
        return sum(self.engine_seconds) / 2 / self.service_seconds

    @property
    def good(self) -> bool:
        """Whether queue, stores and other processes cost little."""
        return self.same_length and self.ratio >= MIN_RATIO


def run_throughput(url: str, text: str, artifacts: Path) -> Throughput:
    """Times engine, service and engine again, so that a drift of the machine's speed shows."""
    before, samples = _by_engine(text, artifacts)
    service, report = _by_service(url, text)
    after, _ = _by_engine(text, artifacts)
    return Throughput(
        service_seconds=service,
        engine_seconds=(before, after),
        audio_seconds=report["audio_seconds"],
        same_length=report["samples"] == samples,
    )


def _by_engine(text: str, artifacts: Path) -> tuple[float, int]:
    """Returns the seconds without loading [s], and the file's length [samples]."""
    from synthesis.engine import Engine  # both need a runtime of an extra; --help does not
    from synthesis.local import LocalSynthesizer

    catalogue = SynthesisSettings.from_environment().catalogue()
    engine = Engine(artifacts, threads=os.cpu_count() or 1)
    local = LocalSynthesizer(catalogue, engine, open_frontend)
    local.load(SynthesisRequest(text="Warm."))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        report = local.synthesize(SynthesisRequest(text=text), Path(folder) / "audio.wav")
        return time.perf_counter() - start, report.samples


def _by_service(url: str, text: str) -> tuple[float, dict[str, Any]]:
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        body = {"text": text, "lane": "bulk", "seed": next(fresh_seeds())}
        start = time.perf_counter()
        job = client.post("/synthesize", json=body).json()
        while not is_over(job):
            time.sleep(POLL_SECONDS)
            job = client.get(f"/jobs/{job['id']}").json()
        seconds = time.perf_counter() - start
    if job["state"] != "succeeded":
        raise RuntimeError(f"the text is {job['state']}: {job['error']}")
    return seconds, job["report"]
