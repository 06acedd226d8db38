"""A semaphore that many clients share, of which none can keep the others out."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar

from anyio import CapacityLimiter, to_thread

from core.errors import LimitReached

RETRY_SECONDS: Final = 5.0
"""After which a client whose queue is full may try again [s]."""
COMPUTING_THREADS: Final = 4
"""They share Python's lock: more of them would only delay whoever waits for it."""
MOST_WAITING: Final = 1000
"""Works of one client that wait for such a thread; further ones are answered 429."""

T = TypeVar("T")
Compute = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Does work in a thread, on the account of one client: see ``FairThreads.of``."""


class FairSemaphore:
    """Permits for work, given to clients in turn: first one to each, then a second one.

    A client may hold all permits but one, so that there is always one for somebody else. For use in
    one event loop.

    Args:
        permits: how many there are.
        queue: how many requests of one client may wait.
        code: of the error that refuses more.
    """

    def __init__(self, permits: int, queue: int, code: str) -> None:
        self._free, self._queue, self._code = permits, queue, code
        self._share = max(1, permits - 1)
        self._held = Counter[str]()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """The queue of every client that waits; the first of them is the next in turn."""

    @asynccontextmanager
    async def permit(self, client: str, seconds: float | None = None) -> AsyncIterator[None]:
        """Holds a permit while the block runs.

        Args:
            client: on whose account.
            seconds: longest wait for it [s]; None = any.

        Raises:
            LimitReached: too many requests of this client wait already.
            TimeoutError: there was none in time.
        """
        await self._acquire(client, seconds)
        try:
            yield
        finally:
            self._release(client)

    async def _acquire(self, client: str, seconds: float | None) -> None:
        if self._free and self._held[client] < self._share:
            self._take(client)  # who waits has its share already, or else it would not wait
            return
        queue = self._waiting.setdefault(client, deque())
        if len(queue) >= self._queue:
            message = f"{len(queue)} requests of this client wait already"
            raise LimitReached(message, RETRY_SECONDS, code=self._code)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # its turn came in the same moment
                self._release(client)
            else:
                self._leave(client, turn)
            raise

    def _take(self, client: str) -> None:
        self._free -= 1
        self._held[client] += 1

    def _leave(self, client: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting[client]
        queue.remove(turn)
        if not queue:
            del self._waiting[client]

    def _release(self, client: str) -> None:
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        self._hand_on()

    def _hand_on(self) -> None:
        """Gives the permit to the next in turn, who then goes behind the others.

        One is enough: while one is free, whoever waits has its share already.
        """
        client = next((one for one in self._waiting if self._held[one] < self._share), None)
        if client is None:
            return
        queue = self._waiting.pop(client)
        turn = queue.popleft()
        if queue:
            self._waiting[client] = queue
        self._take(client)
        turn.set_result(None)


class FairThreads:
    """Threads for what computes, apart from those that wait for a store; clients take turns.

    Without them one client that asks for much at once (the timings of long books, streams) would
    have all threads of the process, and everybody's short requests would wait behind.
    """

    def __init__(self) -> None:
        self._turns = FairSemaphore(COMPUTING_THREADS, MOST_WAITING, "too_many_at_once")
        self._limiter = CapacityLimiter(COMPUTING_THREADS)

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """Returns what the work returns.

        Args:
            client: on whose account.
            work: to be done in a thread.

        Raises:
            LimitReached: too much of this client's waits already.
        """
        async with self._turns.permit(client):
            return await to_thread.run_sync(work, limiter=self._limiter)

    def of(self, client: str) -> Compute:
        """Returns ``run`` for one client."""
        return partial(self.run, client)
