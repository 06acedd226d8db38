"""Sizes of a HiFi-GAN, and how far it sees."""

from __future__ import annotations

from typing import Literal

import msgspec

from vocoders.halo import Reach


class HifiGanConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generator sizes; the defaults are V1. Source: HiFi-GAN (arXiv 2010.05646) appendix A.1."""

    n_mels: int = 80
    resblock: Literal["1", "2"] = "1"
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    upsample_channels: int = 512
    """Channels before the first upsampling; halved by each."""
    resblock_kernels: tuple[int, ...] = (3, 7, 11)
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    @property
    def hop_length(self) -> int:
        """Samples per mel frame."""
        hop = 1
        for rate in self.upsample_rates:
            hop *= rate
        return hop


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


def halo_frames(config: HifiGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

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
