"""HiFi-GAN generator: log-mels to samples.

Source: HiFi-GAN (arXiv 2010.05646) §2.2; attribute names of jik876/hifi-gan@4769534 (MIT), so that
its checkpoints load strictly once weight norm is folded. Differs: weights are plain; training puts
weight norm on and takes it off (vocoders/weight_norm.py).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.hifigan.config import HifiGanConfig

SLOPE = 0.1  # jik876 models.py LRELU_SLOPE
LAST_SLOPE = 0.01
"""The reference leaves the slope before the last convolution at PyTorch's default."""


def _conv(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    padding = dilation * (kernel - 1) // 2
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding)


class ResBlock1(nn.Module):
    """Dilated convolution, then a plain one, per dilation; residual each."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_conv(channels, kernel, d) for d in dilations)
        self.convs2 = nn.ModuleList(_conv(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C, T)."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class ResBlock2(nn.Module):
    """One dilated convolution per dilation; residual each."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_conv(channels, kernel, d) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C, T)."""
        for conv in self.convs:
            x = x + conv(F.leaky_relu(x, SLOPE))
        return x


class HifiGan(nn.Module):
    """The generator."""

    def __init__(self, config: HifiGanConfig) -> None:
        super().__init__()
        self.config = config
        width = config.upsample_channels
        self.conv_pre = nn.Conv1d(config.n_mels, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        block = ResBlock1 if config.resblock == "1" else ResBlock2
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernels, strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding))
            width //= 2
            for k, d in zip(config.resblock_kernels, config.resblock_dilations, strict=True):
                self.resblocks.append(block(width, k, d))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """mel (B, n_mels, T) → samples (B, 1, T · hop) in (-1, 1)."""
        n = len(self.config.resblock_kernels)
        x = self.conv_pre(mel)
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            parallel = [self.resblocks[i * n + j](x) for j in range(n)]
            x = sum(parallel[1:], parallel[0]) / n
        return torch.tanh(self.conv_post(F.leaky_relu(x, LAST_SLOPE)))
