"""Real runs beside the simulation of the same jobs at the same times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from random import Random

from benchmarks.capacity.cpu_watch import INTERVAL
from benchmarks.capacity.real_run import MeasuredPhase, RealRun
from capacity.arrivals import JobArrival, RateProfile, arrival_times, sampled_lengths
from capacity.calibration import batch_cost
from capacity.simulation import JobOverhead, SharedMachine, Simulation, WorkerModel
from capacity.sizing import quantile

TOLERANCE = 0.2
"""Of the 95th percentile, relative to the real one."""
QUANTILES = (0.5, 0.95)
BLOCK_SECONDS = 5.0
"""Of the bootstrap's blocks: longer than a queue lasts, so that neighbours stay together [s]."""
MOST_CONTENTION = 3.0
ROUNDS = 12
"""Of finding the contention: to within a thousandth."""
RESAMPLES = 1000
SEEDS = 30
"""Of simulated loads like the real one."""
INTERVAL_SHARE = 0.9
"""Of a distribution, between the ends of its interval."""


@dataclass(frozen=True, slots=True)
class LoadComparison:
    """Latencies of a real load and of its simulation.

    Attributes:
        workers: synthesizers.
        utilization: share of the burst's rate at which jobs came.
        jobs: of the load.
        cores: of the machine.
        contention: factor on all work while every core is busy.
        others: mean cores that other processes took.
        real: quantile → latency [s].
        interval: of the real 95th percentile: what other loads of that length might have shown [s].
        simulated: quantile → latency of the same jobs at the same times [s].
        at_cost: the same, where jobs cost the CPU time that those of the load took: what is off
            then is not the machine's pace, which changes from minute to minute.
        spread: interval of the 95th percentile of simulated loads at other random times, with
            nothing else on the machine [s].
        apart: quantile → simulated, as if every synthesizer had a core of its own [s].
    """

    workers: int
    utilization: float
    jobs: int
    cores: int
    contention: float
    others: float
    real: dict[float, float]
    interval: tuple[float, float]
    simulated: dict[float, float]
    at_cost: dict[float, float]
    spread: tuple[float, float]
    apart: dict[float, float]

    @property
    def error(self) -> float:
        """Relative difference of the 95th percentiles."""
        return self.simulated[0.95] / self.real[0.95] - 1


def compare(runs: Sequence[RealRun]) -> tuple[WorkerModel, list[LoadComparison]]:
    """Returns the model of the first run, and how well each run's model foretells its loads.

    Single jobs say what everything costs, and a saturated machine how much more that is while every
    core is at work; loads are foretold from that. Of a load, only its times and lengths are taken,
    and the cores that processes took which are not the service's.
    """
    first = runs[0]
    constant, rtf = batch_cost([first.singles.batches, first.burst.batches])
    models = [calibrated(run, constant, rtf) for run in runs]
    comparisons = [
        _compare(run, model, utilization, load)
        for run, model in zip(runs, models, strict=True)
        for utilization, load in run.loads.items()
    ]
    return models[0], comparisons


def calibrated(run: RealRun, constant: float, rtf: float) -> WorkerModel:
    """Returns the model of a run's service, from its single jobs and the saturated machine.

    Args:
        run: what was measured.
        constant, rtf: cost of batches, see ``batch_cost``; the run's own single jobs say how fast
            the machine was then.
    """
    singles, jobs = run.singles.batches, run.singles.jobs
    pace = singles.seconds / (constant * singles.batches + rtf * singles.audio_seconds)
    model = WorkerModel(pace * rtf, pace * constant)
    batches = [model.seconds_of(run.speech_share * job.audio_seconds) for job in jobs]
    made = [job.latency - job.accept - job.plan - job.answer for job in jobs]
    cpu = sum(run.singles.cpu_seconds.values()) / len(jobs)
    # Whoever waits for a single job waits for one core all the time, but for the flush.
    waited = sum(job.latency for job in jobs) / len(jobs) - model.flush_seconds
    beside = max(0.0, cpu - waited)
    overheads = tuple(
        JobOverhead(
            max(0.0, job.accept),
            max(0.0, job.plan),
            max(0.0, seconds - batch - model.flush_seconds),
            max(0.0, job.answer),
            beside,
        )
        for job, seconds, batch in zip(jobs, made, batches, strict=True)
    )
    model = replace(model, overheads=overheads, machine=SharedMachine(run.cores))
    return replace(model, machine=SharedMachine(run.cores, _contention(run, model)))


