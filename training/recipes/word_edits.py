"""Words left out of an utterance, repeated or exchanged, in its mel and in its labels alike.

A recognizer that has seen sentences alone learns which words follow which, and goes on to hear a
word that is missing. These edits make both equally likely.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from core.mel import Float32


class WordRun(NamedTuple):
    """A word of an utterance: symbols [start, end) and frames [first, last)."""

    start: int
    end: int
    first: int
    last: int


def word_runs(symbols: list[str], durations: list[int]) -> list[WordRun]:
    """Returns the words of an utterance, whose gaps belong to none.

    >>> word_runs([" ", "ə", " ", "t", "ˈɛ", "."], [4, 6, 2, 8, 7, 3])
    [WordRun(start=1, end=2, first=4, last=10), WordRun(start=3, end=5, first=12, last=27)]
    """
    edges = np.concatenate([[0], np.cumsum(durations)]).tolist()
    letters = [any(c.isalpha() for c in symbol) for symbol in symbols]
    bounds = [i for i, (a, b) in enumerate(pairwise([False, *letters, False])) if a != b]
    return [
        WordRun(a, b, edges[a], edges[b]) for a, b in zip(bounds[::2], bounds[1::2], strict=True)
    ]


def edit_words(
    mel: Float32, symbols: list[str], durations: list[int], draw: np.random.Generator
) -> tuple[Float32, list[str], list[int]]:
    """Returns an utterance with one word dropped, repeated, or exchanged with the next.

    Args:
        mel: (T, n_mels).
        symbols: of the utterance.
        durations: frames of each symbol, Σ = T.
        draw: source of randomness.

    Returns:
        All unchanged where there are fewer than three words.
    """
    words = word_runs(symbols, durations)
    if len(words) < 3:
        return mel, symbols, durations
    at = int(draw.integers(1, len(words) - 1))
    word, after = words[at], words[at + 1]
    # The gap before a word goes with it.
    before = words[at - 1]
    head = (0, before.end), (0, before.last)
    own = (before.end, word.end), (before.last, word.last)
    following = (word.end, after.end), (word.last, after.last)
    rest = (after.end, len(symbols)), (after.last, len(mel))
    order = {
        0: [head, following, rest],
        1: [head, own, own, following, rest],
        2: [head, following, own, rest],
    }[int(draw.integers(3))]
    # Within the gap between words two symbols of different words never touch.
    indices = [i for (start, end), _ in order for i in range(start, end)]
    frames = np.concatenate([mel[first:last] for _, (first, last) in order])
    return frames, [symbols[i] for i in indices], [durations[i] for i in indices]
