"""A service with some synthesizers: what its batches cost, and its latencies under an open load."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from benchmarks.load.service import fresh_seeds, read_metric
from capacity.arrivals import RateProfile, arrival_times
from capacity.calibration import MeasuredBatches
from cli.stack import WORKERS_NICE, Stack
from synthesis.settings import SynthesisSettings

WAIT_SECONDS: Final = 60
"""Longest that a request waits for its job [s]."""
SINGLES: Final = 12
"""Sentences one after the other: each has the service for itself."""
BURST_PER_WORKER: Final = 20
"""Sentences at once: every device is at work."""


@dataclass(frozen=True, slots=True)
class MeasuredJob:
    """A job of the run.

    Attributes:
        at: when it was sent, since the start of the load [s].
        latency: from sending to the answer with the ended job [s].
        audio_seconds: length of its speech [s].
    """

    at: float
    latency: float
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class RealRun:
    """What was measured of a service.

    Attributes:
        workers: synthesizers, each a process with one thread.
        singles: jobs one after the other.
        single_batches: what devices did for them.
        burst_batches: what devices did for many at once.
        burst_speed: audio seconds per second of the burst.
        speech_share: of the audio of files, what devices made; the rest is pauses.
        load: jobs at random times.
        load_batches: what devices did for them.
    """

    workers: int
    singles: list[MeasuredJob]
    single_batches: MeasuredBatches
    burst_batches: MeasuredBatches
    burst_speed: float
    speech_share: float
    load: list[MeasuredJob]
    load_batches: MeasuredBatches


def run_service(
    workers: int, texts: Sequence[str], folder: Path, utilization: float, seconds: float
) -> RealRun:
    """Measures a service that is started for it.

    Args:
        workers: synthesizers.
        texts: sentences, taken in turn.
        folder: of everything that the service writes.
        utilization: the load, as a share of what the burst reached.
        seconds: how long the load lasts [s].
    """
    artifacts = SynthesisSettings.from_environment().artifacts_folder.resolve()
    own = {"RHAPSODE_THREADS": "1", "RHAPSODE_ARTIFACTS": str(artifacts)}
    environment = {**os.environ, **own}
    stack = Stack(folder, environment=environment, synthesizers=workers, workers_nice=WORKERS_NICE)
    with stack:
        _wait_for(stack.url, workers)
        return asyncio.run(_run(stack.url, workers, texts, utilization, seconds))


def _wait_for(url: str, workers: int) -> None:
    while read_metric(_page(url), "tts_workers", role="synthesizer") < workers:
        time.sleep(0.2)


async def _run(
    url: str, workers: int, texts: Sequence[str], utilization: float, seconds: float
) -> RealRun:
    limits = httpx.Limits(max_connections=None)
    timeout = 2 * WAIT_SECONDS
    async with httpx.AsyncClient(
        base_url=url, timeout=timeout, limits=limits, trust_env=False
    ) as client:
        speaker = _SentenceSender(client, texts)
        await speaker.at_once(4 * workers)  # warms up
        start = _devices(url)
        singles = [await speaker.speak(0.0) for _ in range(SINGLES)]
        middle, begin = _devices(url), time.perf_counter()
        burst = await speaker.at_once(BURST_PER_WORKER * workers)
        wall, end = time.perf_counter() - begin, _devices(url)
        audio = sum(job.audio_seconds for job in burst)
        rate = utilization * len(burst) / wall
        times = list(arrival_times(RateProfile((0.0,), (rate,)), 1.0, seconds, Random(workers)))
        before = _devices(url)
        load = await speaker.at_times(times)
        load_batches = _difference(before, _devices(url))
    whole = _difference(start, end)
    files = sum(job.audio_seconds for job in (*singles, *burst))
    return RealRun(
        workers=workers,
        singles=singles,
        single_batches=_difference(start, middle),
        burst_batches=_difference(middle, end),
        burst_speed=audio / wall,
        speech_share=whole.audio_seconds / files,
        load=load,
        load_batches=load_batches,
    )


class _SentenceSender:
    """Sends sentences, each with a seed of its own, so that none is there already."""

    def __init__(self, client: httpx.AsyncClient, texts: Sequence[str]) -> None:
        self._client = client
        self._bodies = zip(cycle(texts), fresh_seeds(), strict=False)

    async def at_once(self, count: int) -> list[MeasuredJob]:
        return await self.at_times([0.0] * count)

    async def at_times(self, times: Sequence[float]) -> list[MeasuredJob]:
        start, tasks = time.perf_counter(), []
        for at in times:
            await asyncio.sleep(max(0.0, start + at - time.perf_counter()))
            tasks.append(asyncio.create_task(self.speak(at)))
        return list(await asyncio.gather(*tasks))

    async def speak(self, at: float) -> MeasuredJob:
        text, seed = next(self._bodies)
        start = time.perf_counter()
        answer = await self._client.post(
            "/synthesize",
            json={"text": text, "seed": seed},
            headers={"Prefer": f"wait={WAIT_SECONDS}"},
        )
        job: dict[str, Any] = answer.json()
        if answer.status_code != 200 or job["state"] != "succeeded":
            raise RuntimeError(f"a sentence is {job.get('state', answer.status_code)}")
        audio = job["report"]["audio_seconds"]
        return MeasuredJob(at, time.perf_counter() - start, audio)


def _page(url: str) -> str:
    return httpx.get(f"{url}/metrics", timeout=30, trust_env=False).text


def _devices(url: str) -> MeasuredBatches:
    page = _page(url)
    return MeasuredBatches(
        batches=read_metric(page, "tts_batch_parts_count"),
        audio_seconds=read_metric(page, "tts_audio_seconds_total"),
        seconds=read_metric(page, "tts_worker_busy_seconds_total"),
    )


def _difference(before: MeasuredBatches, after: MeasuredBatches) -> MeasuredBatches:
    return MeasuredBatches(
        after.batches - before.batches,
        after.audio_seconds - before.audio_seconds,
        after.seconds - before.seconds,
    )
