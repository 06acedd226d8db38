"""Vocos with an excitation: log-mels to samples, all layers at the rate of the mel.

The backbone reads the mel and predicts how to filter two excitations, a train of pulses at the
pitch of the mel and white noise. Both come from outside as short-time spectra
(vocoders/vocos/spectra.py), so that the phase is continuous over any number of frames and any
cut into windows.

Source: ConvNeXt backbone at frame rate with an inverse STFT as its head: Vocos (arXiv 2306.00814);
harmonic excitations: neural source-filter (arXiv 1904.12088), HiFTNet (arXiv 2309.09493), and in
the spectral domain Wavehax (arXiv 2411.06807). Differs: the head predicts filters of the two
excitations instead of a spectrum, so no phase has to be learnt from a mel that holds none;
spectral frames are half as long as the mel's and twice as many.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.inverse_stft import MAX_LEVEL, InverseStft
from vocoders.pitch import MEL_CENTRE, MEL_SCALE, PitchEstimator
from vocoders.vocos.config import VocosConfig


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


class Vocos(nn.Module):
    """The generator, and the pitch estimator that its excitation needs."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.config = config
        self.pitch = PitchEstimator(config.n_mels, config.excitation)
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
        voiced, unvoiced = self.filtered(mel, pulses, noise)
        samples: Tensor = self.inverse(voiced + unvoiced)
        return samples

    def parts(self, mel: Tensor, pulses: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the voiced and the unvoiced samples (B, T · hop), whose sum forward returns."""
        voiced, unvoiced = self.filtered(mel, pulses, noise)
        return self.inverse(voiced), self.inverse(unvoiced)

    def filtered(self, mel: Tensor, pulses: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Returns spectra (B, T · subframes, 2 · bins) of the filtered pulses and noise."""
        x = self.enter((mel - MEL_CENTRE) / MEL_SCALE).transpose(1, 2)  # (B, T, C)
        x = self.enter_norm(x)
        for block in self.blocks:
            x = block(x)
        filters = self.filters(self.norm(x))  # (B, T, subframes · 4 · bins)
        return self.excite(filters.float(), pulses, noise)

    def excite(self, filters: Tensor, pulses: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """filters (B, T, subframes · 4 · bins) → both spectra."""
        b, t, _ = filters.shape
        filters = filters.reshape(b, t * self.config.subframes, 4 * self.config.bins)
        voiced, real, imag, unvoiced = filters.chunk(4, 2)  # (B, T · subframes, bins) each
        # Mels are logarithms; so are what the backbone says of levels.
        level = torch.exp(voiced.clamp(max=MAX_LEVEL))
        real, imag = level * (1.0 + real), level * imag
        pulse_real, pulse_imag = pulses.chunk(2, 2)
        level = torch.exp(unvoiced.clamp(max=MAX_LEVEL))
        noise_real, noise_imag = noise.chunk(2, 2)
        filtered = [real * pulse_real - imag * pulse_imag, real * pulse_imag + imag * pulse_real]
        return torch.cat(filtered, 2), torch.cat([level * noise_real, level * noise_imag], 2)
