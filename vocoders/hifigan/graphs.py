"""HiFi-GAN as a graph."""

from __future__ import annotations

import torch
from torch import Tensor

from core.graphs import GraphSpec
from vocoders.conv1d_as_2d import Vocode
from vocoders.hifigan.blocked import BlockedHifiGan
from vocoders.hifigan.network import HifiGan


def graphs(network: HifiGan) -> tuple[GraphSpec, ...]:
    """``vocode``: mel → samples."""
    n_mels = network.config.n_mels

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        return (torch.randn(batch, n_mels, size, generator=random) * 2 - 5,)

    spec = GraphSpec(
        name="vocode",
        module=Vocode(network).eval(),
        onnx_module=BlockedHifiGan(network).eval(),
        inputs=("mel",),
        outputs=("samples",),
        axes={"mel": ("B", n_mels, "T"), "samples": ("B", "N")},
        example=example,
        # The last convolution writes the samples: half a bit of int16 is lost in float16.
        keep_float32=("conv_post",),
        bf16=True,
    )
    return (spec,)
