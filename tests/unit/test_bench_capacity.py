"""The comparison of real runs with their simulation, on runs that are themselves simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import pytest

from benchmarks.capacity.__main__ import main
from benchmarks.capacity.comparison import calibrated, compare
from benchmarks.capacity.cpu_watch import INTERVAL
from benchmarks.capacity.real_run import MeasuredJob, MeasuredPhase, RealRun
from capacity.arrivals import JobArrival, RateProfile, arrival_times
from capacity.calibration import MeasuredBatches
from capacity.simulation import JobOverhead, SharedMachine, Simulation, WorkerModel

RTF, BESIDE, CORES = 0.06, 0.03, 2
OVERHEAD = JobOverhead(0.01, 0.03, 0.04, 0.02, BESIDE)


def phase_of(model: WorkerModel, workers: int, arrivals: Sequence[JobArrival]) -> MeasuredPhase:
    """Returns what a service would measure that behaves as the model does.

    Args:
        model: of the service.
        workers: synthesizers.
        arrivals: the jobs.
    """
    result = Simulation(model, workers).run(arrivals)
    audio = sum(arrival.audio_seconds for arrival in arrivals)
    jobs = [
        MeasuredJob(
            job.arrival.at,
            job.latency,
            job.arrival.audio_seconds,
            OVERHEAD.accept,
            OVERHEAD.plan,
            OVERHEAD.answer,
        )
        for job in result.jobs
    ]
    besides = OVERHEAD.seconds + BESIDE
    return MeasuredPhase(
        seconds=max(job.ended_at for job in result.jobs),
        jobs=jobs,
        batches=MeasuredBatches(len(result.batches), audio, result.busy_seconds),
        cpu_seconds={"planner": len(jobs) * besides, "synthesizer-0": RTF * audio},
        others=list(model.machine.others) if model.machine else [],
    )


def run_of(workers: int, contention: float = 1.0, others: float = 0.0) -> RealRun:
    """Returns the run of a service; others take so many cores in every other second of the load."""
    machine = SharedMachine(CORES, contention, interval=INTERVAL)
    model = WorkerModel(RTF, overheads=(OVERHEAD,), machine=machine)
    lengths = Random(1)
    apart = [JobArrival(2.0 * at, lengths.uniform(2, 6)) for at in range(6)]
    burst = [JobArrival(0.0, lengths.uniform(2, 6)) for _ in range(10 * workers)]
    often = [JobArrival(0.05 * at, lengths.uniform(2, 6)) for at in range(40)]
    rate = min(1.5 * workers, 3.6)
    times = arrival_times(RateProfile((0.0,), (rate,)), 1.0, 60.0, Random(workers))
    load = [JobArrival(at, lengths.uniform(2, 6)) for at in times]
    taken = replace(machine, others=(others, others, 0.0, 0.0) * 30)
    return RealRun(
        workers=workers,
        cores=CORES,
        singles=phase_of(model, workers, apart),
        burst=phase_of(model, workers, burst),
        saturated=phase_of(model, workers, often),
        speech_share=1.0,
        loads={0.6: phase_of(replace(model, machine=taken), workers, load)},
    )


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_costs_are_those_of_single_jobs_and_of_a_saturated_machine(workers: int) -> None:
    model = calibrated(run_of(workers, 1.2), 0.0, RTF)
    assert model.rtf == pytest.approx(RTF)
    (overhead, *_) = model.overheads
    assert overhead.plan == pytest.approx(OVERHEAD.plan)
    assert overhead.seconds == pytest.approx(OVERHEAD.seconds)
    assert overhead.beside == pytest.approx(BESIDE)
    assert model.machine is not None
    assert model.machine.contention == pytest.approx(1.2, rel=0.01)


def test_a_service_that_behaves_as_the_model_is_foretold() -> None:
    _, comparisons = compare([run_of(1), run_of(2, 1.1), run_of(4, 1.3)])
    assert [one.workers for one in comparisons] == [1, 2, 4]
    assert all(abs(one.error) < 0.05 for one in comparisons)
    more = comparisons[-1]
    assert more.interval[0] <= more.real[0.95] <= more.interval[1]
    assert more.spread[0] < more.spread[1]
    assert more.apart[0.95] < 0.7 * more.real[0.95]


def test_what_others_took_during_the_load_is_taken_into_account() -> None:
    _, (_, disturbed) = compare([run_of(1), run_of(2, 1.1, others=1.2)])
    assert disturbed.others == pytest.approx(0.6)
    assert abs(disturbed.error) < 0.05
    assert disturbed.spread[0] < disturbed.real[0.95]  # the spread is that of a machine of its own


def test_recorded_runs_are_compared_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path, run in zip(paths, (run_of(1), run_of(2)), strict=True):
        path.write_text(json.dumps({"runs": [asdict(run)]}), "utf-8")
    out = tmp_path / "all.json"
    assert main(["--recorded", *map(str, paths), "--json", str(out)]) == 0
    table = capsys.readouterr().out
    assert "| 1 | 0.6 |" in table
    assert "| 2 | 0.6 |" in table
    assert len(json.loads(out.read_text("utf-8"))["runs"]) == 2
