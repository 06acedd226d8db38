"""The simulation of capacity keeps the laws of queues, and KEDA's rule is that of k8s/."""

from __future__ import annotations

import math
from itertools import pairwise, takewhile
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import cli.stack
import synthesis.parts
import workers.celery_runtime.queue_order
import workers.device.device_thread
from capacity import simulation
from capacity.arrivals import JobArrival, RateProfile, arrival_times, lognormal_lengths
from capacity.processors import fair_shares
from capacity.scaling import ReplicaController, ScalingRule
from capacity.simulation import (
    JobOverhead,
    SharedMachine,
    Simulation,
    WorkerModel,
    part_seconds,
)
from capacity.sizing import simulated, workers_needed
from workers.settings import WorkerSettings

SCALING = Path(__file__).parents[2] / "k8s" / "monitoring" / "scaling.yaml"

jobs = st.lists(
    st.builds(
        JobArrival,
        st.floats(0, 100),
        st.floats(0.5, 120),
        st.sampled_from(simulation.LANES),
    ),
    min_size=1,
    max_size=40,
).map(lambda some: sorted(some, key=lambda job: job.at))
overheads = st.builds(JobOverhead, *[st.floats(0, 1)] * 5)
machines = st.builds(
    SharedMachine,
    cores=st.floats(1, 4),
    contention=st.floats(1, 3),
    others=st.lists(st.floats(0, 4), max_size=5).map(tuple),
)
models = st.builds(
    WorkerModel,
    rtf=st.floats(0.01, 2),
    batch_seconds=st.floats(0, 0.5),
    overheads=st.lists(overheads, min_size=1, max_size=3).map(tuple),
    symbols_at_once=st.integers(1, 2000),
    flush_seconds=st.floats(0, 0.1),
    parts_at_once=st.integers(2, 40),
    lanes_apart=st.booleans(),
    machine=st.none() | machines,
)


@settings(deadline=None)
@given(jobs, models, st.integers(1, 4))
def test_nothing_is_lost_and_time_is_kept(
    arrivals: list[JobArrival], model: WorkerModel, count: int
) -> None:
    result = Simulation(model, count).run(arrivals)
    assert [job.arrival for job in result.jobs] == arrivals
    parts = [part for job in arrivals for part in part_seconds(job.audio_seconds)]
    assert sum(result.batches) == len(parts)
    for job in result.jobs:
        own = model.rtf * min(part_seconds(job.arrival.audio_seconds))
        assert job.latency >= job.overhead.seconds + own - 1e-6
    assert result.busy_seconds <= result.worker_seconds + 1e-6


