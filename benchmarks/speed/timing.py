"""Times all cases in turn, round by round, so that a disturbance meets all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.speed.process import RoundResult, SpeakingProcess


@dataclass(slots=True)
class Timing:
    """The measurements of one case.

    Attributes:
        cold_seconds: from spawning the process to the end of its first file, the slowest process.
        speedups: aggregate audio seconds / wall seconds, per round.
        stage_rtf: per stage, seconds of one process / its audio seconds, over all rounds.
        peak_bytes: highest resident memory of one process.
        audio_seconds: spoken per round [s].
    """

    cold_seconds: float
    speedups: list[float] = field(default_factory=list)
    stage_rtf: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    audio_seconds: float = 0.0

    @property
    def speedup(self) -> float:
        """Median of the rounds, in audio seconds per wall second."""
        return statistics.median(self.speedups)

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "speedup": self.speedup, "rtf": 1 / self.speedup}


def distribute(texts: Sequence[str], processes: int) -> list[list[str]]:
    """Distributes texts: the longest first, each to the process with the least so far.

    >>> distribute(["aaaa", "b", "ccc", "dd"], 2)
    [['aaaa', 'b'], ['ccc', 'dd']]
    """
    shares: list[list[str]] = [[] for _ in range(processes)]
    for text in sorted(texts, key=len, reverse=True):
        min(shares, key=lambda share: sum(map(len, share))).append(text)
    return shares


def run_round(
    processes: Sequence[SpeakingProcess], texts: Sequence[str]
) -> tuple[float, list[RoundResult]]:
    """Runs all processes of a case at once.

    Returns:
        Wall time until the last process is done [s], and each one's result.
    """
    shares = distribute(texts, len(processes))
    start = time.perf_counter()
    for process, share in zip(processes, shares, strict=True):
        process.send(share)
    results = [process.finish() for process in processes]
    return time.perf_counter() - start, results


def measure(
    processes: dict[str, list[SpeakingProcess]],
    texts: Sequence[str],
    rounds: int,
    on_each: Callable[[], None],
) -> dict[str, Timing]:
    """Times every case, after one round that warms up and does not count."""
    cold = {name: max(s.cold_seconds for s in some) for name, some in processes.items()}
    timings = {name: Timing(seconds) for name, seconds in cold.items()}
    results: dict[str, list[RoundResult]] = {name: [] for name in processes}
    for number in range(rounds + 1):
        for name, some in processes.items():
            wall, done = run_round(some, texts)
            on_each()
            if number == 0:
                continue
            results[name].extend(done)
            timings[name].audio_seconds = sum(result.audio_seconds for result in done)
            timings[name].speedups.append(timings[name].audio_seconds / wall)
    for name, timing in timings.items():
        timing.stage_rtf = stage_rtf(results[name])
        timing.peak_bytes = max(result.peak_bytes for result in results[name])
    return timings


def stage_rtf(results: Sequence[RoundResult]) -> dict[str, float]:
    """Returns Σ seconds / Σ audio seconds per stage.

    >>> stage_rtf([RoundResult(10.0, {"text": 0.5}, 0), RoundResult(10.0, {"text": 1.5}, 0)])
    {'text': 0.1}
    """
    audio = sum(result.audio_seconds for result in results)
    stages = {stage for result in results for stage in result.stage_seconds}
    return {
        s: sum(result.stage_seconds.get(s, 0.0) for result in results) / audio
        for s in sorted(stages)
    }
