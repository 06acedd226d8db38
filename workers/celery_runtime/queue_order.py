"""The queues that a worker asks for its next message: the least urgent never takes all its threads.

Each lane is a queue. Asking the most urgent first is not enough: threads that hold bulk messages
cannot be taken from them, so a sentence would wait until one of them ends. A share of the threads
is therefore kept free of the least urgent queue.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

LEAST_URGENT_SHARE = 0.75
"""Largest share of the threads for the least urgent queue; the rest is free for the others at any
time, also while its work waits in its threads for a store that is full."""


class QueueOrder:
    """Counts the messages of the least urgent queue that this process holds.

    Args:
        threads: of the worker.
        least_urgent: name of that queue.
    """

    def __init__(self, threads: int, least_urgent: str) -> None:
        self.least_urgent = least_urgent
        self._limit = max(1, int(threads * LEAST_URGENT_SHARE))
        self._held, self._lock = 0, threading.Lock()

    @property
    def full(self) -> bool:
        """Whether no more of it should be fetched now."""
        return self._held >= self._limit

    @contextmanager
    def holding(self, queue: str) -> Iterator[None]:
        """Counts a message of that queue while the block runs."""
        held = int(queue == self.least_urgent)
        with self._lock:
            self._held += held
        try:
            yield
        finally:
            with self._lock:
                self._held -= held

    def cycle(self) -> QueueCycle:
        """Returns what kombu's ``queue_order_strategy`` wants."""
        return QueueCycle(self)


class QueueCycle:
    """The queues of one request to Redis, in order; without the least urgent while that is full.

    A request that is already sent may still bring one more of it, and one that waits for the others
    alone ends after a second, so it is never asked for much too late.

    Source: celery/kombu kombu/utils/scheduling.py (BSD-3-Clause) has the methods of a cycle;
    ``Channel._brpop_start`` of its transport/redis.py consumes it for every BRPOP.
    """

    def __init__(self, order: QueueOrder) -> None:
        self._order, self._queues = order, list[str]()

    def update(self, queues: Iterable[str]) -> None:
        """Sets the queues from now on, the most urgent first."""
        self._queues = list(queues)

    def consume(self, n: int) -> list[str]:
        """Returns at most n of the queues to ask now."""
        queues = self._queues[:n]
        least_urgent = self._order.least_urgent
        return [q for q in queues if q != least_urgent] if self._order.full else queues

    def rotate(self, last_used: str) -> str:
        """Changes nothing: the order stays."""
        return last_used
