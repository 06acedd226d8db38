"""Parts of any jobs put together for the device: many threads wait, one thread speaks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.errors import RhapsodeError, Unavailable
from core.request import Lane
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance

Outcome = SynthesizedUtterance | RhapsodeError
Speak = Callable[[Sequence[SynthesisItem]], list[Outcome]]
Reason = Literal["budget", "timeout", "busy"]
"""Why a batch was taken: it was full; an idle device waited long enough; the device just got free
and did not wait at all."""


@dataclass(frozen=True, slots=True)
class BatchStats:
    """One look at what waits, for metrics.

    Attributes:
        parts: parts taken.
        utterances: utterances in them.
        reason: why then.
        seconds: how long they took to speak [s].
    """

    parts: int
    utterances: int
    reason: Reason
    seconds: float


class Turn(Protocol):
    """What a part says as its turn comes."""

    @property
    def suspect(self) -> bool:
        """A worker died with it: it goes alone, so that it takes no other part with it again."""

    def begin(self) -> None:
        """Called once, before it is spoken, in the device's thread; what it raises is the part's
        outcome instead."""


@dataclass(slots=True, eq=False)
class _Ticket:
    items: Sequence[SynthesisItem]
    turn: Turn
    result: Future[list[Outcome]] = field(default_factory=Future)

    @property
    def symbols(self) -> int:
        return sum(len(item.utterance.phoneme_ids) for item in self.items)


class Collector:
    """Interactive parts go before bulk parts; within a lane, first come, first served.

    Args:
        speak: speaks utterances together; only the thread in ``run`` calls it.
        symbols: most symbols taken at once; a single larger part is taken alone.
        flush_seconds: how long an idle device waits for company after a first part [s].
        observe: called after every batch.
        monotonic: clock of ``busy_seconds`` [s].
    """

    def __init__(
        self,
        speak: Speak,
        *,
        symbols: int,
        flush_seconds: float,
        observe: Callable[[BatchStats], None] = lambda taken: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speak, self._symbols, self._flush = speak, symbols, flush_seconds
        self._observe, self._monotonic = observe, monotonic
        self._since: float | None = None
        self._waiting: dict[Lane, deque[_Ticket]] = {"interactive": deque(), "bulk": deque()}
        self._changed = threading.Condition()
        self._open = True

    def submit(self, items: Sequence[SynthesisItem], lane: Lane, turn: Turn) -> list[Outcome]:
        """Waits until the items are spoken; one outcome each, in order.

        Args:
            items: of one part.
            lane: where it waits.
            turn: is told when the part's turn comes.

        Raises:
            Unavailable: the collector is closed.
            Exception: what the turn raised, or the device.
        """
        ticket = _Ticket(items, turn)
        with self._changed:
            if not self._open:
                raise Unavailable("the worker is ending", code="worker_ending")
            self._waiting[lane].append(ticket)
            self._changed.notify_all()
        return ticket.result.result()

    def run(self) -> None:
        """The device's loop; returns after ``close`` when nothing waits any more."""
        while True:
            with self._changed:
                reason: Reason = "busy"
                if not self._waits():
                    self._changed.wait_for(lambda: self._waits() or not self._open)
                    full = self._changed.wait_for(self._full, self._flush) if self._open else False
                    reason = "budget" if full else "timeout"
                if not self._waits():
                    return
                tickets = self._take()
            self._since = self._monotonic()
            if begun := [ticket for ticket in tickets if _begins(ticket)]:
                self._serve(begun, reason)
            self._since = None

    def busy_seconds(self) -> float:
        """How long the device has been in its present batch [s]; 0 = it waits."""
        since = self._since
        return 0.0 if since is None else self._monotonic() - since

    def close(self) -> None:
        """Refuses what is new; ``run`` ends after what waits."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _waits(self) -> bool:
        return any(self._waiting.values())

    def _full(self) -> bool:
        waiting = sum(t.symbols for lane in self._waiting.values() for t in lane)
        return waiting >= self._symbols or not self._open

    def _take(self) -> list[_Ticket]:
        taken: list[_Ticket] = []
        room = self._symbols
        for lane in ("interactive", "bulk"):
            queue = self._waiting[lane]
            while queue and (not taken or queue[0].symbols <= room):
                if taken and queue[0].turn.suspect:
                    return taken
                taken.append(queue.popleft())
                if taken[0].turn.suspect:
                    return taken
                room -= taken[-1].symbols
        return taken

    def _serve(self, tickets: list[_Ticket], reason: Reason) -> None:
        start = time.perf_counter()
        items = [item for ticket in tickets for item in ticket.items]
        try:
            outcomes = iter(self._checked(items))
            for ticket in tickets:
                ticket.result.set_result([next(outcomes) for _ in ticket.items])
        except Exception as error:
            self._alone(tickets, error)
        self._observe(BatchStats(len(tickets), len(items), reason, time.perf_counter() - start))

    def _checked(self, items: Sequence[SynthesisItem]) -> list[Outcome]:
        outcomes = self._speak(items)
        if len(outcomes) != len(items):
            raise RuntimeError(f"{len(outcomes)} outcomes of {len(items)} utterances")
        return outcomes

    def _alone(self, tickets: list[_Ticket], error: Exception) -> None:
        """The batch as a whole raised: each part gets its own try, so that one costs no other."""
        if len(tickets) == 1:
            tickets[0].result.set_exception(error)
            return
        for ticket in tickets:
            try:
                ticket.result.set_result(self._checked(ticket.items))
            except Exception as own:
                ticket.result.set_exception(own)


def _begins(ticket: _Ticket) -> bool:
    try:
        ticket.turn.begin()
    except Exception as error:
        ticket.result.set_exception(error)
        return False
    return True
