"""The queues that a worker asks for its next message: some of them never take all its threads.

Each lane is a queue, and so are the plans and assemblies of long jobs. Asking the most urgent first
is not enough: threads that hold bulk messages or books cannot be taken from them, so a sentence
would wait until one of them ends. A share of the threads is therefore kept free of these queues.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

LIMITED_SHARE = 0.75
"""Largest share of the threads for the limited queues together; the rest is free for the others at
any time, also while their work waits in its threads for a store that is full."""


class QueueOrder:
    """Counts the messages of limited queues that this process holds.

    Args:
        threads: of the worker.
        limited: names of these queues.
    """

    def __init__(self, threads: int, limited: Collection[str]) -> None:
        self.limited = limited
        self._limit = max(1, int(threads * LIMITED_SHARE))
        self._held, self._lock = 0, threading.Lock()

    @property
    def full(self) -> bool:
        """Whether no more of them should be fetched now."""
        return self._held >= self._limit

    @contextmanager
    def holding(self, queue: str) -> Iterator[None]:
        """Counts a message of that queue while the block runs."""
        held = int(queue in self.limited)
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
    """The queues of one request to Redis, in order; without the limited ones while these are full.

    A request that is already sent may still bring one more of them, and one that waits for the
    others alone ends after a second, so they are never asked for much too late.

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
        limited = self._order.limited
        return [q for q in queues if q not in limited] if self._order.full else queues

    def rotate(self, last_used: str) -> str:
        """Changes nothing: the order stays."""
        return last_used
