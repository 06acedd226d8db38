"""``rhapsode up`` and ``rhapsode submit`` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import soundfile

from jobs.redis_backend.server import free_port
from tests.conftest import tiny_environment

DEADLINE = 300.0
"""Seconds; never reached when all is well."""
RHAPSODE = [sys.executable, "-m", "cli.main"]


@pytest.fixture
def environment(tiny_voices: Path, tiny_artifacts: Path) -> dict[str, str]:
    """Variables of a user without a Redis of his own."""
    environment = tiny_environment(tiny_voices, tiny_artifacts)
    environment.pop("REDIS_URL", None)
    return environment | {"PYTHONPATH": str(Path(__file__).parents[2])}


def run(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RHAPSODE, *words], env=environment, capture_output=True, text=True, timeout=DEADLINE
    )


def test_up_speaks_refuses_a_twin_and_ends_clean(
    environment: dict[str, str], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    up = ["up", "--port", url.rsplit(":", 1)[-1], "--data", str(tmp_path / "data")]
    process = subprocess.Popen([*RHAPSODE, *up], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert url in process.stdout.readline()

        twin = run(*up, environment=environment)
        assert twin.returncode == 2
        assert "another rhapsode" in twin.stderr

        neighbour = run(*up[:-1], str(tmp_path / "other"), environment=environment)
        assert neighbour.returncode == 2
        assert "choose another with --port" in neighbour.stderr

        book, out = tmp_path / "book.txt", tmp_path / "book.flac"
        book.write_text("A book.\n\nOf two paragraphs.", "utf-8")
        words = ["submit", str(book), "-o", str(out), "--url", url, "--json"]
        done = run(*words, environment=environment)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)["report"]
        assert soundfile.info(out).frames == report["samples"]

        refused = run(*words, "--voice", "nobody", environment=environment)
        assert refused.returncode == 2
        assert "tiny-high" in refused.stderr
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    away = run(*words, environment=environment)
    assert away.returncode == 3
    assert "rhapsode up" in away.stderr


def test_signals_without_end_leave_nothing_behind(
    environment: dict[str, str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    up = [*RHAPSODE, "up", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(up, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    children = psutil.Process(process.pid).children()
    assert len(children) == 4  # Redis, the API, a planner, a synthesizer
    while process.poll() is None and any(child.is_running() for child in children):
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE)
    assert process.returncode in (0, 130)
    assert [child for child in children if child.is_running()] == []
    assert list(data.glob("metrics-*")) == []


def test_signals_after_the_first_end_nothing_that_is_ending(environment: dict[str, str]) -> None:
    code = """
import signal
from cli.up import interrupted_once
try:
    with interrupted_once():
        signal.raise_signal(signal.SIGTERM)
except KeyboardInterrupt:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    print("ended")
"""
    words = [sys.executable, "-c", code]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "ended\n"), ended.stderr


def test_demo_speaks_through_a_service_of_its_own(
    environment: dict[str, str], tmp_path: Path
) -> None:
    lexicon = tmp_path / "own.json"
    lexicon.write_text('{"rhapsode": {"alias": "singer"}}', "utf-8")
    out = tmp_path / "out.flac"
    words = ["demo", "A rhapsode.", "-o", str(out), "--data", str(tmp_path / "data")]
    done = run(*words, "--lexicon", str(lexicon), environment=environment)
    assert done.returncode == 0, done.stderr
    file, seconds, rtf, warnings, address = done.stdout.splitlines()
    assert file == str(out)
    assert f"{soundfile.info(out).duration:.2f} s" in seconds
    assert "RTF" in rtf
    assert "lexicon_used" in warnings
    assert address.startswith("open http://127.0.0.1:8080 ")
    assert "waiting for the API" in done.stderr

    done = run(*words, "--json", environment=environment)
    job = json.loads(done.stdout)
    assert job["state"] == "succeeded"
    assert soundfile.info(out).frames == job["report"]["samples"]
