"""Real runs beside the simulation of the same jobs at the same times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.capacity.real_run import RealRun
from capacity.arrivals import JobArrival
from capacity.calibration import batch_cost
from capacity.simulation import Simulation, WorkerModel
from capacity.sizing import quantile

TOLERANCE = 0.2
"""Of the 95th percentile, relative to the real one."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Latencies of a run and of its simulation.

    Attributes:
        workers: synthesizers.
        jobs: of the load.
        slowdown: factor on the time of batches with so many devices at work.
        real: quantile → latency [s].
        simulated: the same of the simulation.
        unhindered: the same, as if every synthesizer had a machine of its own.
    """

    workers: int
    jobs: int
    slowdown: float
    real: dict[float, float]
    simulated: dict[float, float]
    unhindered: dict[float, float]

    @property
    def error(self) -> float:
        """Relative difference of the 95th percentiles."""
        return self.simulated[0.95] / self.real[0.95] - 1


def compare(runs: Sequence[RealRun]) -> tuple[WorkerModel, list[RunComparison]]:
    """Returns the model of the first run, of one synthesizer, and how well it foretells each run.

    What a batch costs is measured with one synthesizer, how much longer it takes beside others in
    each run's burst, what a job costs besides in each run's single jobs; the load is foretold.
    """
    first = runs[0]
    constant, rtf = batch_cost([first.single_batches, first.burst_batches])
    known = {1: 1.0}
    for run in runs[1:]:
        burst = run.burst_batches
        expected = constant * burst.batches + rtf * burst.audio_seconds
        known[run.workers] = max(1.0, burst.seconds / expected)
    model = WorkerModel(rtf, constant)
    return model, [_compare(run, rtf, constant, known) for run in runs]


def _compare(
    run: RealRun, rtf: float, constant: float, known: Mapping[int, float]
) -> RunComparison:
    overheads = tuple(
        max(0.0, job.latency - constant - rtf * run.speech_share * job.audio_seconds)
        for job in run.singles
    )
    slowdown = tuple(interpolated(known, busy) for busy in range(1, run.workers + 1))
    arrivals = [JobArrival(job.at, run.speech_share * job.audio_seconds) for job in run.load]
    return RunComparison(
        workers=run.workers,
        jobs=len(run.load),
        slowdown=slowdown[-1],
        real=_quantiles(sorted(job.latency for job in run.load)),
        simulated=_simulated(
            WorkerModel(rtf, constant, overheads, slowdown=slowdown), run.workers, arrivals
        ),
        unhindered=_simulated(WorkerModel(rtf, constant, overheads), run.workers, arrivals),
    )


def interpolated(known: Mapping[int, float], at: int) -> float:
    """Returns a value between two that are known, linear; beyond the last, the last.

    >>> interpolated({1: 1.0, 4: 2.5}, 3), interpolated({1: 1.0}, 2)
    (2.0, 1.0)
    """
    below = max(count for count in known if count <= at)
    above = min((count for count in known if count >= at), default=below)
    if above == below:
        return known[below]
    return known[below] + (known[above] - known[below]) * (at - below) / (above - below)


def _simulated(
    model: WorkerModel, workers: int, arrivals: Sequence[JobArrival]
) -> dict[float, float]:
    return _quantiles(Simulation(model, workers).run(arrivals).latencies())


def _quantiles(latencies: Sequence[float]) -> dict[float, float]:
    return {q: quantile(latencies, q) for q in (0.5, 0.95)}
