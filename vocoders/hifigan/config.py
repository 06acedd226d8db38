"""Sizes of a HiFi-GAN, and how far it sees."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from core.networks import Kernel, Width
from vocoders.generator import GeneratorConfig, Stages
from vocoders.halo import Reach
from vocoders.vocos.config import VocosConfig

Dilations = Annotated[tuple[Kernel, ...], msgspec.Meta(max_length=16)]
"""Of the convolutions of a residual block."""


class HifiGanConfig(GeneratorConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generator sizes; the defaults are V1. Source: HiFi-GAN (arXiv 2010.05646) appendix A.1.

    Raises:
        ValueError: kernels without a rate or dilations, or the other way round.
    """

    resblock: Literal["1", "2"] = "1"
    upsample_kernels: Stages = (16, 16, 4, 4)
    upsample_channels: Width = 512
    """Channels before the first upsampling; halved by each."""
    resblock_kernels: Stages = (3, 7, 11)
    resblock_dilations: tuple[Dilations, ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    def __post_init__(self) -> None:
        GeneratorConfig.__post_init__(self)
        for one, other in (
            ("upsample_kernels", "upsample_rates"),
            ("resblock_dilations", "resblock_kernels"),
        ):
            if len(getattr(self, one)) != len(getattr(self, other)):
                raise ValueError(f"{one} must be as many as {other}")


V1 = HifiGanConfig()
V2 = HifiGanConfig(upsample_channels=128)
V3 = HifiGanConfig(
    resblock="2",
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    upsample_channels=256,
    resblock_kernels=(3, 5, 7),
    resblock_dilations=((1, 2), (2, 6), (3, 12)),
)
LIGHT = msgspec.structs.replace(
    V3, upsample_rates=(8, 8), upsample_kernels=(16, 16), stft_hop=4, source=VocosConfig(layers=3)
)
"""V3, its last upsampling an inverse STFT of 16 samples (iSTFTNet, arXiv 2203.02395, C8C8I), and
behind a source."""


def halo_frames(config: HifiGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

    >>> [halo_frames(c) for c in (V1, V2, V3, LIGHT)]
    [13, 13, 11, 20]
    """
    reach = config.written.conv(7)
    stages = zip(config.upsample_rates, config.upsample_kernels, config.source_strides, strict=True)
    sources = 0
    for rate, kernel, stride in reversed(list(stages)):
        wide = max(_resblock_reach(config, j) for j in range(len(config.resblock_kernels)))
        reach = Reach(reach.left + wide, reach.right + wide)
        sources = max(sources, reach.frames_of_source(stride, config.hop_length))
        reach = reach.transposed(kernel, rate, (kernel - rate) // 2)
    return config.frames_seen(reach.conv(7).widest(), sources)


def _resblock_reach(config: HifiGanConfig, index: int) -> int:
    kernel, reach = config.resblock_kernels[index], Reach(0, 0)
    for dilation in config.resblock_dilations[index]:
        reach = reach.conv(kernel, dilation)
        if config.resblock == "1":
            reach = reach.conv(kernel)
    return reach.widest()
