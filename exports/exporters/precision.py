"""float16 twins of graphs: what is heavy runs in half, what is delicate stays."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from core.graphs import GraphSpec

_HEAVY = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Linear)
_RECURRENT = (nn.LSTM, nn.LSTMCell)
# Sums over many values: float16 loses them (the same choice as torch.amp's autocast list).
_DELICATE = (nn.LayerNorm, nn.BatchNorm1d)


def cast(value: Any, dtype: torch.dtype) -> Any:
    """Floating tensors of a nested tuple as ``dtype``; others as they are."""
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, tuple):
        return tuple(cast(v, dtype) for v in value)
    return value


class Cast(nn.Module):
    """A layer whose inputs are cast to its own type, and its outputs to another if asked.

    Args:
        layer: the layer.
        inside: its type.
        outside: of its outputs, or None to leave them.
    """

    def __init__(
        self, layer: nn.Module, inside: torch.dtype, outside: torch.dtype | None = None
    ) -> None:
        super().__init__()
        self.layer = layer
        self.inside = inside
        self.outside = outside
        self.training = layer.training

    @property
    def weight(self) -> Any:
        """The layer's, for networks that read it (WaveGlow inverts a convolution's)."""
        return self.layer.weight

    def forward(self, *inputs: Any) -> Any:
        """The layer's outputs."""
        output = self.layer(*cast(inputs, self.inside))
        return output if self.outside is None else cast(output, self.outside)


def half_graph(spec: GraphSpec) -> GraphSpec:
    """The graph with float16 weights and compute; inputs and outputs stay float32."""
    return replace(
        spec,
        module=half_module(spec.module, spec.keep_float32),
        onnx_module=spec.onnx_module and half_module(spec.onnx_module, spec.keep_float32),
    )


def half_module(module: nn.Module, keep_float32: Iterable[str]) -> nn.Module:
    """A copy with every heavy layer in float16, except below the given paths."""
    twin = copy.deepcopy(module)
    kept = tuple(f".{path}." for path in keep_float32)
    for path, layer in list(twin.named_modules()):
        cast_layer = _cast_layer(layer, any(k in f".{path}." for k in kept))
        if cast_layer is not None:
            parent, _, name = path.rpartition(".")
            setattr(twin.get_submodule(parent), name, cast_layer)
    return Cast(twin, torch.float32, torch.float32)


def _cast_layer(layer: nn.Module, keep: bool) -> Cast | None:
    if isinstance(layer, _HEAVY):
        return Cast(layer, torch.float32) if keep else Cast(layer.half(), torch.float16)
    if isinstance(layer, _RECURRENT):
        inside = torch.float32 if keep else torch.float16
        return Cast(layer.to(inside), inside, torch.float32)
    if isinstance(layer, _DELICATE):
        return Cast(layer, torch.float32)
    return None
