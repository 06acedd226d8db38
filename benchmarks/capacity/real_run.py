"""A service with some synthesizers: what its batches cost, and its latencies under an open load."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from benchmarks.capacity.cpu_watch import CpuWatch
from benchmarks.load.service import fresh_seeds, read_metric
from capacity.arrivals import RateProfile, arrival_times
from capacity.calibration import MeasuredBatches
from cli.stack import WORKERS_NICE, Stack
from synthesis.settings import SynthesisSettings

WAIT_SECONDS: Final = 60
"""Longest that a request waits for its job [s]."""
SINGLES: Final = 24
"""Sentences one after the other: each has the service for itself."""
BURST_PER_WORKER: Final = 25
"""Sentences at once: every device is at work."""
SATURATED_PER_CLIENT: Final = 25
"""Sentences of each of some clients, one after the other: every core is at work, and next to no
batch has two parts."""


@dataclass(frozen=True, slots=True)
class MeasuredJob:
    """A job of the run.

    Attributes:
        at: when it was sent, since the start of its phase [s].
        latency: from sending to the answer with the ended job [s].
        audio_seconds: length of its speech [s].
        accept: from sending until the API had made the job [s].
        plan: from then until a synthesizer took its part [s].
        answer: from the job's end until the answer was there [s].
    """

    at: float
    latency: float
    audio_seconds: float
    accept: float
    plan: float
    answer: float


@dataclass(frozen=True, slots=True)
class MeasuredPhase:
    """What was measured while some jobs ran.

    Attributes:
        seconds: from the first job to the end of the last [s].
        jobs: in the order of sending.
        batches: what devices did for them.
        cpu_seconds: of each process of the service, of Redis and of the load generator [s].
        others: mean cores that other processes, or the host, took in each ``INTERVAL``.
    """

    seconds: float
    jobs: list[MeasuredJob]
    batches: MeasuredBatches
    cpu_seconds: dict[str, float]
    others: list[float]


@dataclass(frozen=True, slots=True)
class RealRun:
    """What was measured of a service.

    Attributes:
        workers: synthesizers, each a process with one thread.
        cores: of the machine.
        singles: jobs one after the other.
        burst: many at once.
        saturated: a client for every synthesizer, or core, each with one job after the other.
        speech_share: of the audio of files, what devices made; the rest is pauses.
        loads: jobs at random times, by the share of the burst's rate at which they came.
    """

    workers: int
    cores: int
    singles: MeasuredPhase
    burst: MeasuredPhase
    saturated: MeasuredPhase
    speech_share: float
    loads: dict[float, MeasuredPhase]


def run_service(
    workers: int,
    texts: Sequence[str],
    folder: Path,
    utilizations: Sequence[float],
    seconds: float,
) -> RealRun:
    """Measures a service that is started for it.

    Args:
        workers: synthesizers.
        texts: sentences, taken in turn.
        folder: of everything that the service writes.
        utilizations: of each load, as a share of the rate that the burst reached.
        seconds: how long each load lasts [s].
    """
    artifacts = SynthesisSettings.from_environment().artifacts_folder.resolve()
    own = {"RHAPSODE_THREADS": "1", "RHAPSODE_ARTIFACTS": str(artifacts)}
    environment = {**os.environ, **own}
    stack = Stack(folder, environment=environment, synthesizers=workers, workers_nice=WORKERS_NICE)
    with stack:
        _wait_for(stack.url, workers)
        return asyncio.run(_run(stack, workers, texts, utilizations, seconds))


def _wait_for(url: str, workers: int) -> None:
    while read_metric(_page(url), "tts_workers", role="synthesizer") < workers:
        time.sleep(0.2)


async def _run(
    stack: Stack,
    workers: int,
    texts: Sequence[str],
    utilizations: Sequence[float],
    seconds: float,
) -> RealRun:
    cores = os.cpu_count() or 1
    limits = httpx.Limits(max_connections=None)
    timeout = 2 * WAIT_SECONDS
    async with httpx.AsyncClient(
        base_url=stack.url, timeout=timeout, limits=limits, trust_env=False
    ) as client:
        sender = _SentenceSender(client, texts)
        await sender.at_once(8 * workers)  # warms up
        watch = CpuWatch(stack)
        singles = await _phase(stack.url, watch, sender.in_turn(SINGLES))
        clients = max(workers, cores)
        saturated = await _phase(stack.url, watch, sender.by_clients(clients))
        burst = await _phase(stack.url, watch, sender.at_once(BURST_PER_WORKER * workers))
        loads = {}
        for utilization in utilizations:
            rate = utilization * len(burst.jobs) / burst.seconds
            random = Random(f"{workers} {utilization}")
            times = list(arrival_times(RateProfile((0.0,), (rate,)), 1.0, seconds, random))
            loads[utilization] = await _phase(stack.url, watch, sender.at_times(times))
    both = (singles, burst)
    files = sum(job.audio_seconds for phase in both for job in phase.jobs)
    return RealRun(
        workers=workers,
        cores=cores,
        singles=singles,
        burst=burst,
        saturated=saturated,
        speech_share=sum(phase.batches.audio_seconds for phase in both) / files,
        loads=loads,
    )


async def _phase(url: str, watch: CpuWatch, sending: Awaitable[list[MeasuredJob]]) -> MeasuredPhase:
    before, cpu_before, begin = _devices(url), watch.read(), time.perf_counter()
    watching = asyncio.create_task(watch.others())
    jobs = await sending
    seconds, cpu_after = time.perf_counter() - begin, watch.read()
    watching.cancel()
    return MeasuredPhase(
        seconds=seconds,
        jobs=jobs,
        batches=_difference(before, _devices(url)),
        cpu_seconds={name: cpu - cpu_before[name] for name, cpu in cpu_after.items()},
        others=watch.taken,
    )


class _SentenceSender:
    """Sends sentences, each with a seed of its own, so that none is there already."""

    def __init__(self, client: httpx.AsyncClient, texts: Sequence[str]) -> None:
        self._client = client
        self._bodies = zip(cycle(texts), fresh_seeds(), strict=False)

    async def at_once(self, count: int) -> list[MeasuredJob]:
        return await self.at_times([0.0] * count)

    async def by_clients(self, clients: int) -> list[MeasuredJob]:
        each = [self.in_turn(SATURATED_PER_CLIENT) for _ in range(clients)]
        return [job for jobs in await asyncio.gather(*each) for job in jobs]

    async def in_turn(self, count: int) -> list[MeasuredJob]:
        start = time.perf_counter()
        return [await self.send(time.perf_counter() - start) for _ in range(count)]

    async def at_times(self, times: Sequence[float]) -> list[MeasuredJob]:
        start, tasks = time.perf_counter(), []
        for at in times:
            await asyncio.sleep(max(0.0, start + at - time.perf_counter()))
            tasks.append(asyncio.create_task(self.send(at)))
        return list(await asyncio.gather(*tasks))

    async def send(self, at: float) -> MeasuredJob:
        text, seed = next(self._bodies)
        sent = time.time()
        answer = await self._client.post(
            "/synthesize",
            json={"text": text, "seed": seed},
            headers={"Prefer": f"wait={WAIT_SECONDS}"},
        )
        answered = time.time()
        job: dict[str, Any] = answer.json()
        if answer.status_code != 200 or job["state"] != "succeeded":
            raise RuntimeError(f"a sentence is {job.get('state', answer.status_code)}")
        return MeasuredJob(
            at=at,
            latency=answered - sent,
            audio_seconds=job["report"]["audio_seconds"],
            accept=_unix_seconds(job["created_at"]) - sent,
            plan=_unix_seconds(job["started_at"]) - _unix_seconds(job["created_at"]),
            answer=answered - _unix_seconds(job["finished_at"]),
        )


def _unix_seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


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
