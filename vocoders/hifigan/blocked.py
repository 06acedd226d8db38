"""HiFi-GAN's generator as ONNX Runtime computes it fastest: equal in value, not in form."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.blocked_layout import (
    BlockedCopy,
    BlockedLeakyReLU,
    PolyphaseUpsampling,
    StridedSamples,
)
from vocoders.conv1d_as_2d import conv2d_of
from vocoders.hifigan.network import LAST_SLOPE, SLOPE, HifiGan, ResBlock1, ResBlock2

PHASES = 16
"""Samples that the last convolution computes together, or the largest divisor the hop has."""


class BlockedHifiGan(nn.Module):
    """The generator with its activations and upsamplings in the blocked layout.

    The mean over the parallel blocks is a sum; its division goes into the weights that follow,
    since a leaky ReLU keeps factors.
    """

    def __init__(self, network: HifiGan) -> None:
        super().__init__()
        config = network.config
        self.parallel = len(config.resblock_kernels)
        self.conv_pre = conv2d_of(network.conv_pre)
        self.stages = nn.ModuleList()
        share = 1.0 / self.parallel
        for i, up in enumerate(network.ups):
            assert isinstance(up, nn.ConvTranspose1d)
            blocks = network.resblocks[i * self.parallel : (i + 1) * self.parallel]
            tap = None if network.sources is None else network.sources[i]
            self.stages.append(BlockedStage(up, blocks, share if i else 1.0, tap))
        width = network.conv_post.in_channels
        self.activation = BlockedLeakyReLU(width, LAST_SLOPE)
        self.inverse = network.inverse
        if config.stft_hop:
            self.conv_post: nn.Module = conv2d_of(network.conv_post)
            self.conv_post.weight.data = self.conv_post.weight.data * share
        else:
            phases = math.gcd(config.hop_length, PHASES)
            self.conv_post = StridedSamples(network.conv_post, phases, share)

    def forward(self, mel: Tensor, source: Tensor | None = None) -> Tensor:
        """mel (B, n_mels, T), source (B, 2, T · hop) float32 → samples (B, T · hop) float32."""
        x = self.conv_pre(mel.unsqueeze(2))
        if source is not None:
            source = source.unsqueeze(2)
        for stage in self.stages:
            x = stage(x, source)
        samples: Tensor = self.inverse(self.conv_post(self.activation(x)))
        return samples.flatten(1)


class BlockedStage(nn.Module):
    """One upsampling and the sum of its parallel residual blocks."""

    def __init__(
        self,
        up: nn.ConvTranspose1d,
        blocks: Iterable[nn.Module],
        scale: float,
        tap: nn.Module | None,
    ) -> None:
        super().__init__()
        self.tap = conv2d_of(tap) if isinstance(tap, nn.Conv1d) else None
        width = up.out_channels
        self.before = BlockedLeakyReLU(up.in_channels, SLOPE)
        self.up = PolyphaseUpsampling(up, scale)
        self.copy = BlockedCopy(width)
        self.shared = BlockedLeakyReLU(width, SLOPE)
        self.blocks = nn.ModuleList(BlockedResBlock(block, width) for block in blocks)

    def forward(self, x: Tensor, source: Tensor | None) -> Tensor:
        """(B, C, 1, T), source (B, 2, 1, N) → (B, C / 2, 1, T · rate)."""
        x = self.copy(self.up(self.before(x)))
        if self.tap is not None:
            assert source is not None
            x = x + self.tap(source)
        active = self.shared(x)
        outputs = [block(x, active) for block in self.blocks]
        total: Tensor = sum(outputs[1:], outputs[0])
        return total


class BlockedResBlock(nn.Module):
    """A residual block; the first activation is shared by all that run in parallel."""

    def __init__(self, block: nn.Module, width: int) -> None:
        super().__init__()
        assert isinstance(block, ResBlock1 | ResBlock2)
        chains = [block.convs1, block.convs2] if isinstance(block, ResBlock1) else [block.convs]
        self.steps = nn.ModuleList(
            nn.ModuleList(conv2d_of(conv) for conv in step) for step in zip(*chains, strict=True)
        )
        self.activations = nn.ModuleList(BlockedLeakyReLU(width, SLOPE) for _ in self.steps[1:])

    def forward(self, x: Tensor, active: Tensor) -> Tensor:
        """x (B, C, 1, T) and its leaky ReLU → (B, C, 1, T)."""
        for i, step in enumerate(self.steps):
            assert isinstance(step, nn.ModuleList)
            y = step[0](self.activations[i - 1](x) if i else active)
            for conv in step[1:]:
                y = conv(F.leaky_relu(y, SLOPE))
            x = y + x
        return x
