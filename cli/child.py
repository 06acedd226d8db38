"""A child process of ``rhapsode up`` that is restarted when it dies."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.child_process import die_with_parent, lower_session_priority

STABLE_SECONDS = 60.0
"""A process that lived so long is restarted at once; each earlier death doubles the wait [s]."""
MAX_BACKOFF_SECONDS = 30.0


def _prepare(nice: int) -> None:
    """Runs in the child between fork and exec."""
    die_with_parent()
    lower_session_priority(nice)


@dataclass(slots=True)
class ChildProcess:
    """A process that is kept running.

    Attributes:
        name: name of the process and of its log.
        module: module that ``python -m`` runs.
        arguments: arguments of the module.
        process: the running process; None before the first start and between two of them.
        started: monotonic time of the last start [s].
        inherited: file descriptors that it inherits.
        nice: niceness added to the parent's, so that others go first where cores are short.
        deaths: deaths in a row, each within ``STABLE_SECONDS`` of its start.
        due: monotonic time of the next start [s].
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    inherited: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    nice: int = 0
    deaths: int = 0
    due: float = 0.0

    def start(self, environment: dict[str, str], log: Path, *, verbose: bool) -> None:
        """Starts the process.

        Args:
            environment: complete environment of the process.
            log: file that its output is appended to.
            verbose: True sends its output to our own instead.
        """
        command = [sys.executable, "-m", self.module, *self.arguments]
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=None if verbose else file,
                stderr=None if verbose else file,
                pass_fds=self.inherited,
                start_new_session=True,  # Ctrl-C is ours alone; children are told to drain
                preexec_fn=partial(_prepare, self.nice),
            )
        self.started = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether the process was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def schedule_restart(self, now: float) -> None:
        """Forgets a process that has ended and sets when the next one starts.

        Args:
            now: monotonic time [s].
        """
        self.deaths = 0 if now - self.started > STABLE_SECONDS else self.deaths + 1
        wait = min(2.0 ** (self.deaths - 1), MAX_BACKOFF_SECONDS) if self.deaths else 0.0
        self.process, self.due = None, now + wait
