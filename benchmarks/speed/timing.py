"""Rounds over all cases in turn, so that a disturbance meets everybody."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.speed.process import Lap, Speaker


@dataclass(slots=True)
class Timing:
    """A case over rounds.

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
        """Median ×RT."""
        return statistics.median(self.speedups)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "speedup": self.speedup, "rtf": 1 / self.speedup}


def deal(texts: Sequence[str], hands: int) -> list[list[str]]:
    """Texts to processes: the longest first, each to the one with the least so far.

    >>> deal(["aaaa", "b", "ccc", "dd"], 2)
    [['aaaa', 'b'], ['ccc', 'dd']]
    """
    dealt: list[list[str]] = [[] for _ in range(hands)]
    for text in sorted(texts, key=len, reverse=True):
        min(dealt, key=lambda hand: sum(map(len, hand))).append(text)
    return dealt


def run_round(speakers: Sequence[Speaker], texts: Sequence[str]) -> tuple[float, list[Lap]]:
    """All processes of a case at once.

    Returns:
        Wall time until the last is done [s], and each one's lap.
    """
    hands = deal(texts, len(speakers))
    start = time.perf_counter()
    for speaker, hand in zip(speakers, hands, strict=True):
        speaker.send(hand)
    laps = [speaker.finish() for speaker in speakers]
    return time.perf_counter() - start, laps


def measure(
    speakers: dict[str, list[Speaker]],
    texts: Sequence[str],
    rounds: int,
    on_each: Callable[[], None],
) -> dict[str, Timing]:
    """Times every case, after one round that warms up and does not count."""
    cold = {name: max(s.cold_seconds for s in some) for name, some in speakers.items()}
    timings = {name: Timing(seconds) for name, seconds in cold.items()}
    laps: dict[str, list[Lap]] = {name: [] for name in speakers}
    for number in range(rounds + 1):
        for name, some in speakers.items():
            wall, done = run_round(some, texts)
            on_each()
            if number == 0:
                continue
            laps[name].extend(done)
            timings[name].audio_seconds = sum(lap.audio_seconds for lap in done)
            timings[name].speedups.append(timings[name].audio_seconds / wall)
    for name, timing in timings.items():
        timing.stage_rtf = stage_rtf(laps[name])
        timing.peak_bytes = max(lap.peak_bytes for lap in laps[name])
    return timings


def stage_rtf(laps: Sequence[Lap]) -> dict[str, float]:
    """Per stage Σ seconds / Σ audio seconds.

    >>> stage_rtf([Lap(10.0, {"text": 0.5}, 0), Lap(10.0, {"text": 1.5}, 0)])
    {'text': 0.1}
    """
    audio = sum(lap.audio_seconds for lap in laps)
    stages = {stage for lap in laps for stage in lap.stage_seconds}
    return {s: sum(lap.stage_seconds.get(s, 0.0) for lap in laps) / audio for s in sorted(stages)}
