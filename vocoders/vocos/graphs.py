"""Vocos as two graphs."""

from __future__ import annotations

import torch
from torch import Tensor

from core.graphs import GraphSpec
from vocoders.pitch import mel_example, pitch_graph
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.network import Vocos

KEEP_FLOAT32 = ("filters", "inverse")
"""Filters are logarithms of levels, and the inverse writes the samples."""


def graphs(network: Vocos) -> tuple[GraphSpec, ...]:
    """``pitch``: mel → octaves of F0; ``vocode``: mel and excitations → samples."""
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        mel = mel_example(config.n_mels, batch, size, seed)
        return mel, *excitation_example(config, batch, size, seed)

    axes: dict[str, tuple[str | int, ...]] = {"mel": ("B", config.n_mels, "T")}
    return (
        pitch_graph(network.pitch),
        GraphSpec(
            name="vocode",
            module=network.eval(),
            inputs=("mel", "pulses", "noise"),
            outputs=("samples",),
            axes=axes | excitation_axes(config) | {"samples": ("B", "N")},
            example=example,
            keep_float32=KEEP_FLOAT32,
            bf16=True,
        ),
    )


def excitation_axes(config: VocosConfig) -> dict[str, tuple[str | int, ...]]:
    """Returns the axes of the excitations that go in."""
    spectrum: tuple[str | int, ...] = ("B", "J", 2 * config.bins)
    return {"pulses": spectrum, "noise": spectrum}


def excitation_example(config: VocosConfig, batch: int, size: int, seed: int) -> list[Tensor]:
    """Returns excitations for a mel of so many frames."""
    random = torch.Generator().manual_seed(seed + 1)
    shape = (batch, size * config.subframes, 2 * config.bins)
    return [torch.randn(shape, generator=random) for _ in range(2)]
