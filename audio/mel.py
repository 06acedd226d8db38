"""Extracts log-mels of samples under any MelSpec, differentiably."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

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


class Spectrogram(nn.Module):
    """A short-time transform to linear magnitudes under a MelSpec's framing."""

    window: Tensor

    def __init__(self, spec: MelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("window", torch.hann_window(spec.win_length), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Returns magnitudes: (B, N) float32 → (B, n_fft // 2 + 1, T) float32."""
        spec = self.spec
        hop_padding = spec.padding == "reflect-hop"
        pad = (spec.n_fft - spec.hop_length) // 2 if hop_padding else spec.n_fft // 2
        # Reflection needs more samples than it pads; a shorter clip is lengthened by silence.
        missing = max(0, pad + 1 - samples.shape[-1])
        padded = F.pad(F.pad(samples, (0, missing))[:, None], (pad, pad), mode="reflect")[:, 0]
        stft = torch.stft(
            padded,
            spec.n_fft,
            spec.hop_length,
            spec.win_length,
            self.window,
            center=False,
            return_complex=True,
        )
        power = stft.real.square() + stft.imag.square()
        # Differs: an epsilon of 0 would make the gradient of the root infinite at silence.
        return torch.sqrt(power + (spec.magnitude_epsilon or 1e-30))


class MelExtractor(nn.Module):
    """An extractor of log-mels under a MelSpec."""

    filters: Tensor

    def __init__(self, spec: MelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.spectrogram = Spectrogram(spec)
        self.register_buffer("filters", torch.from_numpy(mel_filters(spec)), persistent=False)
        self.log_scale = 1.0 if spec.log_base == "e" else 1.0 / math.log(10.0)

    def forward(self, samples: Tensor) -> Tensor:
        """Returns log-mels: (B, N) float32 in [-1, 1] → (B, n_mels, T) float32."""
        return self.compress(self.filters @ self.spectrogram(samples))

    def compress(self, magnitudes: Tensor) -> Tensor:
        """Returns the spec's log-mels of linear mel magnitudes of the same shape."""
        log = torch.log(magnitudes.clamp(min=self.spec.floor)) * self.log_scale
        return (log - self.spec.mean) / self.spec.std


def log_mel(samples: Float32, spec: MelSpec) -> Float32:
    """Returns the log-mel (n_mels, T) float32 of samples (N,) float32 in [-1, 1]."""
    with torch.inference_mode():
        mel: Float32 = _extractor(spec)(torch.from_numpy(samples)[None])[0].numpy()
    return mel


@lru_cache(maxsize=4)
def _extractor(spec: MelSpec) -> MelExtractor:
    """Returns an extractor, whose filters are made once: a check has thousands of utterances."""
    return MelExtractor(spec)
