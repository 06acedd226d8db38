"""Aligns letters with phonemes: every word becomes a sequence of pairs such as (sh, ʃ).

Pairs have one or two letters and no, one or two phonemes. Their probabilities are estimated by
expectation maximization over all alignments of a sample, then every word takes its best one.

Source: S. Jiampojamarn, G. Kondrak, T. Sherif, "Applying Many-to-Many Alignments and Hidden Markov
Models to Letter-to-Phoneme Conversion", NAACL 2007.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

Phonemes = tuple[str, ...]
Pair = tuple[str, Phonemes]
"""Letters and the phonemes they stand for."""

_SHAPES = ((1, 0), (1, 1), (1, 2), (2, 1))
"""Numbers of letters and phonemes of a pair."""
_FIRST_GUESS = {0: 0.3, 1: 1.0, 2: 0.05}
"""Weights before the first iteration, by the number of phonemes."""
_LEAST = 1e-3
"""Expected count below which a pair is dropped."""


def estimate_pairs(words: Sequence[tuple[str, Phonemes]], iterations: int = 5) -> dict[Pair, float]:
    """Returns the probability of every pair.

    Args:
        words: spelling and phonemes.
        iterations: of expectation maximization.
    """
    probabilities: dict[Pair, float] = {}
    for _ in range(iterations):
        counts: defaultdict[Pair, float] = defaultdict(float)
        for letters, phonemes in words:
            _count(letters, phonemes, probabilities, counts)
        total = sum(counts.values())
        probabilities = {pair: n / total for pair, n in counts.items() if n > _LEAST}
    return probabilities


def _pairs_at(
    letters: str, phonemes: Phonemes, i: int, j: int, probabilities: Mapping[Pair, float]
) -> Iterator[tuple[int, int, Pair, float]]:
    """Yields the pairs that may start at letter i and phoneme j, where they end, their weight."""
    for a, b in _SHAPES:
        if i + a <= len(letters) and j + b <= len(phonemes):
            pair = (letters[i : i + a], phonemes[j : j + b])
            weight = probabilities.get(pair, 0.0) if probabilities else _FIRST_GUESS[b]
            if weight:
                yield i + a, j + b, pair, weight


def _count(
    letters: str,
    phonemes: Phonemes,
    probabilities: Mapping[Pair, float],
    counts: dict[Pair, float],
) -> None:
    """Adds a word's expected counts, by the forward-backward algorithm."""
    forward: dict[tuple[int, int], float] = {(0, 0): 1.0}
    steps: list[tuple[int, int, int, int, Pair, float]] = []
    for i in range(len(letters)):
        for j in range(len(phonemes) + 1):
            if value := forward.get((i, j)):
                for k, m, pair, weight in _pairs_at(letters, phonemes, i, j, probabilities):
                    forward[k, m] = forward.get((k, m), 0.0) + value * weight
                    steps.append((i, j, k, m, pair, weight))
    end = (len(letters), len(phonemes))
    if end not in forward:
        return
    backward: dict[tuple[int, int], float] = {end: 1.0}
    for i, j, k, m, _, weight in reversed(steps):
        if value := backward.get((k, m), 0.0):
            backward[i, j] = backward.get((i, j), 0.0) + value * weight
    for i, j, k, m, pair, weight in steps:
        if value := backward.get((k, m), 0.0):
            counts[pair] += forward[i, j] * weight * value / forward[end]


def best_alignment(
    letters: str, phonemes: Phonemes, probabilities: Mapping[Pair, float]
) -> tuple[Pair, ...] | None:
    """Returns a word's most probable pairs; None where no pairs make it up."""
    best: dict[tuple[int, int], tuple[float, tuple[Pair, ...]]] = {(0, 0): (0.0, ())}
    for i in range(len(letters)):
        for j in range(len(phonemes) + 1):
            if (i, j) not in best:
                continue
            value, path = best[i, j]
            for k, m, pair, weight in _pairs_at(letters, phonemes, i, j, probabilities):
                score = value + math.log(weight)
                if (k, m) not in best or best[k, m][0] < score:
                    best[k, m] = (score, (*path, pair))
    found = best.get((len(letters), len(phonemes)))
    return found[1] if found else None
