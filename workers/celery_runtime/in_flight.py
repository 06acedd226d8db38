"""The work that threads of this process do now, so that a message given out twice costs nothing.

A broker gives a message out again when its visibility timeout ends or a connection is lost, however
well the first delivery goes on. Leases do not catch that: they are held by processes, so a second
thread of the same process would be given the lease that the first one holds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

TAIL_SECONDS: Final = 2.0
"""How long a second message waits for the end of the first. A message that was given out again
finds its work still running after this; one that the work itself sent as it ended, ended."""

TaskCall = tuple[object, ...]
"""Name of a task and its arguments."""


class InFlight:
    """Lets one thread at a time do a piece of work.

    Args:
        tail_seconds: how long a second thread waits for the end of the first [s].
    """

    def __init__(self, tail_seconds: float = TAIL_SECONDS) -> None:
        self._tail = tail_seconds
        self._calls: set[TaskCall] = set()
        self._ended = threading.Condition()

    @contextmanager
    def exclusively(self, call: TaskCall) -> Iterator[bool]:
        """Yields True, and no other thread gets it for this call while the block runs.

        Yields False where another thread does the work already.
        """
        with self._ended:
            free = self._ended.wait_for(lambda: call not in self._calls, self._tail)
            if free:
                self._calls.add(call)
        try:
            yield free
        finally:
            if free:
                with self._ended:
                    self._calls.remove(call)
                    self._ended.notify_all()


class WaitingTasks:
    """Counts the tasks that wait in their threads for a store that does not answer.

    Args:
        threads: of the worker.
    """

    def __init__(self, threads: int) -> None:
        self._threads, self._count, self._lock = threads, 0, threading.Lock()

    @property
    def stalled(self) -> bool:
        """Whether every thread waits: nothing more is done until the store answers."""
        return self._count >= self._threads

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts a task while the block runs."""
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
