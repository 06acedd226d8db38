"""A residual refiner: gives a predicted mel the texture that a regression averages away.

An acoustic model trained by L1 predicts the mean of all mels that fit a text, which is smoother
than any of them, most of all where it has harmonics: a pitch per phoneme does not say where those
are. The refiner estimates the pitch of every frame, puts harmonics there, and adds one plausible
deviation from the mean. Which one is decided by its noise, an input; what is plausible it learns
from discriminators (training/recipes/refiner.py).

Source: adversarial training of mels that condition on the prediction: GANSpeech (arXiv 2106.15153);
blocks: ConvNeXt (arXiv 2201.03545), one-dimensional as in Vocos (arXiv 2306.00814); a
pitch per frame: FastSpeech 2 (arXiv 2006.04558) §2.3. Differs: plain residuals without layer scale;
a length mask before each convolution; the pitch as a wave over the bands of the mel.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.refiner.config import RefinerConfig

PITCH_CENTRE = 140.0
"""F0 [Hz] that octaves are counted from."""
MAX_OCTAVES = 2.0
"""The estimated pitch is no further from the centre than this."""


class MaskedConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, LayerNorm, two pointwise layers, residual."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        width, kernel = config.channels, config.kernel
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, config.hidden)
        self.narrow = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T, 1) → (B, T, C)."""
        y = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.narrow(F.gelu(self.widen(self.norm(y))))
        return out


class FramePitch(nn.Module):
    """Estimates the fundamental frequency of each frame, carried on through unvoiced ones."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = [channels, width, width, width]
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 5, padding=2) for a, b in pairwise(widths))
        self.octaves = nn.Linear(width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T, 1) → octaves (B, T) of F0 above ``PITCH_CENTRE``."""
        for layer in self.layers:
            x = F.relu(layer((x * mask).transpose(1, 2))).transpose(1, 2)
        octaves: Tensor = self.octaves(x)[..., 0].clamp(-MAX_OCTAVES, MAX_OCTAVES)
        return octaves


class Harmonics(nn.Module):
    """Tells every band how near its centre lies to a harmonic of the fundamental.

    A harmonic sounds in the bands around it; a wave over frequency, whose period is the
    fundamental and whose crests are the harmonics, says where that is.
    """

    centres: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        # Of the lowest bands [kHz]; training sets them.
        self.register_buffer("centres", torch.ones(bands))

    def forward(self, octaves: Tensor) -> Tensor:
        """octaves (B, T) → (B, T, bands) in [-1, 1], 1 at a harmonic, -1 between two of them."""
        period = PITCH_CENTRE / 1000.0 * torch.pow(2.0, octaves.float())
        return torch.cos(2.0 * math.pi * self.centres / period[..., None])


class Refiner(nn.Module):
    """Predicted mel, hidden states and noise to a sharper mel.

    Args:
        config: sizes, at least one layer.
        n_mels: bands.
        condition: width of the hidden states; 0 = the mel alone is known.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: RefinerConfig, n_mels: int, condition: int = 0) -> None:
        super().__init__()
        width = config.channels
        # Statistics of each band over the corpus; training sets them.
        self.register_buffer("mean", torch.zeros(n_mels))
        self.register_buffer("std", torch.ones(n_mels))
        inputs = n_mels + condition
        bands = config.harmonics
        self.pitch = FramePitch(inputs, config.pitch_channels) if bands else None
        self.harmonics = Harmonics(bands) if bands else None
        self.enter = nn.Linear(inputs + config.noise + config.harmonics, width)
        self.blocks = nn.ModuleList(MaskedConvNeXtBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, n_mels)
        # Training starts from the prediction as it is.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def inputs(self, mel: Tensor, condition: Tensor | None) -> Tensor:
        """Returns what is known of every frame: the mel, normalized per band, and the states."""
        normalized = (mel - self.mean) / self.std
        return normalized if condition is None else torch.cat([normalized, condition], -1)

    def forward(
        self,
        mel: Tensor,
        condition: Tensor | None,
        noise: Tensor,
        mask: Tensor,
        octaves: Tensor | None = None,
        shift: Tensor | None = None,
    ) -> Tensor:
        """Refines a batch.

        Args:
            mel: (B, T, n_mels) predicted.
            condition: (B, T, H) hidden states that the mel was predicted from, or none.
            noise: (B, T, config.noise) standard normal.
            mask: (B, T) bool, True = valid.
            octaves: (B, T) of F0 above ``PITCH_CENTRE``, where it is known; else it is estimated.
            shift: (B, T) octaves by which the harmonics are moved up.

        Returns:
            (B, T, n_mels); frames outside the mask have no meaning.
        """
        waves = None
        if self.pitch is not None and self.harmonics is not None:
            f0 = self.estimate_octaves(mel, condition, mask) if octaves is None else octaves
            waves = self.harmonics(f0 if shift is None else f0 + shift)
        return self.refine(mel, condition, noise, mask, waves)

    def estimate_octaves(self, mel: Tensor, condition: Tensor | None, mask: Tensor) -> Tensor:
        """Returns the octaves (B, T) of every frame's F0 above ``PITCH_CENTRE``; as ``forward``.

        Only for a refiner that reads a pitch.
        """
        assert self.pitch is not None
        octaves: Tensor = self.pitch(self.inputs(mel, condition), mask[..., None])
        return octaves

    def refine(
        self,
        mel: Tensor,
        condition: Tensor | None,
        noise: Tensor,
        mask: Tensor,
        waves: Tensor | None = None,
    ) -> Tensor:
        """Does as ``forward``, with the waves (B, T, config.harmonics) of ``Harmonics`` made."""
        parts = [self.inputs(mel, condition), noise]
        x = self.enter(torch.cat(parts if waves is None else [*parts, waves], -1))
        for block in self.blocks:
            x = block(x, mask[..., None])
        out: Tensor = mel + self.leave(self.norm(x)) * self.std
        return out
