"""Monotonic alignments of frames to symbols: their total probability, and the best of them.

An alignment gives every symbol at least one frame, in order, and every frame one symbol.

Source: One TTS Alignment To Rule Them All (arXiv 2108.10447) §2.1: the forward-sum through CTC,
the beta-binomial prior; Glow-TTS (arXiv 2005.11129) §3.2 and algorithm 1: the search.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from acoustic.masks import length_mask
from core.mel import Float32, Int64

NEVER = -1e4
"""Log-probability of what may not be: finite, so that gradients stay so, and 0 in float32."""


def log_prior(frames: Tensor, symbols: Tensor, size: tuple[int, int]) -> Tensor:
    """Beta-binomial prior along the diagonal, natural log.

    In frame t of T (from 1), symbol n of L has the probability of n successes in L - 1 draws whose
    chance is Beta(t, T - t + 1): wide in the middle, narrow at both ends.

    Args:
        frames: (B,) int64, T.
        symbols: (B,) int64, L.
        size: frames and symbols of the padded result.

    Returns:
        (B, T, L) float32, NEVER outside.

    >>> prior = log_prior(torch.tensor([3]), torch.tensor([2]), (3, 2))
    >>> prior.exp()[0].round(decimals=2).tolist()
    [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]
    """
    t = torch.arange(1, size[0] + 1, device=frames.device)[None, :, None].float()
    n = torch.arange(size[1], device=frames.device)[None, None, :].float()
    draws = symbols[:, None, None] - 1.0
    alpha = t
    valid = (t <= frames[:, None, None]) & (n <= draws)
    beta = (frames[:, None, None] - t + 1.0).clamp(min=1.0)
    left = (draws - n).clamp(min=0.0)
    ways = _log_factorial(draws) - _log_factorial(n) - _log_factorial(left)
    value = ways + _log_beta(n + alpha, left + beta) - _log_beta(alpha, beta)
    return value.masked_fill(~valid, NEVER)


def _log_factorial(n: Tensor) -> Tensor:
    return torch.lgamma(n + 1.0)


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def forward_sum_loss(scores: Tensor, frames: Tensor, symbols: Tensor) -> Tensor:
    """Minus the log of the sum over all monotonic alignments of exp(their scores), per frame.

    CTC over the labels 1 … L sums exactly these, once its blank has no probability: all labels
    differ, so none of its paths needs one. Differs: the paper lets the blank take part.

    Args:
        scores: (B, T, L) float32, logs of probabilities or of densities; NEVER beyond L.
        frames: (B,) int64 valid frames.
        symbols: (B,) int64 valid symbols, none above its frames.

    Returns:
        () float32, mean over all valid frames.
    """
    padded = F.pad(scores, (1, 0), value=NEVER)
    # torch's gradient of CTC holds for normalized input alone; what that takes is given back.
    total = padded.logsumexp(2)
    normal = (padded - total[:, :, None]).transpose(0, 1)
    labels = torch.arange(1, scores.shape[2] + 1, device=scores.device)
    each = F.ctc_loss(normal, labels.expand(len(scores), -1), frames, symbols, reduction="none")
    valid = length_mask(frames, scores.shape[1])
    return (each.sum() - total[valid].sum()) / frames.sum()


def best_durations(scores: Float32, frames: Int64, symbols: Int64) -> list[Int64]:
    """Frames of each symbol in the likeliest monotonic alignment: exact, by dynamic programming.

    Args:
        scores: (B, T, L) float32 log-probabilities.
        frames: (B,) int64 valid frames.
        symbols: (B,) int64 valid symbols, none above its frames.

    Returns:
        B times (L,) int64, each at least 1, Σ = T.

    Raises:
        ValueError: fewer frames than symbols.

    >>> scores = np.log(np.array([[[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]]], np.float32))
    >>> best_durations(scores, np.array([3]), np.array([2]))
    [array([2, 1])]
    """
    if (frames < symbols).any() or (symbols < 1).any():
        raise ValueError("an alignment needs at least one symbol, and a frame for each")
    came = _forward(scores)
    batch = np.arange(len(scores))
    counts = np.zeros((len(scores), scores.shape[2]), np.int64)
    at = symbols - 1
    for t in range(scores.shape[1] - 1, -1, -1):
        live = t < frames
        counts[batch[live], at[live]] += 1
        at = np.where(live & came[t, batch, at], at - 1, at)
    return [row[:n] for row, n in zip(counts, symbols, strict=True)]


def _forward(scores: Float32) -> NDArray[np.bool_]:
    """(T, B, L): whether the best way into this symbol comes from the one before it."""
    b, t, n = scores.shape
    came = np.zeros((t, b, n), bool)
    best = np.full((b, n), -np.inf)
    best[:, 0] = scores[:, 0, 0]
    for i in range(1, t):
        moved = np.concatenate([np.full((b, 1), -np.inf), best[:, :-1]], axis=1)
        came[i] = moved > best
        best = np.maximum(moved, best) + scores[:, i]
    return came
