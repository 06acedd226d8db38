"""Sizes that every upsampling generator has, and how far one with a source sees."""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import Annotated

import msgspec

from core.networks import Kernel, Width
from vocoders.halo import Reach
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.config import halo_frames as vocos_halo_frames

Stages = Annotated[tuple[Kernel, ...], msgspec.Meta(min_length=1, max_length=16)]
"""A stride or a kernel of each upsampling, or a kernel of each residual block."""


class GeneratorConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What HiFi-GAN and MelGAN have in common; the defaults are the papers'.

    Raises:
        ValueError: the source reads or writes something else than the generator.
    """

    n_mels: Width = 80
    upsample_rates: Stages = (8, 8, 2, 2)
    stft_hop: Annotated[int, msgspec.Meta(ge=0, le=1024, multiple_of=2)] = 0
    """Distance [samples] of the spectral frames that the last convolution writes, a quarter of
    their length; 0: it writes samples."""
    source: VocosConfig | None = None
    """A small Vocos whose parts every stage hears (vocoders/sourced.py); None: the mel alone."""

    def __post_init__(self) -> None:
        own = self.n_mels, self.hop_length
        if self.source is not None and (self.source.n_mels, self.source.hop_length) != own:
            raise ValueError(
                f"a source of {self.source.n_mels} bands and {self.source.hop_length} samples a "
                f"frame before a generator of {self.n_mels} and {self.hop_length}"
            )

    @property
    def hop_length(self) -> int:
        """Samples per mel frame."""
        hop = self.stft_hop or 1
        for rate in self.upsample_rates:
            hop *= rate
        return hop

    @property
    def source_strides(self) -> tuple[int, ...]:
        """Samples of the source per position of every stage.

        >>> GeneratorConfig(upsample_rates=(8, 8), stft_hop=4).source_strides
        (32, 4)
        """
        return tuple(self.hop_length // rate for rate in accumulate(self.upsample_rates, mul))

    @property
    def written(self) -> Reach:
        """What a run of samples depends on of what the last convolution writes."""
        return Reach(0, 0).inverse_stft() if self.stft_hop else Reach(0, 0)

    def frames_seen(self, mel: int, source: int) -> int:
        """Returns the mel frames per side on which a frame's samples depend.

        Args:
            mel: frames that the generator itself sees.
            source: frames of the source that it sees.
        """
        return mel if self.source is None else max(mel, source + vocos_halo_frames(self.source))