@settings(deadline=None)
@given(jobs, models, st.integers(1, 4))
def test_littles_law_holds_on_every_path(
    arrivals: list[JobArrival], model: WorkerModel, count: int
) -> None:
    """The integral of the number of jobs in the service is the sum of their latencies.

    Source: J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (1961).
    """
    result = Simulation(model, count).run(arrivals)
    latencies = sum(job.latency for job in result.jobs)
    assert result.job_seconds == pytest.approx(latencies, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(jobs, models)
def test_one_lane_of_one_worker_is_first_come_first_served(
    arrivals: list[JobArrival], model: WorkerModel
) -> None:
    same = [JobArrival(job.at, min(job.audio_seconds, 6.0)) for job in arrivals]
    even = WorkerModel(
        model.rtf, model.batch_seconds, (JobOverhead(plan=0.1),), model.symbols_at_once
    )
    ends = [job.ended_at for job in Simulation(even, 1).run(same).jobs]
    assert all(first <= second + 1e-9 for first, second in pairwise(ends))


@settings(deadline=None)
@given(st.floats(0.01, 1), st.floats(0.5, 6.0))
def test_a_sentence_beside_a_book_waits_for_no_batch_of_it(rtf: float, audio: float) -> None:
    model = WorkerModel(rtf, flush_seconds=0.0)
    book = JobArrival(0.0, 600.0, "bulk")
    result = Simulation(model, 1).run([book, JobArrival(1.0, audio)])
    expected = rtf * audio / simulation.INTERACTIVE_SHARE
    assert result.jobs[1].latency == pytest.approx(expected)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_mean_wait_of_a_single_server_is_that_of_the_formula(load: float) -> None:
    """Poisson arrivals, equal jobs, one at a time: M/D/1, W = ρ s / (2 (1 − ρ)).

    Source: Pollaczek–Khinchine formula, e.g. L. Kleinrock, "Queueing Systems" vol. 1 (1975), 5.6.
    """
    seconds, audio = 0.5, 5.0
    model = WorkerModel(seconds / audio, symbols_at_once=1, flush_seconds=0.0)
    profile = RateProfile((0.0,), (load / seconds,))
    random = Random(7)
    arrivals = [JobArrival(at, audio) for at in arrival_times(profile, 1.0, 20000.0, random)]
    result = Simulation(model, 1).run(arrivals)
    wait = sum(job.latency - seconds for job in result.jobs) / len(result.jobs)
    assert wait == pytest.approx(load * seconds / (2 * (1 - load)), rel=0.1)
    assert result.utilization == pytest.approx(load, rel=0.05)


def test_mean_latency_of_random_jobs_is_that_of_the_formula() -> None:
    """Poisson arrivals, exponential jobs, one at a time: M/M/1, latency s / (1 − ρ).

    Source: L. Kleinrock, "Queueing Systems" vol. 1 (1975), 3.2.
    """
    load, seconds, audio = 0.6, 0.05, 0.5
    model = WorkerModel(seconds / audio, symbols_at_once=1, flush_seconds=0.0)
    random = Random(5)
    times = arrival_times(RateProfile((0.0,), (load / seconds,)), 1.0, 2000.0, random)
    arrivals = [JobArrival(at, random.expovariate(1 / audio)) for at in times]
    jobs = Simulation(model, 1).run(arrivals).jobs
    mean = sum(job.latency for job in jobs) / len(jobs)
    assert mean == pytest.approx(seconds / (1 - load), rel=0.1)


@pytest.mark.parametrize("cores", [1, 2, 3])
@pytest.mark.parametrize("load", [0.5, 0.75])
def test_mean_latency_of_more_synthesizers_than_cores_is_that_of_processor_sharing(
    cores: int, load: float
) -> None:
    """So many synthesizers that every job has one: cores are shared among all jobs, each getting
    at most one. Then the number of jobs is distributed as in M/M/c whatever their lengths, and the
    mean latency is s + C(c, a) s / (c − a), with C by Erlang; on one core s / (1 − ρ).

    Source: J. W. Cohen, "The Multiple Phase Service Network with Generalized Processor Sharing",
    Acta Informatica 12 (1979), for any lengths; L. Kleinrock, "Queueing Systems" vol. 1, 3.5.
    """
    seconds, audio = 0.1, 5.0
    model = WorkerModel(seconds / audio, flush_seconds=0.0, machine=SharedMachine(cores))
    profile = RateProfile((0.0,), (load * cores / seconds,))
    arrivals = [JobArrival(at, audio) for at in arrival_times(profile, 1.0, 600.0, Random(9))]
    jobs = Simulation(model, 60).run(arrivals).jobs
    offered = load * cores
    waits = offered**cores / math.factorial(cores) / (1 - load)
    waits /= waits + sum(offered**k / math.factorial(k) for k in range(cores))
    expected = seconds + waits * seconds / (cores - offered)
    assert sum(job.latency for job in jobs) / len(jobs) == pytest.approx(expected, rel=0.1)


@settings(deadline=None)
@given(jobs, st.integers(1, 6), st.floats(1, 4), st.floats(0.01, 1))
def test_a_machine_does_no_more_than_its_cores_can(
    arrivals: list[JobArrival], count: int, cores: float, rtf: float
) -> None:
    overhead = JobOverhead(0.1, 0.2, 0.3, 0.1)
    model = WorkerModel(rtf, overheads=(overhead,), machine=SharedMachine(cores))
    ended = Simulation(model, count).run(arrivals).jobs
    work = sum(overhead.seconds + rtf * job.arrival.audio_seconds for job in ended)
    span = max(job.ended_at for job in ended) - arrivals[0].at
    assert span >= work / cores - 1e-6


@settings(deadline=None)
@given(
    st.floats(0.1, 8),
    st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 3)), min_size=1, max_size=8),
)
def test_shares_use_all_that_can_be_used_by_weight(
    capacity: float, wishes: list[tuple[float, float]]
) -> None:
    shares = fair_shares(capacity, wishes)
    assert sum(shares) == pytest.approx(min(capacity, sum(limit for _, limit in wishes)))
    assert all(share <= limit + 1e-9 for share, (_, limit) in zip(shares, wishes, strict=True))
    short = [
        share / weight
        for share, (weight, limit) in zip(shares, wishes, strict=True)
        if share < limit - 1e-9
    ]
    assert all(one == pytest.approx(short[0]) for one in short)
    for share, (weight, _) in zip(shares, wishes, strict=True):
        assert all(share / weight <= one + 1e-6 for one in short)  # who has its limit has less


