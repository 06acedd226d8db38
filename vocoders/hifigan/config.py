"""Sizes of a HiFi-GAN."""

from __future__ import annotations

from typing import Literal

import msgspec


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
