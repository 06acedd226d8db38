"""Submits short jobs at a steady rate, whether or not the service keeps up (an open loop)."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from benchmarks.load.plain_http import ConnectionPool
from benchmarks.load.service import Service, sample_memory
from core.record import TERMINAL

CONNECTIONS = 32
"""Kept open; a request that finds none free waits, and its wait counts."""
POLL_SECONDS = 1.0
"""Between two looks at how many jobs have ended, and two samples of memory [s]."""
PAGE = 100


@dataclass(frozen=True, slots=True)
class Stream:
    """The results of all jobs.

    Attributes:
        jobs: sent.
        rate: wanted per second.
        sent_seconds: from the first to the last submission [s]; jobs / rate where all kept up.
        submit_seconds: from the moment a request was due to its answer [s], so that a late sender
            hides nothing.
        answers: how many submissions had each HTTP status.
        states: of the jobs in the end; ``lost`` for one that the service does not know.
        wall_seconds: until the last job ended [s].
        rss_bytes: per process, one sample a second.
    """

    jobs: int
    rate: float
    sent_seconds: float
    submit_seconds: list[float]
    answers: dict[int, int]
    states: dict[str, int]
    wall_seconds: float
    rss_bytes: dict[str, list[int]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether all jobs were accepted and succeeded."""
        return self.answers == {202: self.jobs} and self.states == {"succeeded": self.jobs}


def run_stream(
    service: Service,
    texts: Sequence[str],
    rate: float,
    limit_seconds: float,
    on_each: Callable[[int], None] = lambda ended: None,
) -> Stream:
    """Submits one text after the other, then waits for the end of all jobs.

    Args:
        service: the service.
        texts: one per job; no two alike, or the second would be there already.
        rate: submissions per second.
        limit_seconds: a job that has not ended so long after the last submission is given up [s].
        on_each: called with the number of jobs that have ended.
    """
    rss: dict[str, list[int]] = {}
    start = time.perf_counter()
    sent = asyncio.run(_submit(service, texts, rate, rss))
    sent_seconds = time.perf_counter() - start
    ids = [job_id for _, job_id, _ in sent if job_id]
    states = _followed(service, ids, limit_seconds, rss, on_each)
    return Stream(
        jobs=len(texts),
        rate=rate,
        sent_seconds=sent_seconds,
        submit_seconds=[seconds for _, _, seconds in sent],
        answers=dict(Counter(status for status, _, _ in sent)),
        states=dict(Counter(states.get(job_id, "lost") for job_id in ids)),
        wall_seconds=time.perf_counter() - start,
        rss_bytes=rss,
    )


async def _submit(
    service: Service, texts: Sequence[str], rate: float, rss: dict[str, list[int]]
) -> list[tuple[int, str, float]]:
    """Returns status, job id and seconds of each submission."""
    connections = ConnectionPool(service.url, CONNECTIONS)
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def one(index: int, text: str) -> tuple[int, str, float]:
        due = start + index / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        status, body = await connections.post("/synthesize", json.dumps({"text": text}).encode())
        seconds = loop.time() - due
        return status, json.loads(body).get("id", ""), seconds

    async def watch() -> None:
        while True:
            sample_memory(service, rss)
            await asyncio.sleep(POLL_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        return await asyncio.gather(*(one(i, text) for i, text in enumerate(texts)))
    finally:
        watching.cancel()
        await connections.close()


def _followed(
    service: Service,
    ids: Sequence[str],
    limit_seconds: float,
    rss: dict[str, list[int]],
    on_each: Callable[[int], None],
) -> dict[str, str]:
    deadline = time.perf_counter() + limit_seconds
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as client:
        while True:
            sample_memory(service, rss)
            states = _states(client, ids)
            open_ones = [i for i in ids if states.get(i, "") not in TERMINAL and i in states]
            on_each(len(ids) - len(open_ones))
            if not open_ones or time.perf_counter() > deadline:
                return states
            time.sleep(POLL_SECONDS)


def _states(client: httpx.Client, ids: Sequence[str]) -> dict[str, str]:
    """Returns the states of all jobs that the service knows, from its list."""
    wanted, states, cursor = set(ids), dict[str, str](), None
    while True:
        parameters = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        page = client.get("/jobs", params=parameters).raise_for_status().json()
        states |= {job["id"]: job["state"] for job in page["jobs"] if job["id"] in wanted}
        cursor = page["cursor"]
        if cursor is None:
            return states