def test_contention_and_others_make_work_longer() -> None:
    def latency(count: int, machine: SharedMachine) -> float:
        model = WorkerModel(0.5, flush_seconds=0.0, machine=machine)
        jobs = Simulation(model, 4).run([JobArrival(0.0, 4.0)] * count).jobs
        return max(job.latency for job in jobs)

    assert latency(1, SharedMachine(2.0, 1.5)) == pytest.approx(2.0)
    assert latency(2, SharedMachine(2.0, 1.5)) == pytest.approx(3.0)
    assert latency(4, SharedMachine(2.0, 1.5)) == pytest.approx(6.0)
    assert latency(2, SharedMachine(2.0, others=(1.0,))) == pytest.approx(2.5)
    # In the first second both cores are at work, one of them for others.
    assert latency(1, SharedMachine(2.0, 1.5, others=(1.0,))) == pytest.approx(3.0 - 1 / 1.5)


def test_the_api_goes_before_synthesizers() -> None:
    accept = JobOverhead(accept=0.09)
    model = WorkerModel(0.5, overheads=(accept,), flush_seconds=0.0, machine=SharedMachine(1.0))
    first, second = Simulation(model, 2).run([JobArrival(0.0, 4.0), JobArrival(1.0, 4.0)]).jobs
    # 0.91 s of the first are done when the second comes, whose 0.09 s then take 0.1 s of the core;
    # from 1.1 s on each gets half of it.
    assert first.ended_at == pytest.approx(1.1 + 2 * (2.0 - 0.91 - 0.01))
    assert second.ended_at == pytest.approx(4.0 + 2 * 0.09)


def test_more_workers_are_no_slower() -> None:
    profile = RateProfile((0.0,), (3.0,))
    arrivals = [JobArrival(at, 5.0) for at in arrival_times(profile, 1.0, 600.0, Random(4))]
    for machine in (None, SharedMachine(4.0)):
        model = WorkerModel(0.06, 0.02, machine=machine)
        found = [simulated(model, count, arrivals).latency for count in (1, 2, 4, 8)]
        assert all(more <= fewer * 1.02 for fewer, more in pairwise(found))


def test_an_idle_worker_is_asked_before_one_that_has_been_given_a_part_since() -> None:
    """Who ends a batch has asked for the next message before, and keeps its place."""
    model = WorkerModel(0.1, flush_seconds=0.0)
    times = [0.0, 0.05, 0.2, 0.45, 0.5]
    lengths = [4.0, 1.0, 1.0, 4.0, 1.0]
    arrivals = [JobArrival(at, audio) for at, audio in zip(times, lengths, strict=True)]
    waits = [
        job.latency - 0.1 * job.arrival.audio_seconds
        for job in Simulation(model, 2).run(arrivals).jobs
    ]
    # In turn: the third goes to the first worker, which is at work until 0.4.
    assert waits == pytest.approx([0.0, 0.0, 0.2, 0.0, 0.0])


@pytest.mark.parametrize("burstiness", [0.0, 0.5, 1.0, 4.0])
def test_arrivals_have_the_rate_and_the_spread_that_are_asked_for(burstiness: float) -> None:
    profile = RateProfile((0.0,), (2.0,))
    times = list(arrival_times(profile, burstiness, 20000.0, Random(3)))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(0.5, rel=0.05)
    assert variance / mean**2 == pytest.approx(burstiness, rel=0.1, abs=1e-9)


def test_a_rate_may_change() -> None:
    profile = RateProfile((0.0, 10.0, 20.0), (1.0, 5.0, 0.0))
    times = list(arrival_times(profile, 0.0, 1e9, Random(0)))
    assert sum(at <= 10 for at in times) == 10
    assert sum(10 < at <= 20 for at in times) == 50
    assert len(times) == 60


