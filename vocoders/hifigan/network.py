"""HiFi-GAN generator: log-mels to samples.

Source: HiFi-GAN (arXiv 2010.05646) §2.2; attribute names of jik876/hifi-gan@4769534 (MIT), so that
its checkpoints load strictly once weight norm is folded. Differs: weights are plain; training
without a source puts weight norm on and takes it off (vocoders/weight_norm.py). With an
inverse STFT at the end it is an iSTFTNet (arXiv 2203.02395) whose last convolution writes real and
imaginary parts of a common level instead of a phase, which bfloat16 would round; with a source
(vocoders/sourced.py) it hears that in every stage.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.hifigan.config import HifiGanConfig
from vocoders.inverse_stft import ShortInverseStft, spectral_convolution
from vocoders.source_taps import source_taps
from vocoders.sourced import with_source

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
        self.sources: nn.ModuleList | None = None
        if config.source is not None:
            widths = [config.upsample_channels >> i + 1 for i in range(len(self.ups))]
            self.sources = source_taps(widths, config.source_strides)
        if config.stft_hop:
            self.conv_post = spectral_convolution(width, config.stft_hop, padding=3)
            self.inverse: nn.Module = ShortInverseStft(config.stft_hop)
        else:
            self.conv_post = nn.Conv1d(width, 1, 7, padding=3)
            self.inverse = nn.Tanh()

    def forward(self, mel: Tensor, source: Tensor | None = None) -> Tensor:
        """Makes samples.

        Args:
            mel: (B, n_mels, T).
            source: (B, 2, T · hop) samples of its parts, for a network that has taps for them.

        Returns:
            (B, 1, T · hop), with a tanh at the end in (-1, 1).
        """
        n = len(self.config.resblock_kernels)
        x = self.conv_pre(mel)
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            if self.sources is not None:
                assert source is not None
                x = x + self.sources[i](source)
            parallel = [self.resblocks[i * n + j](x) for j in range(n)]
            x = sum(parallel[1:], parallel[0]) / n
        samples: Tensor = self.inverse(self.conv_post(F.leaky_relu(x, LAST_SLOPE)))
        return samples


def build(config: HifiGanConfig) -> nn.Module:
    """Returns the generator of these sizes, behind its source if it has one."""
    return with_source(config.source, HifiGan(config))
