"""How many synthesizers keep a latency goal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from capacity.arrivals import JobArrival
from capacity.simulation import Simulation, SimulationResult, WorkerModel, part_seconds

MOST_WORKERS: Final = 4096
"""Where the search ends."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """A number of synthesizers and what it does.

    Attributes:
        workers: how many.
        result: of the simulation.
        latency: the quantile that was asked for [s].
    """

    workers: int
    result: SimulationResult
    latency: float


def quantile(values: Sequence[float], q: float) -> float:
    """Returns a quantile of ascending values, linear between two of them.

    >>> quantile([1.0, 2.0, 3.0], 0.5), quantile([1.0, 2.0], 0.25)
    (2.0, 1.25)
    """
    at = q * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def simulated(
    model: WorkerModel, workers: int, arrivals: Sequence[JobArrival], q: float = 0.95
) -> Sizing:
    """Returns what a fixed number of synthesizers does with a load."""
    result = Simulation(model, workers).run(arrivals)
    return Sizing(workers, result, quantile(result.latencies(), q))


def _unhindered(model: WorkerModel, arrivals: Sequence[JobArrival], q: float) -> float:
    """Returns the quantile of latencies where no part waits for another [s]."""
    longest = (max(part_seconds(one.audio_seconds)) for one in arrivals)
    shortest_overhead = min(one.seconds for one in model.overheads)
    return quantile(sorted(shortest_overhead + model.seconds_of(one) for one in longest), q)


def workers_needed(
    model: WorkerModel,
    arrivals: Sequence[JobArrival],
    goal: float,
    q: float = 0.95,
    on_each: Callable[[Sizing], None] = lambda sizing: None,
) -> Sizing | None:
    """Returns the fewest synthesizers whose quantile of latencies is within the goal.

    Args:
        model: of a synthesizer.
        arrivals: the load, in order of time; at least one job.
        goal: latency [s].
        q: which quantile has to keep it.
        on_each: called with every number that is tried.

    Returns:
        None where no number keeps it: jobs take longer alone, each part on a device of its own.
    """
    if _unhindered(model, arrivals, q) > goal:
        return None

    def tried(workers: int) -> Sizing:
        sizing = simulated(model, workers, arrivals, q)
        on_each(sizing)
        return sizing

    # Below one of these the queue grows without end; so the search begins there.
    span = max(arrivals[-1].at, 1.0)
    work = sum(model.rtf * one.audio_seconds for one in arrivals)
    low, best = 0, tried(max(1, math.floor(work / span)))
    while best.latency > goal:
        if best.workers >= MOST_WORKERS:
            return None
        low, best = best.workers, tried(2 * best.workers)
    while best.workers - low > 1:
        middle = tried((low + best.workers) // 2)
        if middle.latency <= goal:
            best = middle
        else:
            low = middle.workers
    return best
