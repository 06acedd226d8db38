"""Measures how long an interactive sentence takes, alone and while a book runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from benchmarks.load.service import POLL_SECONDS, fresh_seeds, is_over

WARM_UP = 3
"""Sentences before any is counted."""
PARTS_BEFORE = 4
"""Parts of the book that are spoken before the first sentence beside it."""
MAX_RATIO = 3.0
"""Latency beside a book / alone, of the medians."""


@dataclass(frozen=True, slots=True)
class LaneLatency:
    """Latencies of the interactive lane.

    Attributes:
        alone: latency of each sentence with nothing else to do [s].
        beside: the same sentences while the book ran [s].
        book_ran: whether the book was still running when the last sentence had ended.
    """

    alone: list[float]
    beside: list[float]
    book_ran: bool

    @property
    def ratio(self) -> float:
        """Ratio of the medians."""
        return median(self.beside) / median(self.alone)

    @property
    def good(self) -> bool:
        """Whether the book ran all the time and the sentences overtook it."""
        return self.book_ran and self.ratio <= MAX_RATIO


def measure_lane_latency(
    url: str, sentences: Sequence[str], book: str, on_each: Callable[[], None]
) -> LaneLatency:
    """Speaks the sentences one after the other, then again beside the book, then cancels that.

    Args:
        url: URL of the service.
        sentences: sentences that are timed.
        book: a text that takes longer than all of them.
        on_each: called after every sentence.
    """
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        seeds = fresh_seeds()
        for _ in range(WARM_UP):
            _speak(client, sentences[0], next(seeds))
        alone = [_timed(client, text, next(seeds), on_each) for text in sentences]
        job = client.post(
            "/synthesize", json={"text": book, "lane": "bulk", "seed": next(seeds)}
        ).json()
        while job["progress"]["parts_done"] < PARTS_BEFORE and not is_over(job):
            time.sleep(POLL_SECONDS)
            job = client.get(f"/jobs/{job['id']}").json()
        beside = [_timed(client, text, next(seeds), on_each) for text in sentences]
        ran = not is_over(client.get(f"/jobs/{job['id']}").json())
        client.delete(f"/jobs/{job['id']}")
    return LaneLatency(alone, beside, ran)


def _timed(client: httpx.Client, text: str, seed: int, on_each: Callable[[], None]) -> float:
    start = time.perf_counter()
    _speak(client, text, seed)
    seconds = time.perf_counter() - start
    on_each()
    return seconds


def _speak(client: httpx.Client, text: str, seed: int) -> dict[str, Any]:
    body = {"text": text, "seed": seed, "lane": "interactive"}
    answer = client.post("/synthesize", json=body, headers={"Prefer": "wait=60"})
    answer.raise_for_status()
    job: dict[str, Any] = answer.json()
    if job["state"] != "succeeded":
        raise RuntimeError(f"a sentence is {job['state']} after 60 s")
    return job
