"""What the threads of this process do now: a message that was given out again costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

TAIL_SECONDS: Final = 2.0
"""A message for work that still runs after this was given out again (the broker's visibility
timeout, a lost connection); one that the work itself sent as it ended finds it ended by then."""

Work = tuple[object, ...]
"""Name of a task and its arguments."""


class Running:
    """Lets one thread at a time do a piece of work. Leases cannot: they are held by processes.

    Args:
        tail_seconds: how long a second thread waits for the end of the first [s].
    """

    def __init__(self, tail_seconds: float = TAIL_SECONDS) -> None:
        self._tail = tail_seconds
        self._works: set[Work] = set()
        self._ended = threading.Condition()

    @contextmanager
    def alone(self, work: Work) -> Iterator[bool]:
        """While the block runs, no other thread does the work. False: one does it already."""
        with self._ended:
            free = self._ended.wait_for(lambda: work not in self._works, self._tail)
            if free:
                self._works.add(work)
        try:
            yield free
        finally:
            if free:
                with self._ended:
                    self._works.remove(work)
                    self._ended.notify_all()
