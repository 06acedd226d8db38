"""docs/adding-a-vocoder.md, walked in a copy of the tree: its files, its one line, its commands."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import tomli_w
from numpy.typing import NDArray

from cli import stack as cli_stack
from cli.stack import Stack
from core.record import TERMINAL
from exports.tiny_voice import write_tiny_voice
from tests.conftest import tiny_environment
from tests.expected_audio import expected_length

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-vocoder.md"
BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
TEXT = "One, two."
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


def blocks(language: str) -> list[tuple[str, str]]:
    """Returns file and text of every code block of that language on the page."""
    found = BLOCK.finditer(PAGE.read_text("utf-8"))
    return [(m["file"] or "", m["text"]) for m in found if m["language"] == language]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, without shipped voices, to which the page's vocoder was added."""
    copy = tmp_path_factory.mktemp("tree")
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    rooms = [name.rstrip("*") for name in packages["packages"]["find"]["include"]]
    for room in rooms:
        if room != "voices":
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / room, copy / room, ignore=ignored)
    for file, text in blocks("python"):
        assert not (copy / file).exists(), f"{file} is not new"
        (copy / file).parent.mkdir(exist_ok=True)
        (copy / file).write_text(text, "utf-8")
    ((file, diff),) = blocks("diff")  # the only existing file that changes
    context, added = diff.splitlines()
    assert (context[0], added[0]) == (" ", "+")
    before = (copy / file).read_text("utf-8")
    assert before.count(f"{context[1:]}\n") == 1
    after = before.replace(f"{context[1:]}\n", f"{context[1:]}\n{added[1:]}\n")
    (copy / file).write_text(after, "utf-8")
    return copy


@pytest.fixture(scope="module")
def voices(tree: Path, synthetic_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of voices in which `tiny` offers the page's vocoder, trained for one step."""
    home = tmp_path_factory.mktemp("home")
    train, publish, named = (shlex.split(line) for line in blocks("sh")[0][1].splitlines())
    assert named == ["export", "RHAPSODE_VOICES=my-voices"]
    short = ["--steps", "1", "--batch", "1", "--device", "cpu", "--corpus", str(synthetic_corpus)]
    for command in ([*train, *short], [*publish, "--corpus", str(synthetic_corpus)]):
        assert command[0] == "rhapsode"
        subprocess.run(
            [sys.executable, "-m", "cli.main", *command[1:]],
            cwd=home,
            env=os.environ | {"PYTHONPATH": str(tree)},
            timeout=DEADLINE,
            check=True,
        )
    folder = write_tiny_voice(home / "my-voices")
    card = folder / "tiny" / "voice.toml"
    fields = tomllib.loads(card.read_text("utf-8"))
    own = tomllib.loads(blocks("toml")[0][1])["vocoders"]["sinebank"]
    fields["vocoders"]["sinebank"] = own
    card.write_text(tomli_w.dumps(fields), "utf-8")
    return folder


@pytest.fixture
def http(
    tree: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """A client of the service, whose processes run in the copied tree."""
    monkeypatch.setattr(cli_stack, "ROOT", tree)
    monkeypatch.chdir(tree)
    environment = tiny_environment(voices, tmp_path / "artifacts")
    with (
        Stack(tmp_path / "data", environment=environment) as stack,
        httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False) as client,
    ):
        yield client


def synthesize(http: httpx.Client, vocoder: str) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Returns the ended job and its samples."""
    deadline = time.monotonic() + DEADLINE
    job = http.post("/synthesize", json={"text": TEXT, "vocoder": vocoder}).json()
    while job["state"] not in TERMINAL:
        assert time.monotonic() < deadline, job
        job = http.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=10"}).json()
    assert job["state"] == "succeeded", job
    samples, _ = soundfile.read(io.BytesIO(http.get(job["audio"]).content), dtype="float32")
    return job, samples


def test_the_new_vocoder_speaks_through_the_service(http: httpx.Client) -> None:
    job, samples = synthesize(http, "sinebank")
    assert set(job["report"]["artifacts"]) == {"tiny-fastspeech2", "sinebank-mine"}
    assert len(samples) == expected_length(TEXT)
    assert np.abs(samples).max() > 0.1
    _, others = synthesize(http, "hifigan")
    assert samples.shape == others.shape
    assert not np.allclose(samples, others, atol=0.05)
