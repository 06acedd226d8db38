"""WaveGlow as a graph."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from core.graphs import GraphSpec
from vocoders.conv1d_as_2d import Conv1dAs2d
from vocoders.waveglow.network import WaveGlow


class Infer(nn.Module):
    """The flow from noise to samples."""

    def __init__(self, network: WaveGlow) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel: Tensor, z: Tensor) -> Tensor:
        """mel (B, n_mels, T), z (B, n_group, T · hop / n_group) → samples (B, T · hop)."""
        return self.network.infer(mel, z)


def graphs(network: WaveGlow) -> tuple[GraphSpec, ...]:
    """``vocode``: mel and noise → samples."""
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        groups = size * config.hop_length // config.n_group
        mel = torch.randn(batch, config.n_mels, size, generator=random) * 2 - 5
        z = torch.randn(batch, config.n_group, groups, generator=random)
        return mel, z * config.sigma

    spec = GraphSpec(
        name="vocode",
        module=Infer(network).eval(),
        onnx_module=Infer(_as_2d(network)).eval(),
        inputs=("mel", "z"),
        outputs=("samples",),
        axes={
            "mel": ("B", config.n_mels, "T"),
            "z": ("B", config.n_group, "G"),
            "samples": ("B", "N"),
        },
        example=example,
        # ``end`` makes the logarithm of a scale; errors of it are multiplied flow by flow.
        keep_float32=("upsample", "end", "convinv"),
    )
    return (spec,)


def _as_2d(network: WaveGlow) -> WaveGlow:
    twin = copy.deepcopy(network)
    twin.WN = nn.ModuleList(_coupling(coupling) for coupling in network.WN)
    return twin


def _coupling(coupling: nn.Module) -> nn.Module:
    # A coupling and the layer of its condition are called apart.
    twin = Conv1dAs2d(coupling)
    twin.cond_layer = Conv1dAs2d(nn.Sequential(coupling.cond_layer))  # type: ignore[arg-type]
    return twin
