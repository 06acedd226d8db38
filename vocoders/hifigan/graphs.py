"""HiFi-GAN as a graph, and how far it sees."""

from __future__ import annotations

import torch
from torch import Tensor

from core.graphs import GraphSpec
from vocoders.conv1d_as_2d import Conv1dAs2d, Vocode
from vocoders.halo import Reach
from vocoders.hifigan.config import HifiGanConfig
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
        onnx_module=Vocode(Conv1dAs2d(network)).eval(),
        inputs=("mel",),
        outputs=("samples",),
        axes={"mel": ("B", n_mels, "T"), "samples": ("B", "N")},
        example=example,
        # The last convolution writes the samples: half a bit of int16 is lost in float16.
        keep_float32=("conv_post",),
        bf16=True,
    )
    return (spec,)


def halo_frames(config: HifiGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

    >>> from vocoders.hifigan.config import V1, V2, V3
    >>> [halo_frames(c) for c in (V1, V2, V3)]
    [13, 13, 11]
    """
    reach = Reach(0, 0).conv(7)
    steps = zip(config.upsample_rates, config.upsample_kernels, strict=True)
    for rate, kernel in reversed(list(steps)):
        wide = max(_resblock_reach(config, j) for j in range(len(config.resblock_kernels)))
        reach = Reach(reach.left + wide, reach.right + wide)
        reach = reach.transposed(kernel, rate, (kernel - rate) // 2)
    return reach.conv(7).widest()


def _resblock_reach(config: HifiGanConfig, index: int) -> int:
    kernel, reach = config.resblock_kernels[index], Reach(0, 0)
    for dilation in config.resblock_dilations[index]:
        reach = reach.conv(kernel, dilation)
        if config.resblock == "1":
            reach = reach.conv(kernel)
    return reach.widest()
