"""Finds outputs that fail as a whole, which are counted apart from word errors."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from core.mel import Float32

MIN_SECONDS = 0.25
"""Shorter than the shortest answer of the bench [s]."""
SILENT_RMS = 1e-3
"""−60 dBFS."""
LOST_TAIL_WORDS = 3
"""A weak recognizer mishears two words at the end; three missing ones are a cut."""
MIN_WORD_RATIO = 0.6
"""Fewer words than this share of the text are a cut, wherever they are missing."""


@dataclass(frozen=True, slots=True)
class FailureModes:
    """Which failures one output has."""

    empty: bool
    truncated: bool
    repeated: bool


def find_failure_modes(
    reference: str, transcript: str, samples: Float32, sample_rate: int
) -> FailureModes:
    """Returns the failures of one output.

    Args:
        reference: normalized text.
        transcript: normalized transcript.
        samples: (N,) float32.
        sample_rate: [Hz].
    """
    wanted, got = reference.split(), transcript.split()
    empty = is_silent(samples, sample_rate) or not got
    return FailureModes(
        empty=empty,
        truncated=not empty and is_truncated(wanted, got),
        repeated=is_repeated(wanted, got),
    )


def is_silent(samples: Float32, sample_rate: int) -> bool:
    """Returns whether the audio is too short or too quiet to be speech."""
    if samples.size < MIN_SECONDS * sample_rate:
        return True
    return float(np.sqrt(np.mean(np.square(samples)))) < SILENT_RMS


def is_truncated(wanted: list[str], got: list[str]) -> bool:
    """Returns whether the end of the text is missing, or much of it.

    >>> is_truncated("we walked home in the rain".split(), "we walked home".split())
    True
    >>> is_truncated("we walked home in the rain".split(), "we walked home in a train".split())
    False
    """
    if len(got) < MIN_WORD_RATIO * len(wanted):
        return True
    blocks = list(SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks())
    last = max((b for b in blocks if b.size), key=lambda b: b.a, default=None)
    if last is None:
        return False
    lost = len(wanted) - (last.a + last.size)
    return lost - (len(got) - (last.b + last.size)) >= LOST_TAIL_WORDS


def is_repeated(wanted: list[str], got: list[str]) -> bool:
    """Returns whether words come twice in a row, or one word three times, though not in the text.

    >>> is_repeated("we walked home".split(), "we walked we walked home".split())
    True
    """
    return bool(_repeated_runs(got) - _repeated_runs(wanted))


def _repeated_runs(words: list[str]) -> set[tuple[str, ...]]:
    """Returns runs of words that follow themselves; a single word counts from the third time."""
    repeated: set[tuple[str, ...]] = set()
    for size in range(1, len(words) // 2 + 1):
        times = 3 if size == 1 else 2
        for start in range(len(words) - size * times + 1):
            run = tuple(words[start : start + size])
            if all(
                tuple(words[start + k * size : start + (k + 1) * size]) == run
                for k in range(1, times)
            ):
                repeated.add(run)
    return repeated
