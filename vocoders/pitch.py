"""The pitch that an excited vocoder reads off its mel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.graphs import GraphSpec
from vocoders.excitation import ExcitationConfig

MAX_OCTAVES = 2.0
"""The pitch estimator predicts octaves above a centre, no further from it than this."""
MEL_CENTRE, MEL_SCALE = -5.0, 2.5
"""Rough mean and deviation of a natural-log mel of speech."""


class PitchEstimator(nn.Module):
    """The fundamental frequency of each mel frame, carried on through unvoiced ones."""

    def __init__(self, n_mels: int, config: ExcitationConfig) -> None:
        super().__init__()
        self.n_mels = n_mels
        width, kernel = config.pitch_channels, config.pitch_kernel
        self.layers = nn.ModuleList()
        channels = n_mels
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


class Pitch(nn.Module):
    """The pitch estimator alone."""

    def __init__(self, estimator: PitchEstimator) -> None:
        super().__init__()
        self.estimator = estimator

    def forward(self, mel: Tensor) -> Tensor:
        """mel (B, n_mels, T) float32 → octaves (B, T) float32 of F0 above the centre."""
        out: Tensor = self.estimator(mel)
        return out


def mel_example(n_mels: int, batch: int, size: int, seed: int) -> Tensor:
    """Returns values as a mel of speech has them, (B, n_mels, T)."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_mels, size, generator=random) * 2 - 5


def pitch_graph(estimator: PitchEstimator) -> GraphSpec:
    """``pitch``: mel → octaves of F0, which ``vocoders.adapter`` makes excitations of."""
    n_mels = estimator.n_mels
    return GraphSpec(
        name="pitch",
        module=Pitch(estimator).eval(),
        inputs=("mel",),
        outputs=("octaves",),
        axes={"mel": ("B", n_mels, "T"), "octaves": ("B", "T")},
        example=lambda batch, size, seed: (mel_example(n_mels, batch, size, seed),),
        # The phase is the sum of all pitches before it.
        keep_float32=("estimator",),
    )
