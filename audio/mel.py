"""Extracts log-mels of samples under any MelSpec, differentiably (without: audio/log_mel.py)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audio.log_mel import mel_filters
from core.mel import MelSpec


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
