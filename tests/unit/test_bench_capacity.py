"""The comparison of real runs with their simulation, on runs that are themselves simulated."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.capacity.comparison import compare
from benchmarks.capacity.real_run import MeasuredJob, RealRun
from capacity.arrivals import JobArrival, RateProfile, arrival_times
from capacity.calibration import MeasuredBatches
from capacity.simulation import Simulation, WorkerModel

RTF, CONSTANT, OVERHEAD = 0.06, 0.04, 0.1
AUDIO = 4.0


def run_of(workers: int, slowdown: float, interference: float = 1.0) -> RealRun:
    """Returns what a service would measure that behaves as the model does; other processes make it
    slower by a factor in the load alone."""
    model = WorkerModel(
        interference * RTF,
        interference * CONSTANT,
        (interference * OVERHEAD,),
        slowdown=(1.0, slowdown)[:workers],
    )
    times = arrival_times(RateProfile((0.0,), (1.5 * workers,)), 1.0, 60.0, Random(workers))
    result = Simulation(model, workers).run(JobArrival(at, AUDIO) for at in times)
    jobs, batches = result.jobs, len(result.batches)
    single = CONSTANT + RTF * AUDIO
    factor = slowdown if workers > 1 else 1.0
    return RealRun(
        workers=workers,
        singles=[MeasuredJob(0.0, OVERHEAD + single, AUDIO)] * 3,
        single_batches=MeasuredBatches(3, 3 * AUDIO, 3 * single),
        burst_batches=MeasuredBatches(4, 40 * AUDIO, factor * (4 * CONSTANT + 40 * RTF * AUDIO)),
        burst_speed=1 / RTF,
        speech_share=1.0,
        load=[MeasuredJob(job.arrival.at, job.latency, AUDIO) for job in jobs],
        load_batches=MeasuredBatches(batches, len(jobs) * AUDIO, result.busy_seconds),
    )


def test_a_service_that_behaves_as_the_model_is_foretold() -> None:
    model, comparisons = compare([run_of(1, 1.0), run_of(2, 1.6)])
    assert model.rtf == pytest.approx(RTF)
    assert model.batch_seconds == pytest.approx(CONSTANT)
    assert [one.slowdown for one in comparisons] == [1.0, pytest.approx(1.6)]
    assert all(abs(one.error) < 0.01 for one in comparisons)
    assert comparisons[1].unhindered[0.95] < comparisons[1].real[0.95]


def test_what_else_a_machine_did_during_the_load_is_taken_into_account() -> None:
    _, comparisons = compare([run_of(1, 1.0, 1.8), run_of(2, 1.6, 0.7)])
    assert [one.interference for one in comparisons] == pytest.approx([1.8, 0.7], rel=0.02)
    assert all(abs(one.error) < 0.1 for one in comparisons)
    assert comparisons[0].undisturbed[0.95] < 0.7 * comparisons[0].real[0.95]
