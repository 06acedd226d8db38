"""Discriminators of Vocos, for a CPU: HiFi-GAN's narrow ones, spectrograms one at a time.

Source: the two kinds that Vocos (arXiv 2306.00814) takes, from vocoders/hifigan/discriminators.py.
Differs: one of three resolutions per step, since on a CPU the spectrograms take three quarters of
the time of all discriminators.
"""

from __future__ import annotations

from torch import Tensor, nn

from vocoders.hifigan.discriminators import (
    NARROW,
    DiscriminatorOutput,
    MultiPeriodDiscriminator,
    MultiResolutionDiscriminator,
)
from vocoders.weight_norm import put_weight_norm


class VocosDiscriminators(nn.Module):
    """Five periods, and one of three resolutions in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.periods = MultiPeriodDiscriminator(NARROW)
        self.resolutions = MultiResolutionDiscriminator(16, first_stride=2)
        put_weight_norm(self)

    def forward(self, x: Tensor, turn: int) -> list[DiscriminatorOutput]:
        """x (B, 1, N) → outputs of all periods and of the resolution whose turn it is."""
        resolutions = self.resolutions.discriminators
        return [*self.periods(x), resolutions[turn % len(resolutions)](x)]
