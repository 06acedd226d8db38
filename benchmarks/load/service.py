"""A service to load: one that runs already, or the whole stack started for the bench."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

from cli.stack import WORKERS_NICE, Stack
from core.record import TERMINAL
from exports.tiny_voice import write_tiny_voice

POLL_SECONDS = 0.25
"""Time between two requests for a job's state [s]."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service under load.

    Attributes:
        url: URL of the API.
        stack: the processes, where the bench started them; None for a service that ran already,
            whose memory and parts cannot be seen.
    """

    url: str
    stack: Stack | None


@contextmanager
def open_service(url: str | None, data: Path, synthesizers: int) -> Iterator[Service]:
    """Yields the service at the URL, or one that runs as long as the block."""
    if url is not None:
        yield Service(url, None)
        return
    with Stack(
        data,
        environment=dict(os.environ),
        synthesizers=synthesizers,
        workers_nice=WORKERS_NICE,
    ) as stack:
        yield Service(stack.url, stack)


@contextmanager
def open_tiny_service(
    data: Path, synthesizers: int, workers_nice: int = WORKERS_NICE
) -> Iterator[Service]:
    """Yields a service with the tiny voice, whose synthesis costs next to nothing: everything else
    is measured."""
    voices = write_tiny_voice(data / "voices")
    own = {"RHAPSODE_VOICES": str(voices), "RHAPSODE_SHIPPED_VOICES": "false"}
    environment = {**os.environ, **own}
    with Stack(
        data, environment=environment, synthesizers=synthesizers, workers_nice=workers_nice
    ) as stack:
        yield Service(stack.url, stack)


def sample_memory(service: Service, rss: dict[str, list[int]]) -> None:
    """Appends the resident bytes of our own processes, by name (Linux)."""
    for child in service.stack.children if service.stack else ():
        if child.process is not None and child.process.poll() is None:
            status = Path(f"/proc/{child.process.pid}/status").read_text("ascii")
            kib = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
            rss.setdefault(child.name, []).append(int(kib) * 1024)


def fresh_seeds() -> Iterator[int]:
    """Returns seeds that no earlier run had, or the service would reuse parts of its store."""
    return count(int(time.time()) % 2**20 * 1000)


def is_over(job: dict[str, object]) -> bool:
    """Returns whether a job has ended."""
    return job["state"] in TERMINAL


_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$")


def read_metric(page: str, name: str, **labels: str) -> float:
    """Returns the sum of a metric's samples whose labels include these.

    >>> read_metric('a_sum{stage="x",n="1"} 2.0\\na_sum{stage="y"} 3.0', "a_sum", stage="x")
    2.0
    """
    total = 0.0
    for line in page.splitlines():
        match = _SAMPLE.match(line)
        if match is None or match["name"] != name:
            continue
        own = match["labels"] or ""
        if all(f'{key}="{value}"' in own.split(",") for key, value in labels.items()):
            total += float(match["value"])
    return total


def batch_sizes(url: str) -> dict[str, tuple[float, float]]:
    """Returns the utterances and calls of each stage so far, from ``/metrics``."""
    page = httpx.get(f"{url}/metrics", timeout=30, trust_env=False).text
    return {
        stage: (
            read_metric(page, "tts_batch_size_sum", stage=stage),
            read_metric(page, "tts_batch_size_count", stage=stage),
        )
        for stage in ("acoustic", "vocoder")
    }
