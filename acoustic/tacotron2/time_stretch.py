"""Speed for a network that has none: the mel is stretched in time, symbol by symbol."""

from __future__ import annotations

import numpy as np

from core.mel import Float32, Int64


def time_stretch(mel: Float32, durations: Int64, speed: Float32) -> tuple[Float32, Int64]:
    """Returns the mel at another speed, interpolated linearly between frames.

    Args:
        mel: (n_mels, T) float32.
        durations: (L,) int64 frames, Σ = T > 0.
        speed: (L,) float32, 2.0 = half the duration.

    Returns:
        mel (n_mels, T') float32 and durations (L,) int64, Σ = T' ≥ 1; the boundaries are rounded
        once each, so that no drift adds up.

    >>> time_stretch(np.ones((2, 4), np.float32), np.array([1, 3]), np.full(2, 2, np.float32))[1]
    array([0, 2])
    """
    old = np.concatenate([[0], durations.cumsum()]).astype(np.float64)
    new = np.concatenate([[0.0], (durations / speed.astype(np.float64)).cumsum()])
    edges = np.rint(new).astype(np.int64)
    edges[-1] = max(1, edges[-1])
    total = int(edges[-1])
    clock = (np.arange(total) + 0.5) * (new[-1] / total)
    source = np.interp(clock, new, old) - 0.5  # centres of the new frames on the old clock
    low = np.clip(np.floor(source).astype(np.int64), 0, mel.shape[1] - 1)
    high = np.minimum(low + 1, mel.shape[1] - 1)
    part = np.clip(source - low, 0, 1).astype(np.float32)
    stretched: Float32 = mel[:, low] * (1 - part) + mel[:, high] * part
    return stretched, np.diff(np.minimum(edges, total))
