"""Which queues a worker asks for its next message: the least urgent never takes all its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

LEAST_SHARE = 0.75
"""Of the threads, for the least urgent queue; the rest is free for the others at any time, also
while its work waits in its threads for a store that is full."""


class Lanes:
    """Counts what this process holds of its least urgent queue.

    Args:
        threads: of the worker.
        least: name of that queue.
    """

    def __init__(self, threads: int, least: str) -> None:
        self.least = least
        self._most = max(1, int(threads * LEAST_SHARE))
        self._held, self._lock = 0, threading.Lock()

    @property
    def full(self) -> bool:
        """No more of it now."""
        return self._held >= self._most

    @contextmanager
    def holding(self, queue: str) -> Iterator[None]:
        """While the block runs, a message of that queue is held."""
        held = int(queue == self.least)
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
    """The queues of one request to Redis, in order; without the least urgent while that is full.

    A request that is already sent may still bring one more of it, and one that waits for the others
    alone ends after a second, so it is never asked for much too late.

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
        return [q for q in queues if q != self._lanes.least] if self._lanes.full else queues

    def rotate(self, last_used: str) -> str:
        """Nothing: the order stays."""
        return last_used
