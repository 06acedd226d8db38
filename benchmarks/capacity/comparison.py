"""Real runs beside the simulation of the same jobs at the same times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.capacity.real_run import RealRun
from capacity.arrivals import JobArrival
from capacity.calibration import batch_cost
from capacity.simulation import Simulation, WorkerModel
from capacity.sizing import quantile

TOLERANCE = 0.2
"""Of the 95th percentile, relative to the real one."""
ROUNDS = 4
"""Of finding how much slower a machine was."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Latencies of a run and of its simulation.

    Attributes:
        workers: synthesizers.
        jobs: of the load.
        slowdown: factor on the time of batches with so many devices at work.
        interference: factor on all times of the load, by what else the machine did then: seconds
            that the devices' batches took, by those that they would have taken when they were
            measured.
        real: quantile → latency [s].
        simulated: the same of the simulation, with the interference.
        undisturbed: the same without it.
        unhindered: the same, as if every synthesizer had a machine of its own.
    """

    workers: int
    jobs: int
    slowdown: float
    interference: float
    real: dict[float, float]
    simulated: dict[float, float]
    undisturbed: dict[float, float]
    unhindered: dict[float, float]

    @property
    def error(self) -> float:
        """Relative difference of the 95th percentiles."""
        return self.simulated[0.95] / self.real[0.95] - 1


def compare(runs: Sequence[RealRun]) -> tuple[WorkerModel, list[RunComparison]]:
    """Returns the model of the first run, of one synthesizer, and how well it foretells each run.

    What a batch costs is measured with one synthesizer, how much longer it takes beside others in
    each run's burst, what a job costs besides in each run's single jobs; the load is foretold.
    A machine that others use is another one minutes later, so the share of its speed that the
    devices had in the load is measured there; when jobs wait, and for how long, never is.
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
    model = WorkerModel(rtf, constant, overheads, slowdown=slowdown)
    factor = _interference(run, model, arrivals)
    return RunComparison(
        workers=run.workers,
        jobs=len(run.load),
        slowdown=slowdown[-1],
        interference=factor,
        real=_quantiles(sorted(job.latency for job in run.load)),
        simulated=_simulated(_slowed(model, factor), run.workers, arrivals),
        undisturbed=_simulated(model, run.workers, arrivals),
        unhindered=_simulated(WorkerModel(rtf, constant, overheads), run.workers, arrivals),
    )


def _interference(run: RealRun, model: WorkerModel, arrivals: Sequence[JobArrival]) -> float:
    """Returns the real time of the load's batches by what the model says of the same work.

    The devices' effect on each other is the model's, and depends on how often they are at work
    together, so on the factor itself: each round starts from the last one's.
    """
    real, factor = run.load_batches, 1.0
    audio = sum(arrival.audio_seconds for arrival in arrivals)
    work = model.batch_seconds * real.batches + model.rtf * real.audio_seconds
    for _ in range(ROUNDS):
        result = Simulation(_slowed(model, factor), run.workers).run(arrivals)
        alone = factor * (model.batch_seconds * len(result.batches) + model.rtf * audio)
        factor = real.seconds * alone / (work * result.busy_seconds)
    return factor


def _slowed(model: WorkerModel, factor: float) -> WorkerModel:
    """Returns a model all of whose times are so many times as long."""
    return replace(
        model,
        rtf=factor * model.rtf,
        batch_seconds=factor * model.batch_seconds,
        overhead_seconds=tuple(factor * one for one in model.overhead_seconds),
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
