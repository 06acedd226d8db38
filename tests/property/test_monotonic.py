"""Monotonic alignments against every alignment there is, counted one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from training.aligner.monotonic import best_durations, forward_sum_loss, log_prior

Case = tuple[np.ndarray[tuple[int, int, int], np.dtype[np.float32]], list[tuple[int, int]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Scores (B, T, L) of a padded batch, and the valid (T, L) of each."""
    sizes = []
    for _ in range(draw(st.integers(1, 3))):
        symbols = draw(st.integers(1, 4))
        sizes.append((draw(st.integers(symbols, 7)), symbols))
    shape = (len(sizes), max(t for t, _ in sizes), max(n for _, n in sizes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([0.1, 1.0, 30.0]))
    scores = (rng.standard_normal(shape) * spread).astype(np.float32)
    for row, (_, n) in zip(scores, sizes, strict=True):
        row[:, n:] = -1e4
    return scores, sizes


def alignments(frames: int, symbols: int) -> Iterator[list[int]]:
    """Durations of every monotonic alignment."""
    for cuts in combinations(range(1, frames), symbols - 1):
        yield [b - a for a, b in pairwise((0, *cuts, frames))]


def weight(
    scores: np.ndarray[tuple[int, int], np.dtype[np.float64]], durations: list[int]
) -> float:
    """Log-probability of one alignment."""
    symbols = np.repeat(np.arange(len(durations)), durations)
    return float(scores[np.arange(len(symbols)), symbols].sum())


@given(cases())
@settings(max_examples=100, deadline=None)
def test_the_search_finds_the_best_of_all_alignments(case: Case) -> None:
    scores, sizes = case
    frames, symbols = (np.array(x) for x in zip(*sizes, strict=True))
    found = best_durations(scores, frames, symbols)
    for row, (t, n), ours in zip(scores.astype(np.float64), sizes, found, strict=True):
        assert ours.sum() == t
        assert len(ours) == n
        assert ours.min() >= 1
        best = max(weight(row, d) for d in alignments(t, n))
        assert weight(row, ours.tolist()) == pytest.approx(best, abs=1e-6)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_forward_sum_is_the_sum_over_all_alignments(case: Case) -> None:
    scores, sizes = case
    given_scores = torch.from_numpy(scores).double().requires_grad_()
    by_hand = given_scores.detach().clone().requires_grad_()
    frames, symbols = (torch.tensor(x) for x in zip(*sizes, strict=True))
    loss = forward_sum_loss(given_scores, frames, symbols)
    total = torch.zeros((), dtype=torch.float64)
    for row, (t, n) in zip(by_hand, sizes, strict=True):
        each = [
            row[torch.arange(t), torch.arange(n).repeat_interleave(torch.tensor(d))].sum()
            for d in alignments(t, n)
        ]
        total = total - torch.logsumexp(torch.stack(each), 0)
    expected = total / frames.sum()
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    torch.autograd.backward([loss, expected])
    torch.testing.assert_close(given_scores.grad, by_hand.grad, rtol=1e-5, atol=1e-8)


@given(st.integers(1, 40), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_the_prior_is_the_beta_binomial(frames: int, symbols: int) -> None:
    size = (frames + 2, symbols + 3)
    ours = log_prior(torch.tensor([frames]), torch.tensor([symbols]), size)[0].numpy()
    t, n = np.arange(1, frames + 1)[:, None], np.arange(symbols)[None]
    expected = betabinom.logpmf(n, symbols - 1, t, frames - t + 1)
    np.testing.assert_allclose(ours[:frames, :symbols], expected, rtol=1e-3, atol=1e-3)
    assert (ours[frames:] < -1e3).all()
    assert (ours[:, symbols:] < -1e3).all()


def test_fewer_frames_than_symbols_have_no_alignment() -> None:
    with pytest.raises(ValueError, match="a frame for each"):
        best_durations(np.zeros((1, 2, 3), np.float32), np.array([2]), np.array([3]))
