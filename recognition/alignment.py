"""CTC forced alignment: which frame stands for which of the labels that were meant.

Source: Graves et al. 2006 §4.1 for the states of CTC (a blank before, between and after the
labels); the likeliest path through them is Viterbi's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32, Int64
from recognition.labels import BLANK, least_slots

IMPOSSIBLE = -np.inf


def forced_alignments(
    scores: Sequence[Float32], labels: Sequence[Sequence[int]]
) -> list[Int64 | None]:
    """Returns the likeliest path of every utterance through its labels.

    All go together: a step of the search costs little more for a batch than for one.

    Args:
        scores: (J, V) log-probabilities of each utterance.
        labels: of each utterance, without blanks.

    Returns:
        (J,) int64 state of every frame: 2 n + 1 is label n, 2 n the blank before it; None where
        there are fewer frames than CTC needs for the labels.

    >>> rows = np.log(np.array([[0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], np.float32))
    >>> forced_alignments([rows], [[1, 2]])[0]
    array([1, 2, 3])
    """
    fits = [
        i
        for i, (rows, own) in enumerate(zip(scores, labels, strict=True))
        if len(rows) and least_slots(own) <= len(rows)
    ]
    paths: list[Int64 | None] = [None] * len(labels)
    if fits:
        found = _search([scores[i] for i in fits], [labels[i] for i in fits])
        for i, path in zip(fits, found, strict=True):
            paths[i] = path
    return paths


def _search(scores: list[Float32], labels: list[Sequence[int]]) -> list[Int64]:
    frames = np.array([len(rows) for rows in scores])
    states = np.array([2 * len(own) + 1 for own in labels])
    batch, longest, most = len(labels), int(frames.max()), int(states.max())
    emitted = np.full((longest, batch, most), 0.0, np.float32)
    skips = np.zeros((batch, most), bool)
    for b, (rows, own) in enumerate(zip(scores, labels, strict=True)):
        of_state = np.full(states[b], BLANK)
        of_state[1::2] = own
        emitted[: frames[b], b, : states[b]] = rows[:, of_state]
        # From one label to the next without a blank, where they differ.
        skips[b, 3 : states[b] : 2] = of_state[3::2] != of_state[1:-2:2]
    best = np.full((batch, most), IMPOSSIBLE, np.float32)
    best[:, :2] = emitted[0, :, :2]
    best[states == 1, 1:] = IMPOSSIBLE
    back = np.zeros((longest, batch, most), np.int8)
    paths = [np.zeros(n, np.int64) for n in frames]
    ends = np.zeros(batch, np.int64)
    outside = np.arange(most)[None] >= states[:, None]
    for t in range(longest):
        if t:
            best, back[t] = _step(best, skips)
            best += emitted[t]
            best[outside] = IMPOSSIBLE
        for b in np.flatnonzero(frames == t + 1).tolist():
            last = states[b] - 1
            # A path ends in the last label or in the blank after it.
            ends[b] = last - (last > 0 and best[b, last - 1] > best[b, last])
    for b, path in enumerate(paths):
        state = int(ends[b])
        for t in range(frames[b] - 1, -1, -1):
            path[t] = state
            state -= int(back[t, b, state])
    return paths


def _step(best: Float32, skips: NDArray[np.bool_]) -> tuple[Float32, NDArray[np.int8]]:
    """Returns the best score of every state before its emission, and how far back it came from."""
    one, two = np.full_like(best, IMPOSSIBLE), np.full_like(best, IMPOSSIBLE)
    one[:, 1:] = best[:, :-1]
    two[:, 2:] = np.where(skips[:, 2:], best[:, :-2], IMPOSSIBLE)
    moved = one > best
    out = np.where(moved, one, best)
    jumped = two > out
    return np.where(jumped, two, out), np.where(jumped, 2, moved).astype(np.int8)
