"""Log-mels of samples under any MelSpec, without torch and on one thread.

What is spoken from exports needs no torch, and utterances are short: threads that wait for each
other would take many times the processor time of one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.mel import Float32, MelSpec

Float64 = NDArray[np.float64]


def _hz_to_mel(hz: Float64, scale: str) -> Float64:
    if scale == "htk":
        mel: Float64 = 2595.0 * np.log10(1.0 + hz / 700.0)
        return mel
    # Slaney, Auditory Toolbox (1998): linear below 1 kHz, 27 bands per factor 6.4 above.
    logarithmic = 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, logarithmic)


def _mel_to_hz(mel: Float64, scale: str) -> Float64:
    if scale == "htk":
        hz: Float64 = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
        return hz
    logarithmic = 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, logarithmic)


def mel_filters(spec: MelSpec) -> Float32:
    """Returns triangular filters of unit area (n_mels, n_fft // 2 + 1) float32.

    Source: Slaney, Auditory Toolbox (1998), mfcc.m: area norm 2 / (upper - lower).
    """
    low, high = _hz_to_mel(np.array([spec.f_min, spec.f_max]), spec.mel_scale)
    edges = _mel_to_hz(np.linspace(low, high, spec.n_mels + 2), spec.mel_scale)  # (n_mels + 2,)
    bins = np.linspace(0.0, spec.sample_rate / 2, spec.n_fft // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    filters = np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]
    return filters.astype(np.float32)


def log_mel(samples: Float32, spec: MelSpec) -> Float32:
    """Returns the log-mel (n_mels, T) float32 of samples (N,) float32 in [-1, 1]."""
    window, filters = _tables(spec)
    edge = spec.n_fft - spec.hop_length if spec.padding == "reflect-hop" else spec.n_fft
    # Reflection needs more samples than it pads; a shorter clip is lengthened by silence.
    longer = np.pad(samples, (0, max(0, edge // 2 + 1 - len(samples))))
    padded = np.pad(longer, edge // 2, mode="reflect")
    frames = sliding_window_view(padded, spec.n_fft)[:: spec.hop_length] * window
    spectrum = scipy.fft.rfft(frames, axis=1)[:, : filters.shape[1]].T
    # Samples far beyond [-1, 1] have a mel that is not finite, which whoever reads it refuses.
    with np.errstate(over="ignore", invalid="ignore"):
        power = spectrum.real**2 + spectrum.imag**2 + np.float32(spec.magnitude_epsilon)
    log = np.log(np.maximum(filters @ np.sqrt(power), np.float32(spec.floor)))
    if spec.log_base == "10":
        log *= np.float32(1.0 / np.log(10.0))
    mel: Float32 = (log - np.float32(spec.mean)) / np.float32(spec.std)
    return mel


@lru_cache(maxsize=4)
def _tables(spec: MelSpec) -> tuple[Float32, scipy.sparse.csr_array]:
    """Returns the window (n_fft,), and the filters of the bins up to the last that counts."""
    turn = 2.0 * np.pi * np.arange(spec.win_length) / spec.win_length
    before = (spec.n_fft - spec.win_length) // 2
    after = spec.n_fft - spec.win_length - before
    window = np.pad(0.5 - 0.5 * np.cos(turn), (before, after)).astype(np.float32)
    filters = mel_filters(spec)
    used = int(np.flatnonzero(filters.any(0))[-1]) + 1
    # Each bin counts in two filters at most, and a sparse product takes one thread.
    return window, scipy.sparse.csr_array(filters[:, :used])
