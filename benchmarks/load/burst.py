"""Sends many short requests at once: all must succeed, in batches, none lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from benchmarks.load.service import POLL_SECONDS, batch_sizes, fresh_seeds, is_over

WAV_HEADER_BYTES = 44
PCM_BYTES = 2


@dataclass(frozen=True, slots=True)
class Burst:
    """The results of all requests.

    Attributes:
        requests: sent.
        states: how many jobs ended in each state; ``refused …`` for an answer above 399, ``lost``
            for a job that never ended.
        wrong_audio: jobs whose file does not have the length that the report says.
        latency_seconds: from sending to the end of the job, per job that ended [s].
        wall_seconds: until the last ended [s].
        audio_seconds: in all files [s].
        mean_batch: utterances per call of a network, by stage.
    """

    requests: int
    states: dict[str, int]
    wrong_audio: int
    latency_seconds: list[float]
    wall_seconds: float
    audio_seconds: float
    mean_batch: dict[str, float]

    @property
    def good(self) -> bool:
        """Whether all succeeded with the right audio, in batches bigger than one."""
        all_done = self.states == {"succeeded": self.requests}
        return all_done and not self.wrong_audio and self.mean_batch.get("acoustic", 0) > 1


def run_burst(
    url: str, texts: Sequence[str], limit_seconds: float, on_each: Callable[[], None]
) -> Burst:
    """Sends every text at the same moment and waits for each job's end."""
    before, start = batch_sizes(url), time.perf_counter()
    ends = asyncio.run(_all(url, texts, limit_seconds, on_each))
    wall, after = time.perf_counter() - start, batch_sizes(url)
    return Burst(
        requests=len(texts),
        states=dict(Counter(end.state for end in ends)),
        wrong_audio=sum(end.wrong_audio for end in ends),
        latency_seconds=sorted(end.seconds for end in ends if end.state == "succeeded"),
        wall_seconds=wall,
        audio_seconds=sum(end.audio_seconds for end in ends),
        mean_batch=_mean_batch(before, after),
    )


def _mean_batch(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> dict[str, float]:
    means = {}
    for stage, (total, calls) in after.items():
        new = calls - before[stage][1]
        means[stage] = (total - before[stage][0]) / new if new else 0.0
    return means


@dataclass(frozen=True, slots=True)
class _End:
    state: str
    seconds: float
    audio_seconds: float = 0.0
    wrong_audio: bool = False


async def _all(
    url: str, texts: Sequence[str], limit_seconds: float, on_each: Callable[[], None]
) -> list[_End]:
    limits = httpx.Limits(max_connections=len(texts))
    async with httpx.AsyncClient(
        base_url=url, timeout=limit_seconds, limits=limits, trust_env=False
    ) as client:
        tasks = [
            _one(client, text, seed, limit_seconds, on_each)
            for text, seed in zip(texts, fresh_seeds(), strict=False)
        ]
        return await asyncio.gather(*tasks)


async def _one(
    client: httpx.AsyncClient,
    text: str,
    seed: int,
    limit_seconds: float,
    on_each: Callable[[], None],
) -> _End:
    start = time.perf_counter()
    # A seed of its own, or equal texts would be spoken once.
    answer = await client.post("/synthesize", json={"text": text, "seed": seed})
    if answer.status_code >= 400:
        return _End(f"refused {answer.status_code}", time.perf_counter() - start)
    job: dict[str, Any] = answer.json()
    while not is_over(job):
        if time.perf_counter() - start > limit_seconds:
            return _End("lost", time.perf_counter() - start)
        await asyncio.sleep(POLL_SECONDS)
        job = (await client.get(f"/jobs/{job['id']}")).json()
    seconds = time.perf_counter() - start
    on_each()
    if not job["audio"]:
        return _End(job["state"], seconds)
    file, report = (await client.get(job["audio"])).content, job["report"]
    wrong = len(file) != WAV_HEADER_BYTES + PCM_BYTES * report["samples"]
    return _End(job["state"], seconds, report["audio_seconds"], wrong)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Returns the 50th, 95th and 99th percentile [s].

    >>> percentiles([1.0, 2.0, 3.0])["p50"]
    2.0
    """
    return {f"p{q}": float(np.percentile(seconds, q)) for q in (50, 95, 99)} if seconds else {}
