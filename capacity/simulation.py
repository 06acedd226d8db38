"""A discrete-event simulation of the service: jobs, queue, synthesizers with their batches.

What is simulated is what ``workers`` does: parts wait in a queue by lane; a synthesizer takes one
message after the other while it has room for parts, those of the bulk lane up to a share of it; its
collector puts those that wait into batches of bounded size, interactive before bulk, first come
first served; a batch takes a constant and its speech at the worker's real-time factor, and all its
parts end with it. On a CPU each lane has a thread of its own, and where both are at work the
interactive one gets nine tenths of the core.

What is not: deaths, streamed parts, reuse, priorities within a lane, limits of planners.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

from capacity.arrivals import JobArrival
from capacity.scaling import ReplicaController, ScalingRule
from core.request import Lane

LANES: Final[tuple[Lane, ...]] = ("interactive", "bulk")
FIRST_PART_SECONDS: Final = 6.0
"""Longest speech of a job's first part [s]. Source: ``synthesis.parts``."""
MEAN_PART_SECONDS: Final = 16.0
"""Mean speech of the other parts [s]. Source: ``synthesis.parts``, half of the longest."""
SECONDS_PER_SYMBOL: Final = 0.08
"""Speech of a symbol [s]. Source: ``synthesis.parts``."""
INTERACTIVE_SHARE: Final = 0.9
"""Of a core that both lanes want. Source: ``workers.device.device_thread``, BULK_NICE."""
BULK_ROOM: Final = 0.75
"""Of the parts that a worker holds, for the bulk lane. Source: ``workers.celery_runtime``."""


@dataclass(frozen=True, slots=True)
class WorkerModel:
    """What a synthesizer can do; the defaults are those of ``workers.settings`` on a CPU.

    Attributes:
        rtf: seconds of compute for a second of speech.
        batch_seconds: cost of a batch beside that [s].
        overhead_seconds: of a job outside of synthesizers and queue: API, planning, encoding [s];
            one is taken after the other, again and again.
        symbols_at_once: most symbols of a batch; a single larger part goes alone.
        flush_seconds: how long an idle device waits for more [s].
        parts_at_once: most parts that a synthesizer holds.
        lanes_apart: a thread for each lane, as on a CPU; else one for both.
        slowdown: how much longer batches take with 1, 2, … devices at work, where the synthesizers
            share a machine; more than listed: as the last. Empty: each has its own.
    """

    rtf: float
    batch_seconds: float = 0.0
    overhead_seconds: tuple[float, ...] = (0.0,)
    symbols_at_once: int = 640
    flush_seconds: float = 0.004
    parts_at_once: int = 32
    lanes_apart: bool = True
    slowdown: tuple[float, ...] = ()

    def seconds_of(self, audio_seconds: float) -> float:
        """Returns how long a batch takes that has the device for itself [s]."""
        return self.batch_seconds + self.rtf * audio_seconds

    def slowdown_with(self, busy: int) -> float:
        """Returns the factor on the time of batches while so many devices are at work."""
        return self.slowdown[min(busy, len(self.slowdown)) - 1] if self.slowdown and busy else 1.0


