"""A discrete-event simulation of the service: jobs, queue, synthesizers with their batches.

What is simulated is what ``workers`` does: parts wait in a queue by lane; a synthesizer takes one
message after the other while it has room for parts, those of the bulk lane up to a share of it; its
collector puts those that wait into batches of bounded size, interactive before bulk, first come
first served; a batch takes a constant and its speech at the worker's real-time factor, and all its
parts end with it. On a CPU each lane has a thread of its own, and where both are at work the
interactive one gets nine tenths of the core.

Each synthesizer has a core for itself, or all share the cores of one machine with the rest of the
service: then whatever is to be computed gets its share of the cores at every moment
(``capacity.processors``), so a batch takes as long as what runs beside it lets it.

What is not: deaths, streamed parts, reuse, priorities within a lane, limits of planners elsewhere;
the second full batch that fills the gaps of the first where several threads compute.
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
from capacity.processors import ProcessGroup, Processors, ProcessorTask
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
FRONT_WEIGHT: Final = 9.0
"""Of API and Redis on a machine, where a synthesizer and the planner have 1. Source:
``cli.stack``, WORKERS_NICE."""
BULK_ROOM: Final = 0.75
"""Of the parts that a worker holds, for the bulk lane. Source: ``workers.celery_runtime``."""


@dataclass(frozen=True, slots=True)
class JobOverhead:
    """What a job takes outside of queue and devices.

    Attributes:
        accept: until the API has made it [s].
        plan: from then until its parts are queued [s].
        assemble: from the end of its last part to its file [s].
        answer: from then until its client knows [s].
        beside: CPU time after its end, which nobody waits for [s].
    """

    accept: float = 0.0
    plan: float = 0.0
    assemble: float = 0.0
    answer: float = 0.0
    beside: float = 0.0

    @property
    def seconds(self) -> float:
        """What it adds to the latency where nothing else is to be done [s]."""
        return self.accept + self.plan + self.assemble + self.answer


@dataclass(frozen=True, slots=True)
class SharedMachine:
    """A machine that runs the whole service.

    Attributes:
        cores: that it has.
        contention: how much longer all work takes while every core is at work, by caches, memory
            and clock; 1 = no longer.
        others: cores that other processes take before the service gets any, one figure for each
            ``interval`` from the start on; then none.
        interval: of those figures [s].
    """

    cores: float
    contention: float = 1.0
    others: tuple[float, ...] = ()
    interval: float = 1.0


@dataclass(frozen=True, slots=True)
class WorkerModel:
    """What a synthesizer can do; the defaults are those of ``workers.settings`` on a CPU.

    Attributes:
        rtf: seconds of compute for a second of speech.
        batch_seconds: cost of a batch beside that [s].
        overheads: of jobs; one is taken after the other, again and again.
        symbols_at_once: most symbols of a batch; a single larger part goes alone.
        flush_seconds: how long an idle device waits for more [s].
        parts_at_once: most parts that a synthesizer holds.
        lanes_apart: a thread for each lane, as on a CPU; else one for both.
        machine: where everything runs. None: each synthesizer has a core of its own, and the rest
            of the service is never short of any.
    """

    rtf: float
    batch_seconds: float = 0.0
    overheads: tuple[JobOverhead, ...] = (JobOverhead(),)
    symbols_at_once: int = 640
    flush_seconds: float = 0.004
    parts_at_once: int = 32
    lanes_apart: bool = True
    machine: SharedMachine | None = None

    def seconds_of(self, audio_seconds: float) -> float:
        """Returns how long a batch takes that has the device for itself [s]."""
        return self.batch_seconds + self.rtf * audio_seconds


@dataclass(slots=True)
class SimulatedJob:
    """A job on its way.

    Attributes:
        arrival: the job.
        overhead: of this job.
        open_parts: parts that are not done.
        ended_at: when its file was there [s]; nan before.
    """

    arrival: JobArrival
    overhead: JobOverhead
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
        weight: against the other thread.
        symbols: of all that waits.
        batch: parts that are computed now.
        began_at: when the batch did [s].
        flush_at: until when it waits for company [s]; None: it does not.
    """

    waiting: dict[Lane, deque[_Part]]
    weight: float
    symbols: float = 0.0
    batch: list[_Part] = field(default_factory=list)
    began_at: float = 0.0
    flush_at: float | None = None

    @property
    def idle(self) -> bool:
        return not self.batch and not any(self.waiting.values())


@dataclass(slots=True, eq=False)
class _Worker:
    threads: tuple[_DeviceThread, ...]
    processors: Processors
    group: ProcessGroup
    held: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(LANES, 0))
    leaving: bool = False

    @property
    def active(self) -> bool:
        """Whether a thread computes."""
        return any(thread.batch for thread in self.threads)


