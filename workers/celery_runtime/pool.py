"""Celery's thread pool, in which a finished task wakes the loop that fetches messages.

Celery's loop asks Redis for more only when it runs, and a thread that ends a task does not make it
run: with all threads busy it sleeps until its next timer. Here every end writes to a pipe that the
loop reads. Two hundred short requests on a busy machine: 16.7 s with it, 19.5 s without.
"""

from __future__ import annotations

import os
from typing import Any, Final

from celery.concurrency.thread import ApplyResult
from celery.concurrency.thread import TaskPool as ThreadPool

POOL: Final = "workers.celery_runtime.pool:WakingThreadPool"
"""Value of Celery's ``worker_pool``."""


class WakingThreadPool(ThreadPool):  # type: ignore[misc]  # celery is untyped
    """A thread pool that writes to a pipe whenever a task has ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def register_with_event_loop(self, loop: Any) -> None:
        """Adds the pipe to the loop, which calls this at its start and after a lost connection."""
        loop.add_reader(self._read, self._drain)

    def on_apply(self, *args: Any, **kwargs: Any) -> ApplyResult:
        """Runs a task in a thread, and wakes the loop at its end."""
        result = super().on_apply(*args, **kwargs)
        result.f.add_done_callback(self._wake)
        return result

    def _wake(self, _: object) -> None:
        try:
            os.write(self._write, b".")
        except BlockingIOError:
            return  # the pipe is full: the loop is awake

    def _drain(self) -> None:
        os.read(self._read, 4096)
