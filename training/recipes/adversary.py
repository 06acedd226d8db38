"""Adversaries of vocoders: discriminators with their losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocoders.hifigan import discriminators as least_squares
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.discriminators import MultiPeriodDiscriminator, MultiResolutionDiscriminator
from vocoders.melgan import discriminator as hinge
from vocoders.melgan.config import MelGanConfig
from vocoders.weight_norm import put_weight_norm

WIDE = (32, 128, 512, 1024, 1024)  # HiFi-GAN §2.3
NARROW = (16, 32, 64, 128, 128)
MELGAN_FEATURES = 10.0  # MelGAN eq. 4, λ
LARGE = 512  # channels of the papers' generators


class HifiGanJudges(nn.ModuleList):
    """Multi-period and multi-resolution discriminators, least squares.

    Args:
        wide: the paper's widths, for its larger generators; they take most of a step.
    """

    def __init__(self, *, wide: bool) -> None:
        periods = MultiPeriodDiscriminator(WIDE if wide else NARROW)
        super().__init__([periods, MultiResolutionDiscriminator(32 if wide else 16)])
        put_weight_norm(self)

    def discriminate(self, said: Tensor, real: Tensor) -> Tensor:
        """said, real (B, 1, N) → loss of the discriminators."""
        losses = [least_squares.discriminator_loss(d(real), d(said)) for d in self]
        return torch.stack(losses).sum()

    def compare(self, said: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """said, real (B, 1, N) → the generator's feature loss and adversarial loss."""
        pairs = [(d(real), d(said)) for d in self]
        features = torch.stack([least_squares.feature_loss(r, f) for r, f in pairs]).sum()
        fooled = torch.stack([least_squares.generator_loss(f) for _, f in pairs]).sum()
        return features, fooled


class MelGanJudges(hinge.MelGanDiscriminator):
    """Three scales, hinge."""

    def discriminate(self, said: Tensor, real: Tensor) -> Tensor:
        """said, real (B, 1, N) → loss of the discriminators."""
        return hinge.discriminator_loss(self(real), self(said))

    def compare(self, said: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """said, real (B, 1, N) → the generator's feature loss and adversarial loss."""
        reals, fakes = self(real), self(said)
        features = MELGAN_FEATURES * hinge.feature_loss(reals, fakes)
        return features, hinge.generator_loss(fakes)


Judges = HifiGanJudges | MelGanJudges


def judges_of(config: HifiGanConfig | MelGanConfig) -> Judges:
    """The adversary that a generator's paper gives it; the narrow one for every light generator.

    MelGAN's grouped convolutions took four seconds a step on a core even at a quarter of their
    width, eight times what the narrow judges take.
    """
    if isinstance(config, HifiGanConfig):
        return HifiGanJudges(wide=config.upsample_channels >= LARGE)
    return MelGanJudges() if config.channels >= LARGE else HifiGanJudges(wide=False)
