"""What Kubernetes does to a busy pod: SIGTERM, and a grace period."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cli.stack import Stack
from core.record import TERMINAL
from tests.conftest import tiny_environment

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(60))
DEADLINE = 120.0
"""Seconds; never reached when all is well."""
BASE = Path(__file__).parents[2] / "k8s" / "base"


@pytest.fixture
def stack(
    tiny_voices: Path, tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    environment = tiny_environment(tiny_voices, tiny_artifacts)
    # Few parts and symbols at once, so that a job is under way for some seconds.
    environment |= {"RHAPSODE_PARTS_AT_ONCE": "2", "RHAPSODE_SYMBOLS_AT_ONCE": "128"}
    with Stack(tmp_path_factory.mktemp("drain"), environment=environment) as running:
        yield running


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


def total(http: httpx.Client, name: str) -> float:
    families = text_string_to_metric_families(http.get("/metrics").text)
    return sum(s.value for family in families for s in family.samples if s.name == name)


def grace_seconds() -> float:
    text = (BASE / "synthesizer.yaml").read_text("utf-8")
    return float(yaml.safe_load(text)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])


def test_sigterm_ends_the_batch_and_nothing_is_synthesized_twice(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False) as http:
        job = http.post("/synthesize", json={"text": TEXT, "lane": "bulk"}).json()["id"]
        until(lambda: http.get(f"/jobs/{job}").json()["progress"]["parts_done"] > 0)
        (synthesizer,) = [c for c in stack.children if c.name.startswith("synthesizer")]
        process = synthesizer.process
        assert process is not None
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(grace_seconds()) == 0
        left = http.get(f"/jobs/{job}").json()
        assert left["state"] == "running"

        until(lambda: stack.check() == [synthesizer.name])
        until(lambda: http.get(f"/jobs/{job}").json()["state"] in TERMINAL)
        done = http.get(f"/jobs/{job}").json()
        assert done["state"] == "succeeded"
        assert total(http, "tts_work_recovered_total") == 0
        assert total(http, "tts_parts_total") == done["progress"]["parts_total"]
