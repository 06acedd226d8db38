"""Generates load of every kind that dashboards show: lanes, voices, runtimes and failures."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import tomli_w

from cli.stack import Stack
from core.record import TERMINAL
from core.voice import read_catalogue
from exports.component_file import write_component
from exports.tiny_voice import tiny_vocoder, write_tiny_voice

MUTE = "mute"
"""A voice whose vocoder is silent: its parts are synthesized twice, then refused."""
LIMIT_SECONDS = 300.0
LANES = ("interactive", "bulk")
RUNTIMES = ("onnx", "torchscript")
VOICES = ("tiny", "tiny-high")
Job = dict[str, Any]


def write_voices(folder: Path) -> Path:
    """Writes the tiny voices and the mute one into a folder and returns it."""
    write_tiny_voice(folder)
    catalogue = read_catalogue([folder])
    component = catalogue.components["tiny-hifigan"]
    silent = {name: weight * 0 for name, weight in tiny_vocoder().state_dict().items()}
    own = msgspec.structs.replace(component, name="mute-hifigan")
    write_component(folder / "components" / own.name, own, silent)
    card = msgspec.structs.replace(
        catalogue.voices["tiny"],
        name=MUTE,
        title="Silence",
        vocoders={"hifigan": own.name},
        default=False,
    )
    (folder / MUTE).mkdir()
    (folder / MUTE / "voice.toml").write_text(tomli_w.dumps(msgspec.to_builtins(card)), "utf-8")
    return folder


class LoadGenerator:
    """A client that gives a service work of every kind.

    Args:
        stack: runs the service, with the voices of ``write_voices``.
        http: client of its API.
    """

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self._stack, self._http = stack, http
        self._numbers = itertools.count()

    def jobs(self, count: int) -> list[Job]:
        """Runs jobs of every combination of lane, runtime and voice and returns them ended."""
        kinds = itertools.cycle(itertools.product(LANES, RUNTIMES, VOICES))
        some = itertools.islice(kinds, count)
        return self.ended([self._one(lane, runtime, voice) for lane, runtime, voice in some])

    def reused(self, count: int) -> None:
        """Runs jobs whose parts are in the store already."""
        for _ in range(count):
            self.ended([self.submit(text="This has been said before.")])

    def refused(self) -> None:
        """Sends requests that are answered 4xx, each for another reason."""
        for body in ({"text": ""}, {"text": "Hello.", "voice": "nobody"}, {"text": "…"}, {}):
            answer = self._http.post("/synthesize", json=body)
            assert answer.is_client_error, answer.text

    def failed(self, count: int) -> list[Job]:
        """Runs jobs that cannot be spoken, retries each once, and returns them ended."""
        jobs = self.ended([self._one(lane, "onnx", MUTE) for lane in LANES for _ in range(count)])
        for job in jobs:
            assert job["state"] == "failed", job["state"]
            self._http.post(f"/jobs/{job['id']}/retry").raise_for_status()
        return self.ended(jobs)

    def killed(self, text: str) -> Job:
        """Runs a job whose synthesizer is killed in the middle of it."""
        job = self.submit(text=text, lane="bulk")
        self._until(lambda: self.get(job)["progress"]["parts_done"] > 0)
        child = next(c for c in self._stack.children if c.name.startswith("synthesizer"))
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGKILL)
        return self.ended([job])[0]

    def submit(self, **body: object) -> Job:
        """Submits a job and returns it as accepted."""
        answer = self._http.post("/synthesize", json=body).raise_for_status()
        job: Job = answer.json()
        return job

    def get(self, job: Job) -> Job:
        """Returns the job's present state."""
        found: Job = self._http.get(f"/jobs/{job['id']}").raise_for_status().json()
        return found

    def ended(self, jobs: list[Job]) -> list[Job]:
        """Waits for the end of all jobs and returns them."""
        return [self._ended(job) for job in jobs]

    def _ended(self, job: Job) -> Job:
        self._until(lambda: self.get(job)["state"] in TERMINAL)
        return self.get(job)

    def _one(self, lane: str, runtime: str, voice: str) -> Job:
        text = f"This is sentence number {next(self._numbers)}. It is followed by another one."
        return self.submit(text=text, lane=lane, runtime=runtime, voice=voice)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the load did not end"
            self._stack.check()
            time.sleep(0.02)


def long_text(sentences: int, name: str) -> str:
    """Returns a text of some parts that no earlier job had."""

    def all_of_it() -> Iterator[str]:
        for index in range(sentences):
            yield f"Sentence {index} of {name} goes on for a while, then ends."

    return " ".join(all_of_it())
