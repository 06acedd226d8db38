"""Collects parts of any jobs into batches for the device: many threads wait, few synthesize.

A batch does not keep all cores of a CPU at work: between its stages, and at its end, threads wait
for the slowest one, and results are looked at by one thread alone. So a second batch may run beside
it and fill the gaps, but only a full one: what comes in slowly still goes together.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.errors import RhapsodeError, SynthesisError, Unavailable
from core.request import Lane
from synthesis.parts import SynthesisItem
from synthesis.results import BatchFigures, SynthesizedUtterance, TakeSamples

UtteranceResult = SynthesizedUtterance | RhapsodeError
SynthesizeItems = Callable[[Sequence[SynthesisItem]], list[UtteranceResult]]
"""The signature of ``Engine.synthesize``."""
StreamItems = Callable[[Sequence[SynthesisItem], TakeSamples], list[UtteranceResult]]
"""The signature of ``Engine.stream``."""
_Outcome = list[UtteranceResult] | Exception
FlushReason = Literal["budget", "timeout", "busy"]
"""Why a batch was taken: it was full, or its part is streamed; an idle device waited long enough;
the device just got free and did not wait at all."""


@dataclass(frozen=True, slots=True)
class BatchStats:
    """Figures of one batch of parts, for metrics.

    Attributes:
        parts: number of parts.
        utterances: number of utterances in them.
        reason: why they were taken then.
        seconds: how long they took [s].
        busy_seconds: how long batches of the collector have run that no batch before this one has
            counted [s]: of two side by side, their time counts once.
        started_at: Unix seconds.
        turns: of the parts.
        calls: of networks, each with the time of its end [Unix s].
    """

    parts: int
    utterances: int
    reason: FlushReason
    seconds: float
    busy_seconds: float = 0.0
    started_at: float = 0.0
    turns: tuple[PartTurn, ...] = ()
    calls: tuple[tuple[float, BatchFigures], ...] = ()


class PartTurn(Protocol):
    """What the collector asks of a part, and calls as its turn comes."""

    @property
    def suspect(self) -> bool:
        """Whether a worker died with it; if so it goes alone, with no other batch of its collector
        beside it, and takes no other part of that with it."""

    @property
    def take_samples(self) -> TakeSamples | None:
        """Takes samples as they are made, in the device's thread; None: nobody hears the part
        before it is done. Such a part goes alone and at once; what is raised is its outcome."""

    def begin(self) -> None:
        """Called once, before the part is synthesized, in the device's thread; what it raises is
        the part's outcome instead."""

    def record_batch(self, batch: BatchStats, submitted_at: float) -> None:
        """Called once after the part's batch, in the device's thread, before anybody has the
        result. The part has waited in the collector since ``submitted_at`` [Unix s]."""


@dataclass(slots=True, eq=False)
class _WaitingPart:
    items: Sequence[SynthesisItem]
    turn: PartTurn
    submitted_at: float = field(default_factory=time.time)
    result: Future[list[UtteranceResult]] = field(default_factory=Future)

    @property
    def alone(self) -> bool:
        return self.turn.suspect or self.turn.take_samples is not None

    @property
    def symbols(self) -> int:
        return sum(len(item.utterance.phoneme_ids) for item in self.items)


def without_stream(items: Sequence[SynthesisItem], take: TakeSamples) -> list[UtteranceResult]:
    """Raises SynthesisError: this device cannot stream."""
    raise SynthesisError("this device cannot stream")