def test_lengths_have_the_mean_that_is_asked_for() -> None:
    lengths = lognormal_lengths(120.0, 0.8, Random(5))
    drawn = [next(lengths) for _ in range(20000)]
    assert sum(drawn) / len(drawn) == pytest.approx(120.0, rel=0.03)


def test_the_fewest_workers_that_keep_a_goal_are_found() -> None:
    profile = RateProfile((0.0,), (5.0,))
    times = arrival_times(profile, 1.0, 300.0, Random(11))
    arrivals = [JobArrival(at, 8.0) for at in times]
    model = WorkerModel(0.1, 0.05, (JobOverhead(plan=0.1),))
    found = workers_needed(model, arrivals, 2.0)
    assert found is not None
    assert found.latency <= 2.0
    fewer = Simulation(model, found.workers - 1).run(arrivals).latencies()
    assert fewer[int(0.95 * len(fewer))] > 2.0
    assert workers_needed(model, arrivals, 0.5) is None


def test_the_rule_is_that_of_the_manifests() -> None:
    spec = yaml.safe_load(SCALING.read_text("utf-8"))["spec"]
    rule = ScalingRule()
    assert (rule.fewest, rule.most) == (spec["minReplicaCount"], spec["maxReplicaCount"])
    assert rule.interval == spec["pollingInterval"]
    (trigger,) = spec["triggers"]
    assert trigger["metricType"] == "AverageValue"
    assert trigger["metadata"]["query"] == "tts:backlog_work_seconds"
    assert rule.work_per_replica == float(trigger["metadata"]["threshold"])
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    down = behaviour["scaleDown"]
    assert set(behaviour) == {"scaleDown"}
    assert rule.down_window == down["stabilizationWindowSeconds"]
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": rule.down_period}]


def test_the_model_has_the_constants_of_the_workers() -> None:
    model, settings = WorkerModel(0.1), WorkerSettings()
    assert model.symbols_at_once == settings.symbols_per_batch
    assert model.flush_seconds == settings.flush_seconds
    assert model.parts_at_once == settings.parts_at_once
    assert workers.celery_runtime.queue_order.LIMITED_SHARE == simulation.BULK_ROOM
    assert synthesis.parts.FIRST_PART_SECONDS == simulation.FIRST_PART_SECONDS
    assert synthesis.parts.PART_SECONDS == 2 * simulation.MEAN_PART_SECONDS
    assert synthesis.parts.SECONDS_PER_PHONEME == simulation.SECONDS_PER_SYMBOL
    weight = 1.25**workers.device.device_thread.BULK_NICE
    assert weight / (1 + weight) == pytest.approx(simulation.INTERACTIVE_SHARE, abs=0.01)
    front = 1.25**cli.stack.WORKERS_NICE
    assert front == pytest.approx(simulation.FRONT_WEIGHT, rel=0.05)


def test_a_replica_is_added_for_every_minute_of_work_and_taken_away_slowly() -> None:
    scaler = ReplicaController(ScalingRule(), 1)
    assert scaler.look(0, 62.0) == 1  # within a tenth of what one should have
    assert scaler.look(15, 170.0) == 3
    assert scaler.look(30, 10000.0) == 7  # four more at once
    assert scaler.look(45, 10000.0) == 8
    looks = [scaler.look(45 + 15 * k, 0.0) for k in range(1, 300)]
    kept = list(takewhile(lambda count: count == 8, looks))
    assert len(kept) == 40  # ten minutes
    assert [looks.index(count) for count in range(7, 0, -1)] == [40 + 20 * k for k in range(7)]


def test_a_surge_is_met_by_more_workers_which_leave_again() -> None:
    profile = RateProfile((0.0, 300.0, 900.0), (1.0, 8.0, 1.0))
    times = arrival_times(profile, 1.0, 7200.0, Random(2))
    arrivals = [JobArrival(at, 8.0) for at in times]
    rule = ScalingRule(start_seconds=60.0)
    result = Simulation(WorkerModel(0.06, 0.05), 1, rule).run(arrivals)
    counts = [count for _, count in result.replicas]
    assert 3 <= max(counts) <= rule.most
    assert counts[-1] < max(counts)
    assert all(math.isfinite(job.latency) for job in result.jobs)
