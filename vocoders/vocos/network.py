"""Vocos with an excitation: log-mels to samples, all layers at the rate of the mel.

The backbone reads the mel and predicts how to filter two excitations, a train of pulses at the
pitch of the mel and white noise. Both come from outside as short-time spectra
(vocoders/vocos/excitation.py), so that the phase is continuous over any number of frames and any
cut into windows.

Source: ConvNeXt backbone at frame rate with an inverse STFT as its head: Vocos (arXiv 2306.00814);
harmonic excitations: neural source-filter (arXiv 1904.12088), HiFTNet (arXiv 2309.09493), and in
the spectral domain Wavehax (arXiv 2411.06807). Differs: the head predicts filters of the two
excitations instead of a spectrum, so no phase has to be learnt from a mel that holds none;
spectral frames are half as long as the mel's and twice as many.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.vocos.config import VocosConfig

MAX_OCTAVES = 2.0
"""The pitch estimator predicts octaves above a centre, no further from it than this."""
MEL_CENTRE, MEL_SCALE = -5.0, 2.5
"""Rough mean and deviation of a natural-log mel of speech."""


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, LayerNorm, two pointwise layers, residual.

    Source: ConvNeXt (arXiv 2201.03545), one-dimensional as in Vocos.
    """

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        width, kernel = config.channels, config.kernel
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, config.hidden)
        self.narrow = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, C) → (B, T, C)."""
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.narrow(F.gelu(self.widen(self.norm(y))))
        return out


class PitchEstimator(nn.Module):
    """The fundamental frequency of each mel frame, carried on through unvoiced ones."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        width, kernel = config.pitch_channels, config.pitch_kernel
        self.layers = nn.ModuleList()
        channels = config.n_mels
        for _ in range(config.pitch_layers):
            self.layers.append(nn.Conv1d(channels, width, kernel, padding=kernel // 2))
            channels = width
        self.octaves = nn.Conv1d(channels, 1, 1)

    def forward(self, mel: Tensor) -> Tensor:
        """mel (B, n_mels, T) → octaves (B, T) of F0 above the configuration's centre."""
        x = (mel - MEL_CENTRE) / MEL_SCALE
        for layer in self.layers:
            x = F.relu(layer(x))
        octaves: Tensor = self.octaves(x)[:, 0].clamp(-MAX_OCTAVES, MAX_OCTAVES)
        return octaves


class InverseStft(nn.Module):
    """Spectral frames to samples: a product with the inverse DFT, a window, overlap-add.

    Frame j is centred on sample (j + ½) · hop, as the mel's frames are on theirs. At the ends of
    the input fewer frames overlap: the first and last one and a half hops fade.

    Source: Griffin & Lim 1984 (window, overlap-add, division by the sum of squared windows).
    """

    basis: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if n_fft != 4 * hop:
            raise ValueError(f"frames of {n_fft} samples every {hop}: the hop must be a quarter")
        self.hop = hop
        self.register_buffer("basis", inverse_dft(n_fft), persistent=False)

    def forward(self, spectrum: Tensor) -> Tensor:
        """spectrum (B, T, 2 · bins), real parts first → samples (B, T · hop)."""
        frames = spectrum @ self.basis  # (B, T, n_fft)
        quarters = frames.chunk(4, 2)  # (B, T, hop) each
        total = F.pad(quarters[0], (0, 0, 0, 3))
        for late, quarter in enumerate(quarters[1:], 1):
            total = total + F.pad(quarter, (0, 0, late, 3 - late))
        margin = 3 * self.hop // 2
        return total.flatten(1)[:, margin:-margin]


def inverse_dft(n_fft: int) -> Tensor:
    """The real inverse DFT with a Hann window (2 · bins, n_fft) float32, scaled for overlap-add.

    Squared Hann windows a quarter of their length apart sum to 3/2.
    """
    sample = torch.arange(n_fft, dtype=torch.float64)
    frequency = torch.arange(n_fft // 2 + 1, dtype=torch.float64)
    angle = 2 * math.pi * frequency[:, None] * sample[None] / n_fft
    twice = torch.full((n_fft // 2 + 1, 1), 2.0, dtype=torch.float64)  # for negative frequencies
    twice[0] = twice[-1] = 1.0
    basis = torch.cat([twice * angle.cos(), -twice * angle.sin()]) / n_fft
    window = torch.hann_window(n_fft, dtype=torch.float64)
    return (basis * window / 1.5).float()


class Vocos(nn.Module):
    """The generator, and the pitch estimator that its excitation needs."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.config = config
        self.pitch = PitchEstimator(config)
        kernel = config.kernel
        self.enter = nn.Conv1d(config.n_mels, config.channels, kernel, padding=kernel // 2)
        self.enter_norm = nn.LayerNorm(config.channels)
        self.blocks = nn.ModuleList(ConvNeXtBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.channels)
        self.filters = nn.Linear(config.channels, config.subframes * 4 * config.bins)
        self.inverse = InverseStft(config.n_fft, config.stft_hop)

    def forward(self, mel: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """Filters the excitations.

        Args:
            mel: (B, n_mels, T).
            pulses: (B, T · subframes, 2 · bins) short-time spectra of pulses, real parts first.
            noise: (B, T · subframes, 2 · bins) likewise of white noise.

        Returns:
            samples (B, T · hop).
        """
        x = self.enter((mel - MEL_CENTRE) / MEL_SCALE).transpose(1, 2)  # (B, T, C)
        x = self.enter_norm(x)
        for block in self.blocks:
            x = block(x)
        filters = self.filters(self.norm(x))  # (B, T, subframes · 4 · bins)
        samples: Tensor = self.inverse(self.excite(filters.float(), pulses, noise))
        return samples

    def excite(self, filters: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """filters (B, T, subframes · 4 · bins) → spectrum (B, T · subframes, 2 · bins)."""
        b, t, _ = filters.shape
        filters = filters.reshape(b, t * self.config.subframes, 4 * self.config.bins)
        voiced, real, imag, unvoiced = filters.chunk(4, 2)  # (B, T · subframes, bins) each
        # Mels are logarithms; so are what the backbone says of levels.
        level = torch.exp(voiced.clamp(max=8.0))
        real, imag = level * (1.0 + real), level * imag
        pulse_real, pulse_imag = pulses.chunk(2, 2)
        level = torch.exp(unvoiced.clamp(max=8.0))
        noise_real, noise_imag = noise.chunk(2, 2)
        return torch.cat(
            [
                real * pulse_real - imag * pulse_imag + level * noise_real,
                real * pulse_imag + imag * pulse_real + level * noise_imag,
            ],
            2,
        )
