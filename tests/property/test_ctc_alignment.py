"""Forced alignment: the best of all paths, whatever shares the batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.mel import Float32, Int64
from recognition.alignment import forced_alignments
from recognition.labels import BLANK, least_slots

LABELS = st.lists(st.integers(1, 3), max_size=4)


def scores_of(frames: int, seed: int) -> Float32:
    """Log-probabilities (frames, 4)."""
    logits = np.random.default_rng(seed).normal(0.0, 3.0, (frames, 4))
    scores: Float32 = (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)
    return scores


def emitted(path: Int64, labels: list[int]) -> list[int]:
    """Labels and blanks, frame by frame."""
    return [labels[state // 2] if state % 2 else BLANK for state in path.tolist()]


def total(scores: Float32, frames: list[int]) -> float:
    return float(scores[np.arange(len(frames)), frames].sum())


def all_paths(labels: list[int], frames: int) -> Iterator[list[int]]:
    """Every sequence of frames that CTC reads as these labels."""
    for path in product(sorted({BLANK, *labels}), repeat=frames):
        kept = [b for a, b in zip([BLANK, *path], path, strict=False) if b != a]
        if [label for label in kept if label != BLANK] == labels:
            yield list(path)


@given(LABELS, st.integers(0, 6), st.integers(0, 2**31))
def test_no_path_is_better(labels: list[int], frames: int, seed: int) -> None:
    scores = scores_of(frames, seed)
    (alignment,) = forced_alignments([scores], [labels])
    if frames < max(1, least_slots(labels)):
        assert alignment is None
        return
    assert alignment is not None
    best = max(total(scores, other) for other in all_paths(labels, frames))
    assert abs(total(scores, emitted(alignment.path, labels)) - best) < 1e-4
    assert abs(alignment.score - best) < 1e-4


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=3), st.integers(3, 6), st.integers(0, 2**31)
)
def test_labels_left_out_or_repeated_score_as_if_they_were_meant_so(
    labels: list[int], frames: int, seed: int
) -> None:
    labels = [label for label, other in zip(labels, [0, *labels], strict=False) if label != other]
    scores = scores_of(frames, seed)
    (alignment,) = forced_alignments([scores], [labels])
    assert alignment is not None
    others = [(labels[1:], 0, 1), (labels[:-1], len(labels) - 1, len(labels))]
    if labels[0] != labels[-1]:
        others.append(([*labels, *labels], len(labels), 0))
    for other, first, second in others:
        (meant,) = forced_alignments([scores], [other])
        (joined,) = alignment.joined(np.array([first]), np.array([second])).tolist()
        assert meant is None or abs(joined - meant.score) < 1e-4


@given(LABELS, st.integers(1, 40), st.integers(0, 2**31))
def test_states_go_forward_through_every_label(labels: list[int], more: int, seed: int) -> None:
    (alignment,) = forced_alignments([scores_of(least_slots(labels) + more, seed)], [labels])
    assert alignment is not None
    path = alignment.path
    steps = np.diff(path, prepend=-1 if path[0] == 0 else 0)
    assert steps.min() >= 0
    assert {s // 2 for s in path.tolist() if s % 2} == set(range(len(labels)))


@given(st.lists(st.tuples(LABELS, st.integers(0, 30)), min_size=1, max_size=5), st.integers(0, 99))
def test_a_batch_is_its_items(items: list[tuple[list[int], int]], seed: int) -> None:
    scores = [scores_of(frames, seed + i) for i, (_, frames) in enumerate(items)]
    labels = [own for own, _ in items]
    together = forced_alignments(scores, labels)
    for one, rows, own in zip(together, scores, labels, strict=True):
        (alone,) = forced_alignments([rows], [own])
        assert (one is None) == (alone is None)
        if one and alone:
            np.testing.assert_array_equal(one.path, alone.path)
            np.testing.assert_array_equal(one.ended, alone.ended)
            np.testing.assert_array_equal(one.begun, alone.begun)
