"""Discriminators of mels: do patches of time and frequency look like speech?

Source: discriminators of mels: GANSpeech (arXiv 2106.15153); least squares: LSGAN (arXiv
1611.04076); feature matching: arXiv 1512.09300.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.weight_norm import put_weight_norm

WIDTHS = (28, 56, 112, 112)
STRIDES = ((1, 1), (2, 2), (2, 2), (2, 1))  # over bands, over frames
SLOPE = 0.2


class PatchScores(NamedTuple):
    """Scores of the patches (B, 1, M, T) and the feature maps that led to them."""

    scores: Tensor
    features: list[Tensor]


class PatchDiscriminator(nn.Module):
    """Two-dimensional convolutions on a mel and, beside it, what it was refined from."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels = 2
        for width, stride in zip(WIDTHS, STRIDES, strict=True):
            self.layers.append(nn.Conv2d(channels, width, 5, stride, padding=2))
            channels = width
        self.scores = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, pair: Tensor) -> PatchScores:
        """pair (B, 2, n_mels, T): mel and prediction, normalized per band."""
        x, features = pair, []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return PatchScores(self.scores(x), features)


class MelDiscriminators(nn.ModuleList):
    """One on the mel, one on the mel averaged over pairs of frames twice."""

    def __init__(self) -> None:
        super().__init__([PatchDiscriminator(), PatchDiscriminator()])
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, SLOPE)
        put_weight_norm(self)
        # Convolutions of images are twice as fast on a CPU in this layout.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, mel: Tensor, predicted: Tensor) -> list[PatchScores]:
        """mel, predicted (B, T, n_mels), normalized per band."""
        pair = torch.stack([mel, predicted], 1).transpose(2, 3)  # (B, 2, n_mels, T)
        pair = pair.contiguous(memory_format=torch.channels_last)
        fine, coarse = self
        return [fine(pair), coarse(F.avg_pool2d(pair, (1, 4)))]


def discriminator_loss(target: list[PatchScores], refined: list[PatchScores]) -> Tensor:
    """Least squares: scores of targets towards 1, of refined mels towards 0."""
    losses = [
        (1 - t.scores.float()).square().mean() + r.scores.float().square().mean()
        for t, r in zip(target, refined, strict=True)
    ]
    return torch.stack(losses).sum()


def adversarial_loss(refined: list[PatchScores]) -> Tensor:
    """Least squares: scores of refined mels towards 1."""
    return torch.stack([(1 - r.scores.float()).square().mean() for r in refined]).sum()


def feature_loss(target: list[PatchScores], refined: list[PatchScores]) -> Tensor:
    """Mean absolute difference of feature maps, mean over layers, summed over discriminators."""
    losses = [
        torch.stack(
            [(a.detach() - b).abs().mean() for a, b in zip(t.features, r.features, strict=True)]
        )
        for t, r in zip(target, refined, strict=True)
    ]
    return torch.stack([layers.float().mean() for layers in losses]).sum()