@dataclass(slots=True)
class SimulatedJob:
    """A job on its way.

    Attributes:
        arrival: the job.
        overhead: of this job [s].
        open_parts: parts that are not done.
        ended_at: when its file was there [s]; nan before.
    """

    arrival: JobArrival
    overhead: float
    open_parts: int = 0
    ended_at: float = math.nan

    @property
    def latency(self) -> float:
        """From its arrival to its end [s]."""
        return self.ended_at - self.arrival.at


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What became of a load.

    Attributes:
        jobs: in the order of their arrival, all ended.
        batches: parts in each batch.
        busy_seconds: of all devices together [s].
        worker_seconds: that synthesizers were there, from their start on [s].
        replicas: (time [s], synthesizers that take work) whenever the number changed.
        job_seconds: integral over time of the number of jobs in the service [job s].
    """

    jobs: tuple[SimulatedJob, ...]
    batches: tuple[int, ...]
    busy_seconds: float
    worker_seconds: float
    replicas: tuple[tuple[float, int], ...]
    job_seconds: float

    def latencies(self, since: float = 0.0) -> list[float]:
        """Returns the latencies of jobs that came at that time or later, ascending [s]."""
        return sorted(job.latency for job in self.jobs if job.arrival.at >= since)

    @property
    def utilization(self) -> float:
        """Share of their time that devices were at work."""
        return self.busy_seconds / self.worker_seconds if self.worker_seconds else 0.0


@dataclass(slots=True, eq=False)
class _Part:
    job: SimulatedJob
    audio_seconds: float

    @property
    def symbols(self) -> float:
        return self.audio_seconds / SECONDS_PER_SYMBOL


@dataclass(slots=True, eq=False)
class _DeviceThread:
    """A thread of a device: what waits for it, and the batch that it computes.

    Attributes:
        waiting: parts, by lane.
        symbols: of all that waits.
        batch: parts that are computed now.
        remaining: of the batch, as if it had the device for itself, at ``since`` [s].
        since: when ``remaining`` and ``rate`` were set [s].
        rate: seconds of a batch that it does in a second; 0 = it has none.
        version: of the event of the batch's end; older events are void.
        flush_at: until when it waits for company [s]; None: it does not.
    """

    waiting: dict[Lane, deque[_Part]]
    symbols: float = 0.0
    batch: list[_Part] = field(default_factory=list)
    remaining: float = 0.0
    since: float = 0.0
    rate: float = 0.0
    version: int = 0
    flush_at: float | None = None

    @property
    def idle(self) -> bool:
        return not self.batch and not any(self.waiting.values())


@dataclass(slots=True, eq=False)
class _Worker:
    threads: tuple[_DeviceThread, ...]
    held: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(LANES, 0))
    leaving: bool = False

    @property
    def active(self) -> list[_DeviceThread]:
        """The threads that compute, the interactive one first."""
        return [thread for thread in self.threads if thread.batch]


EventName = Literal["arrival", "planned", "flush", "ended", "look", "joined"]


class Simulation:
    """Runs jobs through synthesizers.

    Args:
        model: of a synthesizer.
        workers: how many at the start.
        rule: scales them; None: their number stays.
    """

    def __init__(self, model: WorkerModel, workers: int, rule: ScalingRule | None = None) -> None:
        self._model, self._rule = model, rule
        self._scaler = ReplicaController(rule, workers) if rule else None
        self._now, self._order = 0.0, count()
        self._events: list[tuple[float, int, EventName, Any]] = []
        self._queues: dict[Lane, deque[_Part]] = {lane: deque() for lane in LANES}
        self._lines: dict[Lane, dict[_Worker, None]] = {lane: {} for lane in LANES}
        self._workers: dict[_Worker, None] = {}
        self._busy: dict[_Worker, None] = {}
        self._starting = 0
        self._seen: deque[tuple[float, float]] = deque()
        self._backlog, self._open = 0.0, 0
        self._jobs: list[SimulatedJob] = []
        self._batches: list[int] = []
        self._busy_seconds = self._worker_seconds = self._job_seconds = 0.0
        self._batch_seconds = self._ended_audio = 0.0
        self._replicas: list[tuple[float, int]] = []
        for _ in range(workers):
            self._join()

    def run(self, arrivals: Iterable[JobArrival]) -> SimulationResult:
        """Runs until every job has ended.

        Args:
            arrivals: in order of time.
        """
        overheads = self._model.overhead_seconds
        for index, arrival in enumerate(arrivals):
            job = SimulatedJob(arrival, overheads[index % len(overheads)])
            self._jobs.append(job)
            self._add(arrival.at, "arrival", job)
        if self._rule:
            self._add(self._rule.interval, "look", None)
        arrived = 0
        while arrived < len(self._jobs) or self._open:
            at, _, name, subject = heapq.heappop(self._events)
            self._advance(at)
            arrived += name == "arrival"
            self._handle(name, subject)
        return SimulationResult(
            jobs=tuple(self._jobs),
            batches=tuple(self._batches),
            busy_seconds=self._busy_seconds,
            worker_seconds=self._worker_seconds,
            replicas=tuple(self._replicas),
            job_seconds=self._job_seconds,
        )

    def _add(self, at: float, name: EventName, subject: Any) -> None:
        heapq.heappush(self._events, (at, next(self._order), name, subject))

    def _advance(self, to: float) -> None:
        seconds = to - self._now
        self._busy_seconds += len(self._busy) * seconds
        self._worker_seconds += len(self._workers) * seconds
        self._job_seconds += self._open * seconds
        self._now = to

    def _handle(self, name: EventName, subject: Any) -> None:
        if name == "arrival":
            self._open += 1
            self._add(self._now + subject.overhead, "planned", subject)
        elif name == "planned":
            self._enqueue(subject)
        elif name == "flush":
            self._start(*subject)
        elif name == "ended":
            self._end_batch(*subject)
        elif name == "joined":
            self._starting -= 1
            self._join()
        else:
            self._look()

    def _enqueue(self, job: SimulatedJob) -> None:
        pieces = part_seconds(job.arrival.audio_seconds)
        job.open_parts = len(pieces)
        self._backlog += job.arrival.audio_seconds
        self._queues[job.arrival.lane] += (_Part(job, seconds) for seconds in pieces)
        self._dispatch()

    def _join(self) -> None:
        groups: Sequence[Sequence[Lane]] = [(lane,) for lane in LANES]
        groups = groups if self._model.lanes_apart else [LANES]
        worker = _Worker(tuple(_DeviceThread({lane: deque() for lane in g}) for g in groups))
        self._workers[worker] = None
        self._replicas.append((self._now, len(self._workers)))
        self._ask(worker)
        self._dispatch()

    def _leave(self, worker: _Worker) -> None:
        del self._workers[worker]
        self._replicas.append((self._now, len(self._workers)))

    def _ask(self, worker: _Worker) -> None:
        """Puts a worker at the end of the lines of those that ask for messages, where it has room:
        Redis answers whoever has asked for longest."""
        room, held = self._model.parts_at_once, worker.held
        free = not worker.leaving and sum(held.values()) < room
        for lane, line in self._lines.items():
            line.pop(worker, None)
            if free and (lane == "interactive" or held["bulk"] < int(room * BULK_ROOM)):
                line[worker] = None

    def _dispatch(self) -> None:
        """Hands messages out, interactive ones first, as long as workers ask."""
        given: dict[_DeviceThread, _Worker] = {}
        for lane, line in self._lines.items():
            queue = self._queues[lane]
            while queue and line:
                worker = next(iter(line))
                worker.held[lane] += 1
                self._ask(worker)
                thread = next(one for one in worker.threads if lane in one.waiting)
                if thread.idle and self._model.flush_seconds:
                    thread.flush_at = self._now + self._model.flush_seconds
                    self._add(thread.flush_at, "flush", (worker, thread))
                part = queue.popleft()
                thread.waiting[lane].append(part)
                thread.symbols += part.symbols
                given[thread] = worker
        for thread, worker in given.items():
            self._start(worker, thread)

    def _start(self, worker: _Worker, thread: _DeviceThread) -> None:
        """Starts a batch, unless the device is at work, or idle and still waits for company."""
        if thread.batch or not any(thread.waiting.values()):
            return
        if thread.flush_at is not None:
            if self._now < thread.flush_at and thread.symbols < self._model.symbols_at_once:
                return
            thread.flush_at = None
        room = float(self._model.symbols_at_once)
        for queue in thread.waiting.values():
            while queue and (not thread.batch or queue[0].symbols <= room):
                thread.batch.append(queue.popleft())
                room -= thread.batch[-1].symbols
        thread.symbols -= sum(part.symbols for part in thread.batch)
        self._batches.append(len(thread.batch))
        thread.remaining = self._model.seconds_of(sum(p.audio_seconds for p in thread.batch))
        thread.since, thread.rate = self._now, 0.0
        self._share(worker)

    def _share(self, worker: _Worker) -> None:
        """Sets the rates anew after a batch of the worker has begun or ended."""
        was = len(self._busy)
        if worker.active:
            self._busy[worker] = None
        else:
            self._busy.pop(worker, None)
        # The others' rates change only where they share the machine.
        shared = bool(self._model.slowdown) and len(self._busy) != was
        for one in (*self._busy,) if shared else (worker,):
            active = one.active
            for index, thread in enumerate(active):
                share = 1.0
                if len(active) > 1:
                    share = 1 - INTERACTIVE_SHARE if index else INTERACTIVE_SHARE
                self._set_rate(one, thread, share / self._model.slowdown_with(len(self._busy)))

    def _set_rate(self, worker: _Worker, thread: _DeviceThread, rate: float) -> None:
        if thread.rate == rate:
            return
        self._note_progress(thread)
        thread.rate = rate
        thread.version += 1
        end = self._now + max(0.0, thread.remaining) / rate
        self._add(end, "ended", (worker, thread, thread.version))

    def _note_progress(self, thread: _DeviceThread) -> None:
        seconds = self._now - thread.since
        thread.remaining -= seconds * thread.rate
        self._batch_seconds += seconds
        thread.since = self._now

    def _end_batch(self, worker: _Worker, thread: _DeviceThread, version: int) -> None:
        if version != thread.version:
            return  # its rate has changed since
        self._note_progress(thread)
        for part in thread.batch:
            worker.held[part.job.arrival.lane] -= 1
            self._end_part(part)
        thread.batch, thread.rate = [], 0.0
        self._share(worker)
        if worker.leaving and not any(worker.held.values()):
            self._leave(worker)
            return
        self._ask(worker)
        self._start(worker, thread)
        self._dispatch()

    def _end_part(self, part: _Part) -> None:
        job = part.job
        self._backlog -= part.audio_seconds
        self._ended_audio += part.audio_seconds
        job.open_parts -= 1
        if not job.open_parts:
            job.ended_at = self._now
            self._open -= 1

    def _measured_rtf(self) -> float:
        """Returns busy seconds for a second of speech so far, as the recording rule has them."""
        if not self._ended_audio:
            return self._model.rtf
        return self._batch_seconds / self._ended_audio

    def _look(self) -> None:
        """Lets the autoscaler see the backlog as the metric shows it, which is a little old."""
        assert self._scaler is not None
        assert self._rule is not None
        rule = self._rule
        self._seen.append((self._now, self._backlog))
        while len(self._seen) > 1 and self._seen[1][0] <= self._now - rule.metric_age:
            self._seen.popleft()
        wanted = self._scaler.look(self._now, self._seen[0][1] * self._measured_rtf())
        active = [worker for worker in self._workers if not worker.leaving]
        for _ in range(wanted - len(active) - self._starting):
            self._starting += 1
            self._add(self._now + rule.start_seconds, "joined", None)
        for worker in active[wanted:]:
            worker.leaving = True
            self._ask(worker)
            if not any(worker.held.values()):
                self._leave(worker)
        self._add(self._now + rule.interval, "look", None)


def part_seconds(audio_seconds: float) -> list[float]:
    """Returns the speech of a job's parts [s]: a short first one, then equal ones of mean length.

    >>> part_seconds(3.0), part_seconds(38.0)
    ([3.0], [6.0, 16.0, 16.0])
    """
    first = min(audio_seconds, FIRST_PART_SECONDS)
    rest = audio_seconds - first
    parts = math.ceil(rest / MEAN_PART_SECONDS)
    return [first, *([rest / parts] * parts if parts else ())]
