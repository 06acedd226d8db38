"""One of the processes that make up the service, as its parent sees it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jobs.child_processes import die_with_parent, stand_back

STABLE_SECONDS = 60.0
"""Restarted at once if it lived so long; an earlier death waits twice as long each time."""
MOST_BACKOFF_SECONDS = 30.0


def _begin(nice: int) -> None:
    die_with_parent()
    stand_back(nice)


@dataclass(slots=True)
class Child:
    """A process that is kept running.

    Attributes:
        name: of the process and its log.
        module: run with ``python -m``.
        nice: how far it stands back where cores are short.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    nice: int = 0
    deaths: int = 0
    due: float = 0.0
    """Monotonic time of the next start."""

    def start(self, environment: dict[str, str], log: Path, *, verbose: bool) -> None:
        """Starts the process.

        Args:
            environment: all of it.
            log: takes its output, at the end of what is there.
            verbose: our own output takes it instead.
        """
        command = [sys.executable, "-m", self.module, *self.arguments]
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=None if verbose else file,
                stderr=None if verbose else file,
                start_new_session=True,  # Ctrl-C is ours alone; children are told to drain
                preexec_fn=partial(_begin, self.nice),
            )
        self.started = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether it ran and does no more."""
        return self.process is not None and self.process.poll() is not None

    def lay_to_rest(self, now: float) -> None:
        """Says when it is to start again, by how long it lived.

        Args:
            now: monotonic time.
        """
        self.deaths = 0 if now - self.started > STABLE_SECONDS else self.deaths + 1
        wait = min(2.0 ** (self.deaths - 1), MOST_BACKOFF_SECONDS) if self.deaths else 0.0
        self.process, self.due = None, now + wait