def _contention(run: RealRun, model: WorkerModel) -> float:
    """Returns the contention with which jobs take as long as they did on the saturated machine."""
    jobs, others = run.saturated.jobs, tuple(run.saturated.others)
    real = sum(job.latency for job in jobs) / len(jobs)
    arrivals = [JobArrival(job.at, run.speech_share * job.audio_seconds) for job in jobs]
    arrivals.sort(key=lambda arrival: arrival.at)
    low, high = 1.0, MOST_CONTENTION
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        machine = SharedMachine(run.cores, middle, others, INTERVAL)
        result = Simulation(replace(model, machine=machine), run.workers).run(arrivals)
        if sum(result.latencies()) / len(jobs) < real:
            low = middle
        else:
            high = middle
    return low


def _at_cost(model: WorkerModel, load: MeasuredPhase, audio_seconds: float) -> WorkerModel:
    """Returns a model whose jobs take as much CPU time as those of the load did, contention
    included."""
    overheads = model.overheads
    besides = sum(one.seconds + one.beside for one in overheads) / len(overheads)
    batch = model.batch_seconds * load.batches.batches / len(load.jobs)
    work = besides + batch + model.rtf * audio_seconds / len(load.jobs)
    factor = sum(load.cpu_seconds.values()) / len(load.jobs) / work
    assert model.machine is not None
    return replace(
        model,
        rtf=factor * model.rtf,
        batch_seconds=factor * model.batch_seconds,
        overheads=tuple(
            JobOverhead(*(factor * seconds for seconds in astuple(one))) for one in overheads
        ),
        machine=replace(model.machine, contention=1.0),
    )


def _compare(
    run: RealRun, model: WorkerModel, utilization: float, load: MeasuredPhase
) -> LoadComparison:
    machine = model.machine
    assert machine is not None
    share = run.speech_share
    arrivals = [JobArrival(job.at, share * job.audio_seconds) for job in load.jobs]
    taken = replace(machine, others=tuple(load.others), interval=INTERVAL)
    alone, model = model, replace(model, machine=taken)
    audio = sum(arrival.audio_seconds for arrival in arrivals)
    return LoadComparison(
        workers=run.workers,
        utilization=utilization,
        jobs=len(load.jobs),
        cores=run.cores,
        contention=machine.contention,
        others=sum(load.others) / max(1, len(load.others)),
        real=_quantiles([job.latency for job in load.jobs]),
        interval=_bootstrapped(load),
        simulated=_simulated(model, run.workers, arrivals),
        at_cost=_simulated(_at_cost(model, load, audio), run.workers, arrivals),
        spread=_spread(alone, run.workers, arrivals),
        apart=_simulated(replace(model, machine=None), run.workers, arrivals),
    )


def _simulated(
    model: WorkerModel, workers: int, arrivals: Sequence[JobArrival]
) -> dict[float, float]:
    return _quantiles(Simulation(model, workers).run(arrivals).latencies())


def _quantiles(latencies: Sequence[float]) -> dict[float, float]:
    ascending = sorted(latencies)
    return {q: quantile(ascending, q) for q in QUANTILES}


def _spread(
    model: WorkerModel, workers: int, arrivals: Sequence[JobArrival]
) -> tuple[float, float]:
    """Returns the interval of the 95th percentile over loads of that rate and those lengths."""
    seconds = arrivals[-1].at
    profile = RateProfile((0.0,), (len(arrivals) / seconds,))
    lengths = [arrival.audio_seconds for arrival in arrivals]
    found = []
    for seed in range(SEEDS):
        times = arrival_times(profile, 1.0, seconds, Random(seed))
        drawn = zip(times, sampled_lengths(lengths, Random(seed)), strict=False)
        load = [JobArrival(at, length) for at, length in drawn]
        found.append(_simulated(model, workers, load)[0.95])
    return _interval(found)


def _bootstrapped(load: MeasuredPhase) -> tuple[float, float]:
    """Returns the interval of the real 95th percentile, by a bootstrap of blocks of time.

    Source: H. R. Künsch, "The Jackknife and the Bootstrap for General Stationary Observations",
    Annals of Statistics 17 (1989): blocks keep what neighbours have to do with each other.
    """
    last = max(job.at for job in load.jobs)
    blocks: list[list[float]] = [[] for _ in range(int(last // BLOCK_SECONDS) + 1)]
    for job in load.jobs:
        blocks[int(job.at // BLOCK_SECONDS)].append(job.latency)
    random = Random(0)
    found = []
    for _ in range(RESAMPLES):
        drawn = [latency for _ in blocks for latency in random.choice(blocks)]
        if drawn:
            found.append(_quantiles(drawn)[0.95])
    return _interval(found)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    ascending, outside = sorted(values), (1 - INTERVAL_SHARE) / 2
    return quantile(ascending, outside), quantile(ascending, 1 - outside)
