"""Workers and Redis die in the middle: every job ends once, and nothing is lost."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from cli.child import ChildProcess
from cli.stack import Stack
from core.record import TERMINAL
from jobs.redis_backend.server import EmbeddedRedis
from tests.conftest import tiny_environment
from tests.expected_audio import expected_length

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(90))
DEADLINE = 300.0
"""Seconds; never reached when all is well."""
Job = dict[str, Any]


@pytest.fixture(scope="module")
def redis_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("durable")) as server:
        yield server


@pytest.fixture(scope="module")
def stack(
    tiny_voices: Path,
    tiny_artifacts: Path,
    redis_of_its_own: EmbeddedRedis,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    environment = tiny_environment(tiny_voices, tiny_artifacts)
    # Few parts and symbols at once, so that a job is under way for some seconds.
    environment |= {"RHAPSODE_PARTS_AT_ONCE": "2", "RHAPSODE_SYMBOLS_AT_ONCE": "128"}
    # A message that Redis handed out as it stopped is known to nobody; it is sent again after
    # so long.
    environment |= {"RHAPSODE_STALE_SECONDS": "15"}
    # On a busy machine work may look lost more than once that is not.
    environment |= {"RHAPSODE_ATTEMPTS": "10"}
    data = tmp_path_factory.mktemp("faults")
    with Stack(data, environment=environment, redis_url=redis_of_its_own.url) as running:
        yield running


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def until(stack: Stack, look: Callable[[], bool]) -> None:
    """Looks again and again; restarts what died, as `rhapsode up` does."""
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        stack.check()
        time.sleep(0.02)


def begin(stack: Stack, http: httpx.Client) -> Job:
    """A long job of which some parts, but not all, are done."""
    job: Job = http.post("/synthesize", json={"text": TEXT, "lane": "bulk"}).json()
    until(stack, lambda: state(http, job)["progress"]["parts_done"] > 0)
    return job


def state(http: httpx.Client, job: Job) -> Job:
    found: Job = http.get(f"/jobs/{job['id']}").json()
    return found


def ended(stack: Stack, http: httpx.Client, job: Job) -> Job:
    until(stack, lambda: state(http, job).get("state") in TERMINAL)
    return state(http, job)


def child(stack: Stack, name: str) -> ChildProcess:
    return next(child for child in stack.children if child.name.startswith(name))


def kill(stack: Stack, name: str, number: int) -> int:
    """Signals a child and returns its exit code."""
    process = child(stack, name).process
    assert process is not None
    os.kill(process.pid, number)
    return process.wait(DEADLINE)


def finished(http: httpx.Client) -> float:
    lines = http.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("tts_jobs_finished_t"))


def test_a_killed_synthesizer_costs_no_part(stack: Stack, http: httpx.Client) -> None:
    before = finished(http)
    job = begin(stack, http)
    assert kill(stack, "synthesizer", signal.SIGKILL) == -signal.SIGKILL
    assert state(http, job)["state"] == "running"
    done = ended(stack, http, job)
    assert (done["state"], done["error"]) == ("succeeded", None)
    assert done["progress"]["parts_done"] == done["progress"]["parts_total"]
    assert done["report"]["samples"] == expected_length(TEXT)
    assert finished(http) == before + 1


def test_who_listens_while_a_synthesizer_is_killed_gets_the_finished_file(
    stack: Stack, http: httpx.Client
) -> None:
    body = {"text": f"A stream. {TEXT}", "stream": True}
    job: Job = http.post("/synthesize", json=body).json()
    path = f"/jobs/{job['id']}/audio"
    with (
        ThreadPoolExecutor(1) as listener,
        http.stream("GET", path, params={"stream": "true"}) as answer,
    ):
        assert answer.status_code == 200
        blocks = answer.iter_bytes()
        first = next(blocks)
        assert kill(stack, "synthesizer", signal.SIGKILL) == -signal.SIGKILL
        assert state(http, job)["state"] == "running"
        rest = listener.submit(b"".join, blocks)
        until(stack, rest.done)
        streamed = first + rest.result()
    done = ended(stack, http, job)
    assert (done["state"], done["error"]) == ("succeeded", None)
    assert len(streamed) > len(first) > 0
    samples, _ = soundfile.read(io.BytesIO(streamed), dtype="int16")
    file, _ = soundfile.read(io.BytesIO(http.get(path).content), dtype="int16")
    assert samples.tolist() == file.tolist()


def test_a_killed_planner_costs_no_job(stack: Stack, http: httpx.Client) -> None:
    job = begin(stack, http)
    assert kill(stack, "planner", signal.SIGKILL) == -signal.SIGKILL
    done = ended(stack, http, job)
    assert (done["state"], done["report"]["samples"]) == ("succeeded", expected_length(TEXT))


def test_sigterm_drains(stack: Stack, http: httpx.Client) -> None:
    job = begin(stack, http)
    assert kill(stack, "synthesizer", signal.SIGTERM) == 0
    left = state(http, job)
    assert left["state"] == "running"
    assert left["progress"]["parts_failed"] == 0
    done = ended(stack, http, job)
    assert (done["state"], done["report"]["samples"]) == ("succeeded", expected_length(TEXT))


def test_a_restarted_redis_costs_no_job(
    stack: Stack, http: httpx.Client, redis_of_its_own: EmbeddedRedis
) -> None:
    job = begin(stack, http)
    redis_of_its_own.stop()
    away = http.post("/synthesize", json={"text": "Now?"})
    assert (away.status_code, away.json()["code"]) == (503, "redis_unavailable")
    assert away.headers["retry-after"]
    assert http.get("/readyz").json()["missing"] == ["redis"]
    assert http.get("/healthz").status_code == 200
    redis_of_its_own.start()
    until(stack, lambda: http.get("/readyz").status_code == 200)
    done = ended(stack, http, job)
    assert (done["state"], done["report"]["samples"]) == ("succeeded", expected_length(TEXT))
