"""One very long text: memory of the workers over time, length and joins of the file."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile

from benchmarks.load.joins import Joins, check_joins
from benchmarks.load.service import POLL_SECONDS, Service, is_over
from core.job import PartResult
from jobs.redis_store import RedisStore
from workers.parts import SECONDS_PER_PHONEME, pause_samples

CHARACTERS_PER_PHONEME = 1.13
"""Of English with gruut's symbols and word gaps; only sets how long the text is."""
SENTENCES_PER_PARAGRAPH = 6


@dataclass(frozen=True, slots=True)
class Book:
    """What became of the text.

    Attributes:
        state: of the job.
        audio_seconds: of the file [s].
        wall_seconds: from sending to the end [s].
        report: as the service gives it.
        rss_bytes: per process, one sample a second while the job ran.
        growth_bytes: per process, median of the last quarter − median of the second quarter.
        joins: None where the parts cannot be seen.
    """

    state: str
    audio_seconds: float
    wall_seconds: float
    report: dict[str, Any]
    rss_bytes: dict[str, list[int]]
    growth_bytes: dict[str, int]
    joins: Joins | None


def make_text(sentences: Sequence[str], minutes: float) -> str:
    """The sentences over and over in paragraphs, about so many minutes of speech."""
    wanted = minutes * 60 / SECONDS_PER_PHONEME * CHARACTERS_PER_PHONEME
    paragraphs: list[str] = []
    at = size = 0
    while size < wanted:
        some = [sentences[(at + i) % len(sentences)] for i in range(SENTENCES_PER_PARAGRAPH)]
        paragraphs.append(" ".join(some))
        at, size = at + SENTENCES_PER_PARAGRAPH, size + len(paragraphs[-1])
    return "\n\n".join(paragraphs)


def run_book(service: Service, text: str, on_progress: Callable[[int, int], None]) -> Book:
    """Sends the text, watches the job to its end, looks at the file.

    Args:
        service: where.
        text: of one job.
        on_progress: parts done and in all.
    """
    rss: dict[str, list[int]] = {}
    with httpx.Client(base_url=service.url, timeout=300, trust_env=False) as client:
        start = time.perf_counter()
        answer = client.post("/synthesize", json={"text": text, "lane": "bulk"})
        answer.raise_for_status()
        job, looked = answer.json(), 0.0
        while not is_over(job):
            if time.perf_counter() - looked > 1.0:
                _sample(service, rss)
                looked = time.perf_counter()
            time.sleep(POLL_SECONDS)
            job = client.get(f"/jobs/{job['id']}").json()
            on_progress(job["progress"]["parts_done"], job["progress"]["parts_total"])
        wall = time.perf_counter() - start
        file = client.get(job["audio"]).content if job["audio"] else b""
    return Book(
        state=job["state"],
        audio_seconds=job["report"]["audio_seconds"] if job["report"] else 0.0,
        wall_seconds=wall,
        report=job["report"] or {},
        rss_bytes=rss,
        growth_bytes={name: growth(samples) for name, samples in rss.items()},
        joins=_joins(service, job["id"], file) if file else None,
    )


def growth(samples: Sequence[int]) -> int:
    """Median of the last quarter − median of the second: warming up and one peak do not count.

    >>> growth([1, 5, 5, 5, 5, 5, 5, 6])
    0
    """
    quarter = len(samples) // 4
    if quarter == 0:
        return 0
    return int(np.median(samples[-quarter:]) - np.median(samples[quarter : 2 * quarter]))


def _sample(service: Service, rss: dict[str, list[int]]) -> None:
    """Resident memory of our own processes (Linux)."""
    for child in service.stack.children if service.stack else ():
        if child.process is not None and child.process.poll() is None:
            status = Path(f"/proc/{child.process.pid}/status").read_text("ascii")
            kib = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
            rss.setdefault(child.name, []).append(int(kib) * 1024)


def _joins(service: Service, job_id: str, file: bytes) -> Joins | None:
    """Against the parts as the store has them."""
    if service.stack is None:
        return None
    store = RedisStore(service.stack.redis_url)
    results, plan = list(store.results(job_id)), store.plan(job_id)
    pcm, sample_rate = soundfile.read(io.BytesIO(file), dtype="int16")
    lead = pause_samples(plan.lead_seconds if plan else 0.0, 1.0, sample_rate)
    return check_joins(pcm, [piece for result in results for piece in _pieces(result)], lead)


def _pieces(result: PartResult) -> list[tuple[int, int]]:
    pauses = [pause_samples(s, 1.0, result.sample_rate) for s in result.pauses_seconds]
    return list(zip(result.samples, pauses, strict=True))
