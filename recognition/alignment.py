"""CTC forced alignment: which frame stands for which of the labels that were meant.

Source: Graves et al. 2006 §4.1 for the states of CTC (a blank before, between and after the
labels), and for scores from both ends; the likeliest path through them is Viterbi's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.mel import Float32, Int64
from recognition.labels import BLANK, least_slots

IMPOSSIBLE = -np.inf


@dataclass(frozen=True, slots=True)
class ForcedAlignment:
    """The likeliest path of an utterance through its n labels, and those of its pieces.

    Attributes:
        path: (J,) int64 state of every frame: 2 k + 1 is label k, 2 k the blank before it.
        ended: (J + 1, n + 1) log-probability of the likeliest path of the first frames, as many as
            the row's index, through the first labels, as many as the column's.
        begun: (J + 1, n + 1) log-probability of the likeliest path of all frames from the row's
            index on through all labels from the column's on.
    """

    path: Int64
    ended: Float32
    begun: Float32

    @property
    def score(self) -> float:
        """Log-probability of the path."""
        return float(self.ended[-1, -1])

    def joined(self, first: Int64, second: Int64) -> Float32:
        """Returns log-probabilities of the likeliest paths through other labels than were meant.

        Equal labels where the two pieces meet have no blank between them.

        Args:
            first: (N,) how many labels come from the beginning.
            second: (N,) from which label on they go on to the end.
        """
        best: Float32 = (self.ended[:, first] + self.begun[:, second]).max(0)
        return best


def forced_alignments(
    scores: Sequence[Float32], labels: Sequence[Sequence[int]]
) -> list[ForcedAlignment | None]:
    """Returns how every utterance goes through its labels.

    All go together: a step of the search costs little more for a batch than for one.

    Args:
        scores: (J, V) log-probabilities of each utterance.
        labels: of each utterance, without blanks.

    Returns:
        None where there are fewer frames than CTC needs for the labels.

    >>> rows = np.log(np.array([[0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], np.float32))
    >>> forced_alignments([rows], [[1, 2]])[0].path
    array([1, 2, 3])
    """
    fits = [
        i
        for i, (rows, own) in enumerate(zip(scores, labels, strict=True))
        if len(rows) and least_slots(own) <= len(rows)
    ]
    found: list[ForcedAlignment | None] = [None] * len(labels)
    if fits:
        aligned = _search([scores[i] for i in fits], [labels[i] for i in fits])
        for i, one in zip(fits, aligned, strict=True):
            found[i] = one
    return found


def _search(scores: list[Float32], labels: list[Sequence[int]]) -> list[ForcedAlignment]:
    frames = np.array([len(rows) for rows in scores])
    states = np.array([2 * len(own) + 1 for own in labels])
    batch, longest, most = len(labels), int(frames.max()), int(states.max())
    # Both directions go together: from the end, frames and labels are those of speech reversed.
    best = np.full((longest, 2, batch, most), IMPOSSIBLE, np.float32)
    skips = np.full((2, batch, most), IMPOSSIBLE, np.float32)
    for b, (rows, own) in enumerate(zip(scores, labels, strict=True)):
        of_state = np.full(states[b], BLANK)
        of_state[1::2] = own
        emitted = rows[:, of_state]
        best[: frames[b], 0, b, : states[b]] = emitted
        best[: frames[b], 1, b, : states[b]] = emitted[::-1, ::-1]
        # From one label to the next without a blank, where they differ.
        differ = np.where(of_state[3::2] != of_state[1:-2:2], 0.0, IMPOSSIBLE)
        skips[0, b, 3 : states[b] : 2] = differ
        skips[1, b, 3 : states[b] : 2] = differ[::-1]
    best[0, :, :, 2:] = IMPOSSIBLE
    for t in range(1, longest):
        before = best[t - 1]
        reached = before.copy()
        np.maximum(reached[..., 1:], before[..., :-1], out=reached[..., 1:])
        skipped = before[..., :-2] + skips[..., 2:]
        np.maximum(reached[..., 2:], skipped, out=reached[..., 2:])
        best[t] += reached
    paths = _paths(best[:, 0], skips[0], frames, states)
    return [
        ForcedAlignment(
            paths[:n, b], _ended(best[:n, 0, b, :s]), _ended(best[:n, 1, b, :s])[::-1, ::-1]
        )
        for b, (n, s) in enumerate(zip(frames.tolist(), states.tolist(), strict=True))
    ]


def _paths(best: Float32, skips: Float32, frames: Int64, states: Int64) -> Int64:
    """Returns the states of the likeliest paths (T, B), undefined after an utterance's frames.

    Args:
        best: (T, B, states) score of the likeliest path to each state at each frame.
        skips: (B, states) 0 where a state follows the second one before it, else impossible.
        frames: (B,) of each utterance.
        states: (B,) of each utterance.
    """
    longest, batch, _ = best.shape
    paths = np.zeros((longest, batch), np.int64)
    every, last = np.arange(batch), states - 1
    # A path ends in the last label or in the blank after it.
    before = np.maximum(last - 1, 0)
    at_label = best[frames - 1, every, before] > best[frames - 1, every, last]
    ends = np.where(at_label, before, last)
    state = ends
    for t in range(longest - 1, -1, -1):
        state = np.where(t == frames - 1, ends, state)
        paths[t] = state
        if t:
            one, two = np.maximum(state - 1, 0), np.maximum(state - 2, 0)
            came = np.stack(
                [
                    best[t - 1, every, state],
                    np.where(state > 0, best[t - 1, every, one], IMPOSSIBLE),
                    np.where(state > 1, best[t - 1, every, two] + skips[every, state], IMPOSSIBLE),
                ]
            )
            state = state - came.argmax(0)
    return paths


def _ended(best: Float32) -> Float32:
    """Returns ``ended`` of an alignment from the scores of states (J, 2 n + 1)."""
    frames, states = best.shape
    ended = np.full((frames + 1, states // 2 + 1), IMPOSSIBLE, np.float32)
    ended[0, 0] = 0.0
    ended[1:] = best[:, ::2]
    ended[1:, 1:] = np.maximum(ended[1:, 1:], best[:, 1::2])
    return ended
