"""What jobs cost everything but the networks: CPU of each process, Redis' memory, stored bytes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from benchmarks.load.service import Service, fresh_seeds, is_over, open_tiny_service
from jobs.redis_backend.client import open_redis

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Costs:
    """What a number of jobs cost.

    Attributes:
        jobs: how many.
        audio_seconds: in all [s].
        parts: of all jobs.
        cpu_seconds: of each process [s].
        redis_commands: executed, those in scripts too.
        redis_bytes: more memory of Redis than before, while the job's parts were there.
        redis_bytes_after: the same when the jobs had ended.
        stored_bytes: files by folder.
    """

    jobs: int
    audio_seconds: float
    parts: int
    cpu_seconds: dict[str, float]
    redis_commands: int
    redis_bytes: int
    redis_bytes_after: int
    stored_bytes: dict[str, int]


def measure_costs(texts: Sequence[str], lane: str) -> Costs:
    """Runs jobs through a service whose networks cost next to nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_tiny_service(folder, 1, workers_nice=0) as service:
            return _measure(service, folder, texts, lane)


def _measure(service: Service, folder: Path, texts: Sequence[str], lane: str) -> Costs:
    assert service.stack is not None
    redis = open_redis(service.stack.redis_url)
    with httpx.Client(base_url=service.url, timeout=120, trust_env=False) as client:
        warm = client.post("/synthesize", json={"text": "Warm."}, headers={"Prefer": "wait=60"})
        warm.raise_for_status()
        before, cpu_before = _redis(redis), _cpu(service, redis)
        stored_before = _stored(folder)
        jobs = [
            client.post("/synthesize", json={"text": text, "lane": lane, "seed": seed}).json()
            for text, seed in zip(texts, fresh_seeds(), strict=False)
        ]
        most = 0
        ended = []
        for job in jobs:
            while not is_over(job):
                most = max(most, _redis(redis)["used_memory"])
                time.sleep(POLL_SECONDS)
                job = client.get(f"/jobs/{job['id']}").json()
            ended.append(job)
        after, cpu_after = _redis(redis), _cpu(service, redis)
    redis.close()
    return Costs(
        jobs=len(ended),
        audio_seconds=sum(job["report"]["audio_seconds"] for job in ended),
        parts=sum(job["progress"]["parts_total"] for job in ended),
        cpu_seconds={name: seconds - cpu_before[name] for name, seconds in cpu_after.items()},
        redis_commands=after["total_commands_processed"] - before["total_commands_processed"],
        redis_bytes=most - before["used_memory"],
        redis_bytes_after=after["used_memory"] - before["used_memory"],
        stored_bytes={
            name: size - stored_before.get(name, 0) for name, size in _stored(folder).items()
        },
    )


def _redis(redis: Any) -> dict[str, int]:
    info = cast(dict[str, Any], redis.info())
    return {name: int(info[name]) for name in ("used_memory", "total_commands_processed")}


def _cpu(service: Service, redis: Any) -> dict[str, float]:
    """Returns the CPU seconds of each process so far (Linux)."""
    assert service.stack is not None
    found = {}
    tick = os.sysconf("SC_CLK_TCK")
    for child in service.stack.children:
        assert child.process is not None
        fields = Path(f"/proc/{child.process.pid}/stat").read_text("ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        found[child.name] = (int(user) + int(system)) / tick
    info = redis.info("cpu")
    found["redis"] = info["used_cpu_user"] + info["used_cpu_sys"]
    return found


def _stored(folder: Path) -> dict[str, int]:
    """Returns the bytes of the audio store by its first folder."""
    audio, sizes = folder / "audio", dict[str, int]()
    for path in audio.rglob("*"):
        if path.is_file():
            top = path.relative_to(audio).parts[0]
            sizes[top] = sizes.get(top, 0) + path.stat().st_size
    return sizes
