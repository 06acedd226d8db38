"""``python -m benchmarks.speed``: text to WAV bytes, beside Piper in the same run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.quality.sentences import read_sentences
from benchmarks.speed.cases import RUNTIMES, TimedCase, our_cases, piper_cases
from benchmarks.speed.process import SpeakingProcess
from benchmarks.speed.table import markdown
from benchmarks.speed.timing import Timing, measure
from synthesis.settings import SynthesisSettings

WARM_UP = "Hello there."


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench.

    Returns:
        Exit status: 0, or 1 when nothing could be timed.
    """
    options = _parser().parse_args(arguments)
    console, settings = Console(stderr=True), SynthesisSettings.from_environment()
    cases = [case for case in _cases(options, settings) if _wanted(case, options.systems)]
    texts = [sentence.text for sentence in read_sentences(options.sentences)]
    processes: dict[str, list[SpeakingProcess]] = {}
    missing: dict[str, str] = {}
    with Progress(console=console) as progress:
        task = progress.add_task("loading", total=len(cases))
        for case in cases:
            try:
                processes[case.name] = _open(case, settings)
            except RuntimeError as error:
                missing[case.name] = str(error)
            progress.advance(task)
        task = progress.add_task("speaking", total=len(processes) * (options.rounds + 1))
        load = os.getloadavg()[0]
        timings = measure(processes, texts, options.rounds, lambda: progress.advance(task))
    for some in processes.values():
        for process in some:
            process.close()
    machine = _machine(load, len(texts))
    print(markdown(timings, missing, machine))
    if options.json:
        _write(options.json, timings, missing, machine, cases)
    return 0 if timings else 1


def _cases(options: argparse.Namespace, settings: SynthesisSettings) -> list[TimedCase]:
    runtimes = [name for name in RUNTIMES[::-1] if name in options.runtimes.split(",")]
    catalogue = settings.catalogue()
    ours = our_cases(catalogue, runtimes, options.batch, options.processes)
    return ours + piper_cases(options.processes)


def _open(case: TimedCase, settings: SynthesisSettings) -> list[SpeakingProcess]:
    """One at a time: the first exports what is missing, and cold starts are timed alone."""
    opened = [SpeakingProcess(case, settings, WARM_UP) for _ in range(case.processes)]
    if case.choice is not None and case.processes > 1:
        opened[0].cold_seconds = opened[1].cold_seconds  # the first may have exported
    return opened


def _wanted(case: TimedCase, patterns: str) -> bool:
    return any(fnmatch(case.name, f"*{pattern.strip()}*") for pattern in patterns.split(";"))


def _machine(load: float, sentences: int) -> dict[str, object]:
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "sentences": sentences,
    }


def _write(
    path: Path,
    timings: dict[str, Timing],
    missing: dict[str, str],
    machine: dict[str, object],
    cases: Sequence[TimedCase],
) -> None:
    facts = {case.name: case.facts() for case in cases}
    systems = {name: {**facts[name], **timing.as_json()} for name, timing in timings.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {**machine, "systems": systems, "missing": missing}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--systems", default="", help="parts of row names, split by semicolons")
    parser.add_argument("--runtimes", default=",".join(RUNTIMES), help="comma-separated")
    parser.add_argument("--sentences", type=int, default=24, help="how many, evenly spread")
    parser.add_argument("--rounds", type=int, default=5, help="that count; one more warms up")
    parser.add_argument("--batch", type=int, default=8, help="texts spoken together")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="one per core")
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
