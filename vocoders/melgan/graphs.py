"""MelGAN as a graph, and how far it sees."""

from __future__ import annotations

import torch
from torch import Tensor

from core.graphs import GraphSpec
from vocoders.conv1d_as_2d import Conv1dAs2d, Vocode
from vocoders.halo import Reach
from vocoders.melgan.config import MelGanConfig
from vocoders.melgan.network import MelGan


def graphs(network: MelGan) -> tuple[GraphSpec, ...]:
    """``vocode``: mel → samples."""
    n_mels = network.config.n_mels
    stem = "model" if network.config.form == "descript" else "generator"
    last = len(network.get_submodule(stem)) - 2  # type: ignore[arg-type]

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        return (torch.randn(batch, n_mels, size, generator=random) - 3,)

    spec = GraphSpec(
        name="vocode",
        module=Vocode(network).eval(),
        onnx_module=Vocode(Conv1dAs2d(network)).eval(),
        inputs=("mel",),
        outputs=("samples",),
        axes={"mel": ("B", n_mels, "T"), "samples": ("B", "N")},
        example=example,
        # The last convolution writes the samples.
        keep_float32=(f"{stem}.{last}",),
        bf16=True,
    )
    return (spec,)


def halo_frames(config: MelGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

    >>> halo_frames(MelGanConfig())
    6
    """
    reach = Reach(0, 0).conv(7)
    for rate in reversed(config.upsample_rates):
        for layer in range(config.residual_layers):
            reach = reach.conv(3, 3**layer)
        reach = reach.transposed(2 * rate, rate, rate // 2 + rate % 2)
    return reach.conv(7).widest()
