"""A service whose dead processes are started again, as a supervisor does, and its jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil

from cli.child import ChildProcess
from cli.stack import Stack
from core.record import TERMINAL

DEADLINE = 300.0
"""Seconds; never reached when all is well."""
Job = dict[str, Any]


def children_that_run(module: str, *, recursive: bool) -> list[psutil.Process]:
    """Returns the children of this process that run a module; recursive: theirs, too."""
    found = []
    for child in psutil.Process().children(recursive=recursive):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if module in child.cmdline():
                found.append(child)
    return found


LOOK_SECONDS = 5.0
"""How long a look at a job may take [s]."""


def wait_until(look: Callable[[], bool]) -> None:
    """Looks again and again."""
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


class Supervised:
    """A stack and a client of it.

    Args:
        stack: of processes.
        http: a client of its API.
    """

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack, self.http = stack, http

    def until(self, look: Callable[[], bool]) -> None:
        """Starts again what died and looks, again and again."""

        def start_again_and_look() -> bool:
            self.start_again()
            return look()

        wait_until(start_again_and_look)

    def start_again(self) -> None:
        """At once: that deaths in a row wait ever longer is no matter here."""
        for child in self.stack.children:
            child.deaths, child.due = -1, 0.0
        self.stack.check()

    def child(self, name: str) -> ChildProcess:
        """By the beginning of its name."""
        return next(child for child in self.stack.children if child.name.startswith(name))

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Signals a child that runs and returns its exit code."""
        child = self.child(name)
        self.until(lambda: child.process is not None)
        assert child.process is not None
        os.kill(child.process.pid, number)
        return child.process.wait(DEADLINE)

    def submit(self, **body: Any) -> Job:
        """A new job."""
        answer = self.http.post("/synthesize", json=body)
        assert answer.status_code == 202, answer.text
        job: Job = answer.json()
        return job

    def look(self, job: Job) -> Job | None:
        """The job now; None: the service does not answer."""
        try:
            # The stack holds the port: while no API runs, a request waits instead of being refused.
            answer = self.http.get(f"/jobs/{job['id']}", timeout=LOOK_SECONDS)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 200, answer.text
        found: Job = answer.json()
        return found

    def parts_done(self, job: Job) -> int:
        """So far; −1: the service does not answer."""
        found = self.look(job)
        return -1 if found is None else int(found["progress"]["parts_done"])

    def over(self, job: Job) -> bool:
        """Whether it has ended."""
        found = self.look(job)
        return found is not None and found["state"] in TERMINAL

    def ended(self, job: Job) -> Job:
        """The job when it has ended."""
        self.until(lambda: self.over(job))
        found = self.look(job)
        assert found is not None
        return found

    def audio(self, job: Job) -> bytes:
        """The file of an ended job."""
        answer = self.http.get(f"/jobs/{job['id']}/audio")
        assert answer.status_code == 200, answer.text
        return answer.content

    def ends(self, job: Job) -> int:
        """How often an ended job has ended: its events are written with its states, in one step."""
        answer = self.http.get(f"/jobs/{job['id']}/events")
        assert answer.status_code == 200, answer.text
        return answer.text.count("event: finished")

    def finished(self) -> float:
        """Jobs that ended, as /metrics counts them."""
        lines = self.http.get("/metrics").text.splitlines()
        own = (line for line in lines if line.startswith("tts_jobs_finished_total"))
        return sum(float(line.split()[-1]) for line in own)


def require_whole(done: Job, audio: bytes, expected: bytes) -> None:
    """Every part once, and every sample as where nothing went wrong."""
    assert (done["state"], done["error"]) == ("succeeded", None)
    progress = done["progress"]
    assert (progress["parts_done"], progress["parts_failed"]) == (progress["parts_total"], 0)
    assert len(audio) == len(expected)
    assert audio == expected
