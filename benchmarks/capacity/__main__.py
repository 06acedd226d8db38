"""``python -m benchmarks.capacity``: real runs beside their simulation; what audio costs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.capacity.comparison import TOLERANCE, LoadComparison, compare
from benchmarks.capacity.costs import Costs, measure_costs
from benchmarks.capacity.real_run import RealRun, run_service
from benchmarks.load.long_text import bench_text
from benchmarks.quality.sentences import read_sentences
from capacity.simulation import WorkerModel

SHORT_CHARACTERS = 90
"""Longest sentence of the load."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the options ask for.

    Returns:
        Exit status: 0, or 1 where the simulation is off by more than it may be.
    """
    options = _parser().parse_args(arguments)
    document: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    good = True
    if runs := _recorded(options.recorded) if options.recorded else _measured(options):
        model, comparisons = compare(runs)
        good = all(abs(one.error) <= TOLERANCE for one in comparisons)
        document |= {"runs": [asdict(run) for run in runs]}
        document["comparisons"] = [asdict(one) for one in comparisons]
        print(_format_comparisons(model, comparisons))
    if options.minutes:
        text = bench_text(options.minutes)
        document["book"] = _costs("a long text", measure_costs([text], "bulk"))
    if options.jobs:
        texts = [f"This is request number {i}." for i in range(options.jobs)]
        document["short"] = _costs("short jobs", measure_costs(texts, "interactive"))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0 if good else 1


def _recorded(paths: Sequence[Path]) -> list[RealRun]:
    documents = [msgspec.json.decode(path.read_bytes()) for path in paths]
    runs = [run for document in documents for run in document["runs"]]
    return msgspec.convert(runs, list[RealRun], strict=False)


def _measured(options: argparse.Namespace) -> list[RealRun]:
    texts = [s.text for s in read_sentences() if len(s.text) <= SHORT_CHARACTERS]
    runs = []
    for workers in options.workers:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{workers} synthesizers …", file=sys.stderr)
            runs.append(
                run_service(workers, texts, Path(folder), options.utilizations, options.seconds)
            )
    return runs


def _costs(name: str, costs: Costs) -> dict[str, Any]:
    print(_format_costs(name, costs))
    return asdict(costs)


def _format_comparisons(model: WorkerModel, comparisons: Sequence[LoadComparison]) -> str:
    lines = [
        f"one synthesizer: {model.batch_seconds * 1000:.0f} ms a batch and "
        f"{model.rtf:.4f} s a second of audio",
        "",
        "| synthesizers | utilization | jobs | contention | others [cores] "
        "| p50 real / simulated | p95 real (interval) | p95 simulated (spread) | off by "
        "| p95 at the load's cost | p95 apart |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.workers} | {one.utilization:g} | {one.jobs} | {one.contention:.2f} "
        f"| {one.others:.2f} | {one.real[0.5]:.2f} / {one.simulated[0.5]:.2f} s "
        f"| {one.real[0.95]:.2f} ({one.interval[0]:.2f} to {one.interval[1]:.2f}) s "
        f"| {one.simulated[0.95]:.2f} ({one.spread[0]:.2f} to {one.spread[1]:.2f}) s "
        f"| {one.error:+.0%} | {one.at_cost[0.95]:.2f} s | {one.apart[0.95]:.2f} s |"
        for one in comparisons
    ]
    return "\n".join(lines)


def _format_costs(name: str, costs: Costs) -> str:
    hours, megabyte = costs.audio_seconds / 3600, 1e6
    cpu = ", ".join(f"{process} {s:.2f} s" for process, s in costs.cpu_seconds.items())
    stored = ", ".join(
        f"{top} {size / megabyte:.1f} MB" for top, size in costs.stored_bytes.items()
    )
    commands, parts = costs.redis_commands, costs.parts
    memory = (costs.redis_bytes / megabyte, costs.redis_bytes_after / megabyte)
    return (
        f"{name}: {costs.jobs} jobs, {parts} parts, {hours:.3f} h of audio\n"
        f"  CPU {cpu}\n"
        f"  Redis {commands} commands ({commands / parts:.0f} a part), {memory[0]:.2f} MB more "
        f"while they ran, {memory[1]:.2f} MB after\n"
        f"  stored {stored}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument(
        "--workers", type=int, nargs="*", default=[1, 2, 4], help="synthesizers of each real run"
    )
    parser.add_argument("--seconds", type=float, default=60, help="of each load of a real run")
    parser.add_argument(
        "--recorded", type=Path, nargs="+", help="documents of --json: compare their runs again"
    )
    parser.add_argument(
        "--utilizations",
        type=float,
        nargs="+",
        default=[0.5, 0.75],
        help="of the loads, of what a burst reaches",
    )
    parser.add_argument("--minutes", type=float, default=0, help="of a text whose costs are told")
    parser.add_argument("--jobs", type=int, default=0, help="short ones whose costs are told")
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
