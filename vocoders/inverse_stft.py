"""Spectral frames to samples by an inverse short-time Fourier transform, as layers of a network."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OVERLAP = 4
"""Frames that lie over a sample: they are a quarter of their length apart."""
TAPS = OVERLAP + 1
"""Frames that reach into one hop, if they are centred on theirs."""
MAX_LEVEL = 8.0
"""Logarithms of magnitudes that networks predict end here, so that no sample is infinite."""
QUIET_LEVEL = -4.0
"""Logarithm of magnitude that an untrained network starts from: it whispers."""


class InverseStft(nn.Module):
    """Spectral frames to samples: a product with the inverse DFT, a window, overlap-add.

    Frame j is centred on sample (j + ½) · hop, as the mel's frames are on theirs. At the ends of
    the input fewer frames overlap: the first and last one and a half hops fade.

    Real parts make frames that are even about their middle, imaginary parts odd ones: half of
    either is computed, which is half of the product.

    Source: Griffin & Lim 1984 (window, overlap-add, division by the sum of squared windows).
    """

    cosines: Tensor
    sines: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if n_fft != OVERLAP * hop:
            raise ValueError(f"frames of {n_fft} samples every {hop}: the hop must be a quarter")
        self.hop = hop
        bins = n_fft // 2 + 1
        cosines, sines = inverse_dft(n_fft)[:, :bins].chunk(2)
        self.register_buffer("cosines", cosines.contiguous(), persistent=False)
        self.register_buffer("sines", sines.contiguous(), persistent=False)

    def forward(self, spectrum: Tensor) -> Tensor:
        """spectrum (B, T, 2 · bins), real parts first → samples (B, T · hop)."""
        real, imag = spectrum.chunk(2, 2)
        even, odd = real @ self.cosines, imag @ self.sines
        half = even + odd  # the samples up to the middle one
        rest = (even - odd)[:, :, 1:-1].flip(2)
        hop = self.hop
        middle = torch.cat([half[:, :, 2 * hop :], rest[:, :, : hop - 1]], 2)
        quarters = half[:, :, :hop], half[:, :, hop : 2 * hop], middle, rest[:, :, hop - 1 :]
        total = F.pad(quarters[0], (0, 0, 0, 3))
        for late, quarter in enumerate(quarters[1:], 1):
            total = total + F.pad(quarter, (0, 0, late, 3 - late))
        margin = 3 * hop // 2
        return total.flatten(1)[:, margin:-margin]


class ShortInverseStft(nn.Module):
    """The same transform of short frames, channels first, as one convolution with fixed weights.

    The samples of a hop lie under five frames, the outer two of which reach over half of it.
    """

    kernel: Tensor

    def __init__(self, hop: int) -> None:
        super().__init__()
        if hop % 2:
            raise ValueError(f"a hop of {hop}: its half is no whole sample")
        basis = inverse_dft(OVERLAP * hop)  # (2 · bins, n_fft)
        margin = (OVERLAP - 1) * hop // 2
        kernel = torch.zeros(hop, 2 * bins_of(hop), 1, TAPS)
        for tap in range(TAPS):
            # The frame that this tap meets begins so many samples after the hop that it is for.
            begin = (tap - TAPS // 2) * hop - margin
            for phase in range(hop):
                if 0 <= phase - begin < OVERLAP * hop:
                    kernel[phase, :, 0, tap] = basis[:, phase - begin]
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, filters: Tensor) -> Tensor:
        """Logarithms of magnitude, real and imaginary parts of every frame → samples.

        (B, 3 · bins, T) → (B, 1, T · hop); with time as the width (B, 3 · bins, 1, T) →
        (B, 1, 1, T · hop), see conv1d_as_2d.py.
        """
        wide = filters if filters.ndim == 4 else filters.unsqueeze(2)
        level, real, imag = wide.to(self.kernel.dtype).chunk(3, 1)
        level = torch.exp(level.clamp(max=MAX_LEVEL))
        spectrum = torch.cat([level * real, level * imag], 1)
        hops = F.conv2d(spectrum, self.kernel, padding=(0, TAPS // 2))  # (B, hop, 1, T)
        samples = hops.permute(0, 2, 3, 1).flatten(2)  # (B, 1, T · hop)
        return samples.unsqueeze(2) if filters.ndim == 4 else samples


def bins_of(hop: int) -> int:
    """Frequencies of a frame of four hops.

    >>> bins_of(4)
    9
    """
    return OVERLAP * hop // 2 + 1


@torch.no_grad()
def spectral_convolution(channels: int, hop: int, *, kernel: int = 7, padding: int) -> nn.Conv1d:
    """Returns the layer that writes frames for ``ShortInverseStft``; untrained it whispers."""
    bins = bins_of(hop)
    conv = nn.Conv1d(channels, 3 * bins, kernel, padding=padding)
    assert conv.bias is not None
    conv.bias[:bins] = QUIET_LEVEL
    return conv


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
