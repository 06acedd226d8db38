"""Durations out of an attention alignment."""

from __future__ import annotations

import numpy as np

from core.mel import Float32, Int64

STRAY_SYMBOLS = 3
"""Attention this far behind the furthest symbol has gone back. Our choice: between neighbours a
soft alignment wavers, and words of two symbols are too short to be noticed twice."""


def durations_of(alignment: Float32, n_frames_per_step: int = 1) -> Int64:
    """Returns the frames that an alignment spends on each symbol, never going back.

    Args:
        alignment: (S, L) float32 attention weights of each step.
        n_frames_per_step: frames of each step.

    Returns:
        (L,) int64; the sum is S · n_frames_per_step.

    >>> durations_of(np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32)).tolist()
    [1, 2, 1]
    """
    steps, symbols = alignment.shape
    attended = np.maximum.accumulate(alignment.argmax(axis=1)) if steps else np.zeros(0, np.int64)
    counts = np.bincount(attended, minlength=symbols)
    return counts.astype(np.int64) * n_frames_per_step


def stray_frames(alignment: Float32, n_frames_per_step: int = 1) -> int:
    """Returns how many frames the attention spent on symbols it had left: a word repeated.

    Args:
        alignment: (S, L) float32 attention weights of each step.
        n_frames_per_step: frames of each step.

    >>> stray_frames(np.eye(6, dtype=np.float32)[[0, 1, 2, 3, 4, 0, 1, 2, 5]])
    2
    """
    attended = alignment.argmax(axis=1)
    behind = np.maximum.accumulate(attended) - attended
    return int((behind >= STRAY_SYMBOLS).sum()) * n_frames_per_step