class Collector:
    """Batches of waiting parts: interactive before bulk; within a lane, first come, first served.

    Args:
        symbols: most symbols taken at once; a single larger part is taken alone.
        flush_seconds: how long an idle device waits for more after a first part [s].
        monotonic: clock of ``count_busy_seconds`` [s].
    """

    def __init__(
        self,
        *,
        symbols: int,
        flush_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._symbols, self._flush, self._monotonic = symbols, flush_seconds, monotonic
        self._counted_until = 0.0
        self._waiting: dict[Lane, deque[_WaitingPart]] = {"interactive": deque(), "bulk": deque()}
        self._running: list[list[_WaitingPart]] = []
        self._changed = threading.Condition()
        self._choosing = threading.Lock()
        self._open = True

    def submit(
        self, items: Sequence[SynthesisItem], lane: Lane, turn: PartTurn
    ) -> list[UtteranceResult]:
        """Waits until the items are synthesized, and returns one result each, in order.

        Args:
            items: of one part.
            lane: where it waits.
            turn: its ``begin`` is called as the part's turn comes.

        Raises:
            Unavailable: the collector is closed.
            Exception: what the turn raised, or the device.
        """
        part = _WaitingPart(items, turn)
        with self._changed:
            if not self._open:
                raise Unavailable("the worker is ending", code="worker_ending")
            self._waiting[lane].append(part)
            self._changed.notify_all()
        return part.result.result()

    def close(self) -> None:
        """Refuses new parts; runners end after those that wait."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    @contextmanager
    def batch(self) -> Iterator[tuple[list[_WaitingPart], FlushReason]]:
        """Waits for the next batch, and yields its parts, with why they were taken now.

        It runs as long as the block. There are no parts only after ``close``, when nothing waits
        any more.
        """
        parts, reason = self._take()
        try:
            yield parts, reason
        finally:
            with self._changed:
                self._running.remove(parts)
                self._changed.notify_all()

    def _take(self) -> tuple[list[_WaitingPart], FlushReason]:
        with self._choosing, self._changed:  # one thread chooses; the next one waits for its turn
            self._changed.wait_for(lambda: not self._running or self._may_run_beside())
            reason: FlushReason = "budget" if self._running else "busy"
            if not self._waits():
                self._changed.wait_for(lambda: self._waits() or not self._open)
                full = self._changed.wait_for(self._full, self._flush) if self._open else False
                reason = "budget" if full else "timeout"
            parts = self._next_batch() if self._waits() else []
            if not self._running:
                self._counted_until = self._monotonic()
            self._running.append(parts)
            return parts, reason

    def count_busy_seconds(self) -> float:
        """Returns how long batches have run since the last call, alone or side by side [s]."""
        with self._changed:
            since, self._counted_until = self._counted_until, self._monotonic()
            return self._counted_until - since

    def _may_run_beside(self) -> bool:
        """Returns whether a batch may begin beside one that runs: a full one, and no suspect with
        it, for whatever ends the worker is counted against all that it was doing."""
        if not self._waits() or not self._full():
            return False
        first = next(queue[0] for queue in self._waiting.values() if queue)
        running = (part for batch in self._running for part in batch)
        return not any(part.turn.suspect for part in (first, *running))

    def _waits(self) -> bool:
        return any(self._waiting.values())

    def _full(self) -> bool:
        waiting = [part for lane in self._waiting.values() for part in lane]
        symbols = sum(part.symbols for part in waiting)
        streamed = any(part.turn.take_samples is not None for part in waiting)
        return symbols >= self._symbols or streamed or not self._open

    def _next_batch(self) -> list[_WaitingPart]:
        taken: list[_WaitingPart] = []
        room = self._symbols
        for lane in ("interactive", "bulk"):
            queue = self._waiting[lane]
            while queue and (not taken or queue[0].symbols <= room):
                if taken and queue[0].alone:
                    return taken
                taken.append(queue.popleft())
                if taken[0].alone:
                    return taken
                room -= taken[-1].symbols
        return taken


class BatchRunner:
    """Runs batches of a collector, one after the other, in the thread that calls ``run``.

    Args:
        collector: where parts wait.
        synthesize: synthesizes utterances together.
        stream: the same for one part that somebody hears while it is made.
        on_batch: called after every batch.
        monotonic: clock of ``busy_seconds`` [s].
    """

    def __init__(
        self,
        collector: Collector,
        synthesize: SynthesizeItems,
        stream: StreamItems = without_stream,
        *,
        on_batch: Callable[[BatchStats], None] = lambda stats: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collector, self._synthesize, self._stream = collector, synthesize, stream
        self._on_batch, self._monotonic = on_batch, monotonic
        self._busy_since: float | None = None
        self._calls: list[tuple[float, BatchFigures]] = []

    def record_call(self, figures: BatchFigures) -> None:
        """Notes a call of a network that has just ended; any thread of the engine may say so."""
        self._calls.append((time.time(), figures))

    def run(self) -> None:
        """Runs batches; returns after ``Collector.close`` when nothing waits any more."""
        while True:
            with self._collector.batch() as (parts, reason):
                if not parts:
                    return
                self._busy_since = self._monotonic()
                if begun := [part for part in parts if _begins(part)]:
                    self._run_batch(begun, reason)
                self._busy_since = None

    def busy_seconds(self) -> float:
        """Returns how long the present batch has taken so far [s]; 0 = the runner waits."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    def _run_batch(self, parts: list[_WaitingPart], reason: FlushReason) -> None:
        started_at, start = time.time(), time.perf_counter()
        self._calls = []
        items = [item for part in parts for item in part.items]
        try:
            results = iter(self._results(items, parts[0].turn.take_samples))
            outcomes: list[_Outcome] = [[next(results) for _ in part.items] for part in parts]
        except Exception as error:
            outcomes = self._run_singly(parts, error)
        stats = BatchStats(
            parts=len(parts),
            utterances=len(items),
            reason=reason,
            seconds=time.perf_counter() - start,
            busy_seconds=self._collector.count_busy_seconds(),
            started_at=started_at,
            turns=tuple(part.turn for part in parts),
            calls=tuple(self._calls),
        )
        for part, outcome in zip(parts, outcomes, strict=True):
            part.turn.record_batch(stats, part.submitted_at)
            if isinstance(outcome, Exception):
                part.result.set_exception(outcome)
            else:
                part.result.set_result(outcome)
        self._on_batch(stats)

    def _results(
        self, items: Sequence[SynthesisItem], take: TakeSamples | None = None
    ) -> list[UtteranceResult]:
        results = self._synthesize(items) if take is None else self._stream(items, take)
        if len(results) != len(items):
            raise RuntimeError(f"{len(results)} results of {len(items)} utterances")
        return results

    def _run_singly(self, parts: list[_WaitingPart], error: Exception) -> list[_Outcome]:
        """Gives each part a try of its own where the batch as a whole raised that error."""
        if len(parts) == 1:
            return [error]
        return [self._outcome(part) for part in parts]

    def _outcome(self, part: _WaitingPart) -> _Outcome:
        try:
            return self._results(part.items)
        except Exception as error:
            return error


def _begins(part: _WaitingPart) -> bool:
    try:
        part.turn.begin()
    except Exception as error:
        part.result.set_exception(error)
        return False
    return True
