"""Vocos as two graphs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.graphs import GraphSpec
from vocoders.vocos.network import Vocos


class Pitch(nn.Module):
    """The pitch estimator alone."""

    def __init__(self, network: Vocos) -> None:
        super().__init__()
        self.estimator = network.pitch

    def forward(self, mel: Tensor) -> Tensor:
        """mel (B, n_mels, T) float32 → octaves (B, T) float32 of F0 above the centre."""
        out: Tensor = self.estimator(mel)
        return out


def graphs(network: Vocos) -> tuple[GraphSpec, ...]:
    """``pitch``: mel → octaves of F0; ``vocode``: mel and excitations → samples."""
    config = network.config

    def mel_example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        return (torch.randn(batch, config.n_mels, size, generator=random) * 2 - 5,)

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed + 1)
        shape = (batch, size * config.subframes, 2 * config.bins)
        excitations = [torch.randn(shape, generator=random) for _ in range(2)]
        return *mel_example(batch, size, seed), *excitations

    mel: tuple[str | int, ...] = ("B", config.n_mels, "T")
    spectrum: tuple[str | int, ...] = ("B", "J", 2 * config.bins)
    return (
        GraphSpec(
            name="pitch",
            module=Pitch(network).eval(),
            inputs=("mel",),
            outputs=("octaves",),
            axes={"mel": mel, "octaves": ("B", "T")},
            example=mel_example,
            # The phase is the sum of all pitches before it.
            keep_float32=("estimator",),
        ),
        GraphSpec(
            name="vocode",
            module=network.eval(),
            inputs=("mel", "pulses", "noise"),
            outputs=("samples",),
            axes={"mel": mel, "pulses": spectrum, "noise": spectrum, "samples": ("B", "N")},
            example=example,
            keep_float32=("filters", "inverse"),
            bf16=True,
        ),
    )
