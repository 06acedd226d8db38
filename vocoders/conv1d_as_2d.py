"""One-dimensional networks as two-dimensional ones, which ONNX Runtime runs faster.

ONNX Runtime's blocked CPU convolutions take 4-D weights only. A Conv1d as a Conv2d of kernel
(1, k) computes the same and gained a quarter on HiFi-GAN V3 (docs/decisions, "ONNX export").
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import Tensor, nn

Twin = TypeVar("Twin", nn.Conv2d, nn.ConvTranspose2d)


class Conv1dAs2d(nn.Module):
    """A fully convolutional network (B, C, T) → (B, C', T'), with its time as the width.

    Args:
        network: of Conv1d, ConvTranspose1d, ReflectionPad1d and shape-blind layers only, with one
            or several tensors in and out; it is copied.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        _widen(self.network)

    def forward(self, *inputs: Tensor) -> Any:
        """(B, C, T) each → (B, C', T'), or a tuple of such."""
        outputs = self.network(*(x.unsqueeze(2) for x in inputs))
        if isinstance(outputs, Tensor):
            return outputs.squeeze(2)
        return tuple(x.squeeze(2) for x in outputs)


def _widen(module: nn.Module) -> None:
    for name, child in module.named_children():
        twin = _twin(child)
        if twin is None:
            _widen(child)
        else:
            setattr(module, name, twin.eval())


def _twin(layer: nn.Module) -> nn.Module | None:
    if isinstance(layer, nn.ReflectionPad1d):
        return nn.ReflectionPad2d((*layer.padding, 0, 0))
    if isinstance(layer, nn.ConvTranspose1d):
        return _filled(
            nn.ConvTranspose2d(
                layer.in_channels,
                layer.out_channels,
                (1, layer.kernel_size[0]),
                stride=(1, layer.stride[0]),
                padding=(0, int(layer.padding[0])),
                output_padding=(0, layer.output_padding[0]),
                groups=layer.groups,
                bias=layer.bias is not None,
                dilation=(1, layer.dilation[0]),
            ),
            layer,
        )
    return conv2d_of(layer) if isinstance(layer, nn.Conv1d) else None


def conv2d_of(layer: nn.Conv1d) -> nn.Conv2d:
    """Returns the convolution over the width that shares the weights of one over time."""
    twin = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        (1, layer.kernel_size[0]),
        stride=(1, layer.stride[0]),
        padding=(0, int(layer.padding[0])),
        dilation=(1, layer.dilation[0]),
        groups=layer.groups,
        bias=layer.bias is not None,
    )
    return _filled(twin, layer)


def _filled(twin: Twin, layer: nn.Conv1d | nn.ConvTranspose1d) -> Twin:
    twin.weight.data = layer.weight.data.unsqueeze(2)
    if twin.bias is not None and layer.bias is not None:
        twin.bias.data = layer.bias.data
    return twin
