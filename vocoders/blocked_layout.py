"""Layers in the forms that ONNX Runtime computes without leaving its blocked layout.

Its fast CPU convolutions keep sixteen channels of a position together. What has no kernel for that
layout costs a copy into the usual one and another back: a leaky ReLU that no convolution precedes,
a transposed convolution. Here the first follows a convolution with ones, and the second is written
as convolutions. All layers are two-dimensional with time as the width, see conv1d_as_2d.py.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BlockedLeakyReLU(nn.Module):
    """A leaky ReLU of anything; ONNX Runtime fuses it with the convolution in front."""

    def __init__(self, channels: int, slope: float) -> None:
        super().__init__()
        self.copy = BlockedCopy(channels)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, T) → (B, C, 1, T)."""
        return F.leaky_relu(self.copy(x), self.slope)


class BlockedCopy(nn.Conv2d):
    """The identity as a convolution: brings a tensor into the blocked layout once for all."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1, groups=channels, bias=False)
        nn.init.ones_(self.weight)


class _PaddedConv(torch.autograd.Function):
    """A convolution whose left and right padding differ, which torch cannot write to ONNX."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, pads: tuple[int, int]) -> Tensor:
        return F.conv2d(F.pad(x, (*pads, 0, 0)), weight, bias)

    @staticmethod
    def symbolic(g: Any, x: Any, weight: Any, bias: Any, pads: tuple[int, int]) -> Any:
        return g.op("Conv", x, weight, bias, pads_i=[0, pads[0], 0, pads[1]])


class UnevenConv2d(nn.Conv2d):
    """A convolution over the width with a padding of its own on either side."""

    def __init__(
        self, channels: int, out_channels: int, kernel: int, pads: tuple[int, int]
    ) -> None:
        super().__init__(channels, out_channels, (1, kernel))
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, T) → (B, C', 1, T + pads - kernel + 1)."""
        convolve: Any = _PaddedConv.apply
        out: Tensor = convolve(x, self.weight, self.bias, self.pads)
        return out


class PolyphaseUpsampling(nn.Module):
    """A transposed convolution as plain ones, whose channels are the phases of the output.

    Output t · stride + p has the taps (p + padding) mod stride + m · stride, which meet the inputs
    t + (p + padding) // stride - m. Phases that meet the same inputs share a convolution. Laid out
    with the channels last, phases become positions by a reshape.

    Args:
        layer: (B, C, T) → (B, C', T · stride).
        scale: factor on its weights.
    """

    def __init__(self, layer: nn.ConvTranspose1d, scale: float = 1.0) -> None:
        super().__init__()
        stride, padding, kernel = layer.stride[0], int(layer.padding[0]), layer.kernel_size[0]
        if kernel - 2 * padding != stride:
            raise ValueError(f"kernel {kernel}, stride {stride}, padding {padding}")
        taps = -(-kernel // stride)
        # (C, C', taps · stride): phases of any kernel have equally many taps.
        weight = F.pad(layer.weight.detach() * scale, (0, taps * stride - kernel))
        shifts = [(phase + padding) // stride for phase in range(stride)]
        self.out_channels = layer.out_channels
        self.convs = nn.ModuleList()
        for shift in sorted(set(shifts)):
            phases = [phase for phase in range(stride) if shifts[phase] == shift]
            conv = UnevenConv2d(
                layer.in_channels,
                len(phases) * self.out_channels,
                taps,
                (taps - 1 - shift, shift),
            )
            rows = [
                # A convolution's first tap meets the earliest input.
                weight[:, :, (phase + padding) % stride :: stride].flip(2).transpose(0, 1)
                for phase in phases
            ]
            conv.weight.data = torch.cat(rows)[:, :, None].contiguous()
            if layer.bias is not None and conv.bias is not None:
                conv.bias.data = layer.bias.detach().repeat(len(phases))
            self.convs.append(conv)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, T) → (B, C', 1, T · stride)."""
        phases = torch.cat([conv(x).permute(0, 2, 3, 1) for conv in self.convs], 3)
        positions = phases.reshape(phases.shape[0], 1, -1, self.out_channels)
        return positions.permute(0, 3, 1, 2)


class StridedSamples(nn.Module):
    """A convolution to one channel as one to some channels at a stride: its output's phases.

    A blocked convolution computes sixteen channels, also where one is asked for.

    Args:
        layer: (B, C, N) → (B, 1, N), of odd kernel, padded to keep the length.
        phases: samples that are computed together; N is a multiple.
        scale: factor on its weights, not on its bias.
    """

    def __init__(self, layer: nn.Conv1d, phases: int, scale: float = 1.0) -> None:
        super().__init__()
        kernel = layer.kernel_size[0]
        self.conv = nn.Conv2d(
            layer.in_channels,
            phases,
            (1, phases + kernel - 1),
            stride=(1, phases),
            padding=(0, kernel // 2),
        )
        self.conv.weight.data.zero_()
        for phase in range(phases):
            taps = layer.weight.detach()[0] * scale  # (C, kernel)
            self.conv.weight.data[phase, :, 0, phase : phase + kernel] = taps
        if layer.bias is not None and self.conv.bias is not None:
            self.conv.bias.data = layer.bias.detach().repeat(phases)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, N) → (B, N)."""
        out: Tensor = self.conv(x).permute(0, 2, 3, 1).flatten(1)
        return out