EventName = Literal[
    "arrival", "accepted", "planned", "flush", "batch_ended", "assembled", "answered", "look",
    "joined", "progress", "others", "idle",
]  # fmt: skip
"""``progress``: a task of a machine has ended; ``others``: what others take of it has changed;
``idle``: work that nobody waits for has ended."""


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
        self._front, self._planner, self._beside = (
            ProcessGroup(weight, limit=1.0) for weight in (FRONT_WEIGHT, 1.0, 1.0)
        )
        self._machine: Processors | None = None
        if machine := model.machine:
            self._machine = Processors(machine.cores, machine.contention)
            for index, cores in enumerate((*machine.others, 0.0)):
                self._add(index * machine.interval, "others", cores)
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
        overheads = self._model.overheads
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
            self._spend(subject.overhead.accept, self._front, "accepted", subject)
        elif name == "accepted":
            self._spend(subject.overhead.plan, self._planner, "planned", subject)
        elif name == "planned":
            self._enqueue(subject)
        elif name == "flush":
            self._start(*subject)
        elif name == "batch_ended":
            self._end_batch(*subject)
        elif name == "assembled":
            self._spend(subject.overhead.answer, self._front, "answered", subject)
        elif name == "answered":
            self._end_job(subject)
        elif name == "progress":
            self._progress(*subject)
        elif name == "others":
            self._take_cores(subject)
        elif name == "joined":
            self._starting -= 1
            self._join()
        elif name == "look":
            self._look()

    def _spend(
        self, seconds: float, group: ProcessGroup, name: EventName, job: SimulatedJob
    ) -> None:
        """Has a process outside of synthesizers work for a job; then comes the named event."""
        if not seconds:
            self._handle(name, job)
        elif self._machine is None:
            self._add(self._now + seconds, name, job)
        else:
            self._compute(self._machine, ProcessorTask(seconds, group, (name, job)))

    def _compute(self, processors: Processors, task: ProcessorTask) -> None:
        processors.add(self._now, task)
        self._await_progress(processors)

    def _await_progress(self, processors: Processors) -> None:
        if processors.tasks:
            due = (processors, processors.version)
            self._add(processors.next_end, "progress", due)

    def _progress(self, processors: Processors, version: int) -> None:
        if version != processors.version:
            return  # something has begun or ended since
        name, subject = processors.remove_next(self._now)
        self._await_progress(processors)
        self._handle(name, subject)

    def _take_cores(self, cores: float) -> None:
        assert self._machine is not None
        self._machine.take_cores(self._now, cores)
        self._await_progress(self._machine)

    def _enqueue(self, job: SimulatedJob) -> None:
        pieces = part_seconds(job.arrival.audio_seconds)
        job.open_parts = len(pieces)
        self._backlog += job.arrival.audio_seconds
        self._queues[job.arrival.lane] += (_Part(job, seconds) for seconds in pieces)
        self._dispatch()

    def _join(self) -> None:
        groups: Sequence[Sequence[Lane]] = [(lane,) for lane in LANES]
        groups = groups if self._model.lanes_apart else [LANES]
        weights = (INTERACTIVE_SHARE, 1 - INTERACTIVE_SHARE)
        threads = tuple(
            _DeviceThread({lane: deque() for lane in group}, weight)
            for group, weight in zip(groups, weights, strict=False)
        )
        worker = _Worker(threads, self._machine or Processors(1.0), ProcessGroup())
        self._workers[worker] = None
        self._replicas.append((self._now, len(self._workers)))
        self._ask(worker)
        self._dispatch()

    def _leave(self, worker: _Worker) -> None:
        del self._workers[worker]
        self._replicas.append((self._now, len(self._workers)))

    def _ask(self, worker: _Worker) -> None:
        """Has a worker ask for messages where it has room, and in no other lane: Redis answers
        whoever has asked for longest."""
        room, held = self._model.parts_at_once, worker.held
        free = not worker.leaving and sum(held.values()) < room
        for lane, line in self._lines.items():
            if free and (lane == "interactive" or held["bulk"] < int(room * BULK_ROOM)):
                line.setdefault(worker)
            else:
                line.pop(worker, None)

    def _dispatch(self) -> None:
        """Hands messages out, interactive ones first, as long as workers ask."""
        given: dict[_DeviceThread, _Worker] = {}
        for lane, line in self._lines.items():
            queue = self._queues[lane]
            while queue and line:
                worker = next(iter(line))
                worker.held[lane] += 1
                for other in self._lines.values():
                    other.pop(worker, None)  # one request to Redis is for all lanes
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
        thread.began_at = self._now
        self._busy[worker] = None
        seconds = self._model.seconds_of(sum(part.audio_seconds for part in thread.batch))
        task = ProcessorTask(
            seconds, worker.group, ("batch_ended", (worker, thread)), thread.weight
        )
        self._compute(worker.processors, task)

    def _end_batch(self, worker: _Worker, thread: _DeviceThread) -> None:
        self._batch_seconds += self._now - thread.began_at
        for part in thread.batch:
            worker.held[part.job.arrival.lane] -= 1
            self._end_part(part)
        thread.batch = []
        if not worker.active:
            del self._busy[worker]
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
            self._spend(job.overhead.assemble, self._planner, "assembled", job)

    def _end_job(self, job: SimulatedJob) -> None:
        job.ended_at = self._now
        self._open -= 1
        if self._machine is not None:
            self._spend(job.overhead.beside, self._beside, "idle", job)

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
