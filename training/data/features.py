"""What FastSpeech 2 learns besides the mel: pitch and energy of every symbol.

Source: FastSpeech 2 §2.3 and appendix; ming024/FastSpeech2@d4e79eb preprocessor (facts only).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32, MelSpec

with warnings.catch_warnings():
    # pyworld 0.3.5 reads its own version through pkg_resources, which warns on import.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
    import pyworld

Float64 = NDArray[np.float64]


def pitch_contour(samples: Float64, sample_rate: int, hop_length: int) -> Float64:
    """F0 [Hz] per frame, 0 where unvoiced, (N // hop + 1,): WORLD's dio refined by stonemask."""
    period_ms = hop_length / sample_rate * 1000.0
    f0, clock = pyworld.dio(samples, sample_rate, frame_period=period_ms)
    contour: Float64 = pyworld.stonemask(samples, f0, clock, sample_rate)
    return contour


def bridge_unvoiced(f0: Float64) -> Float64:
    """F0 with unvoiced frames interpolated linearly; the edges hold the nearest voiced value."""
    voiced = np.flatnonzero(f0)
    if len(voiced) == 0:
        return f0
    return np.interp(np.arange(len(f0)), voiced, f0[voiced])


def mean_per_symbol(values: Float64, durations: Sequence[int]) -> Float64:
    """Mean of frame values over each symbol, 0 for a symbol without frames.

    >>> mean_per_symbol(np.array([1.0, 3.0, 5.0]), [2, 0, 1])
    array([2., 0., 5.])
    """
    edges = np.concatenate([[0], np.cumsum(durations)])
    total = np.concatenate([[0.0], np.cumsum(values[: edges[-1]])])
    sums = total[edges[1:]] - total[edges[:-1]]
    counts = np.asarray(durations)
    means: Float64 = np.divide(sums, counts, out=np.zeros(len(counts)), where=counts > 0)
    return means


def pitch_per_symbol(clip: Float32, spec: MelSpec, durations: Sequence[int]) -> list[float]:
    """Mean F0 [Hz] of each symbol in samples (N,), unvoiced stretches bridged."""
    f0 = pitch_contour(clip.astype(np.float64), spec.sample_rate, spec.hop_length)
    means: list[float] = mean_per_symbol(bridge_unvoiced(f0), durations).tolist()
    return means


def energy_per_symbol(magnitudes: Float32, durations: Sequence[int]) -> list[float]:
    """Mean norm of each symbol's frames in linear magnitudes (bins, T)."""
    norms = np.linalg.norm(magnitudes.astype(np.float64), axis=0)
    means: list[float] = mean_per_symbol(norms, durations).tolist()
    return means
