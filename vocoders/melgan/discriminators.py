"""MelGAN's discriminators: three scales of windowed, grouped convolutions. For training only.

Source: MelGAN (arXiv 1910.06711) §2.3; attribute names of descriptinc/melgan-neurips@6488045
mel2wav/modules.py (MIT).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from core.networks import AdversarialLosses

SLOPE = 0.2
MAX_CHANNELS = 1024
FEATURE_WEIGHT = 10.0  # MelGAN eq. 4, λ


def _normed(conv: nn.Conv1d) -> nn.Module:
    normed: nn.Module = weight_norm(conv)
    return normed


class MelGanScaleDiscriminator(nn.Module):
    """One scale; every layer's output is a feature map, the last one the score."""

    def __init__(self, channels: int = 16, strided: int = 4, stride: int = 4) -> None:
        super().__init__()
        self.model = nn.ModuleDict()
        self.model["layer_0"] = nn.Sequential(
            nn.ReflectionPad1d(7), _normed(nn.Conv1d(1, channels, 15)), nn.LeakyReLU(SLOPE)
        )
        width = channels
        for n in range(1, strided + 1):
            wider = min(width * stride, MAX_CHANNELS)
            kernel, padding = stride * 10 + 1, stride * 5
            conv = nn.Conv1d(width, wider, kernel, stride, padding, groups=width // 4)
            self.model[f"layer_{n}"] = nn.Sequential(_normed(conv), nn.LeakyReLU(SLOPE))
            width = wider
        wider = min(width * 2, MAX_CHANNELS)
        self.model[f"layer_{strided + 1}"] = nn.Sequential(
            _normed(nn.Conv1d(width, wider, 5, padding=2)), nn.LeakyReLU(SLOPE)
        )
        self.model[f"layer_{strided + 2}"] = _normed(nn.Conv1d(wider, 1, 3, padding=1))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """samples (B, 1, N) → feature maps (B, C_i, T_i), the last one the score (B, 1, T)."""
        maps = []
        for layer in self.model.values():
            samples = layer(samples)
            maps.append(samples)
        return maps


class MelGanDiscriminator(nn.Module):
    """The same discriminator on the samples, and on them averaged down by 2 and by 4."""

    def __init__(
        self, scales: int = 3, channels: int = 16, strided: int = 4, stride: int = 4
    ) -> None:
        super().__init__()
        self.model = nn.ModuleDict(
            {
                f"disc_{i}": MelGanScaleDiscriminator(channels, strided, stride)
                for i in range(scales)
            }
        )
        self.downsample = nn.AvgPool1d(4, stride=2, padding=1, count_include_pad=False)

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """samples (B, 1, N) → per scale its feature maps, the last one the score."""
        maps = []
        for discriminator in self.model.values():
            maps.append(discriminator(samples))
            samples = self.downsample(samples)
        return maps

    def losses(self, predicted: Tensor, target: Tensor, turn: int) -> AdversarialLosses:
        """predicted, target (B, 1, N) → losses; see ``core.networks.Discriminators``."""
        targets, attempts = self(target), self(predicted)
        return AdversarialLosses(
            discriminator=discriminator_loss(targets, attempts),
            features=FEATURE_WEIGHT * feature_loss(targets, attempts),
            adversarial=adversarial_loss(attempts),
        )


def discriminator_loss(target: list[list[Tensor]], predicted: list[list[Tensor]]) -> Tensor:
    """Hinge loss of the scores, summed over scales. Source: MelGAN eq. 1."""
    terms = [
        F.relu(1 - t[-1]).mean() + F.relu(1 + p[-1]).mean()
        for t, p in zip(target, predicted, strict=True)
    ]
    return torch.stack(terms).sum()


def adversarial_loss(predicted: list[list[Tensor]]) -> Tensor:
    """The generator's hinge loss, summed over scales. Source: MelGAN eq. 2."""
    return torch.stack([-p[-1].mean() for p in predicted]).sum()


def feature_loss(target: list[list[Tensor]], predicted: list[list[Tensor]]) -> Tensor:
    """Weighted L1 distance of the feature maps, scores left out. Source: MelGAN eq. 3.

    A map weighs 4 / (strided + 1) / scales, as in descriptinc's scripts/train.py; there are
    strided + 3 maps, the score included.
    """
    terms = [
        F.l1_loss(p, t.detach()) * 4.0 / (len(ts) - 2) / len(target)
        for ts, ps in zip(target, predicted, strict=True)
        for t, p in zip(ts[:-1], ps[:-1], strict=True)
    ]
    return torch.stack(terms).sum()
