"""Which queues a synthesizer asks for its next message: bulk work never takes all its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from core.job import Lane

BULK_SHARE = 0.75
"""Of the threads; the rest is free for sentences at any time."""


class Lanes:
    """Counts the bulk parts that this process holds.

    Args:
        threads: of the worker.
    """

    def __init__(self, threads: int) -> None:
        self._most = max(1, int(threads * BULK_SHARE))
        self._held, self._lock = 0, threading.Lock()

    @property
    def full(self) -> bool:
        """No more bulk parts now."""
        return self._held >= self._most

    @contextmanager
    def holding(self, lane: Lane) -> Iterator[None]:
        """While the block runs, a part of that lane is held."""
        held = int(lane == "bulk")
        with self._lock:
            self._held += held
        try:
            yield
        finally:
            with self._lock:
                self._held -= held

    def cycle(self) -> LaneCycle:
        """For kombu's ``queue_order_strategy``."""
        return LaneCycle(self)


class LaneCycle:
    """The queues of one request to Redis, in order; without bulk while that is full.

    A request that is already sent may still bring one bulk part more, and one that waits for
    sentences alone ends after a second, so bulk is never asked for much too late.

    Source: celery/kombu kombu/utils/scheduling.py (BSD-3-Clause) has the methods of a cycle;
    ``Channel._brpop_start`` of its transport/redis.py consumes it for every BRPOP.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes, self._queues = lanes, list[str]()

    def update(self, queues: Iterable[str]) -> None:
        """The queues from now on, the most urgent first."""
        self._queues = list(queues)

    def consume(self, n: int) -> list[str]:
        """At most n of them."""
        queues = self._queues[:n]
        return [queue for queue in queues if queue != "bulk"] if self._lanes.full else queues

    def rotate(self, last_used: str) -> str:
        """Nothing: the order stays."""
        return last_used
