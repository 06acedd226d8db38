"""A network as named functions of arrays: what an exporter reads and a runtime runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Axes = Mapping[str, tuple[str | int, ...]]
"""Per input and output its axes: an int is fixed, a name is dynamic, as in ("B", 80, "T")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSpec:
    """One function of a network.

    Attributes:
        name: encode, decode, vocode …
        module: torch.nn.Module in eval mode, positional tensors in, tensor or tuple of tensors out.
        inputs: names in order.
        outputs: names in order.
        axes: axes of every input and output.
        example: (batch, size, seed) → input tensors; ``size`` is the length of the time axis.
        onnx_module: a module equal in value that ONNX Runtime runs faster, or None.
        keep_float32: paths of submodules that stay float32 in a float16 or int8 export.
        int8: its linear and recurrent layers may be quantized dynamically; other graphs of the
            network stay float32 in an int8 artifact.
        bf16: a bf16 artifact computes it in bfloat16; its other graphs stay float32.
    """

    name: str
    module: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: Axes
    example: Callable[[int, int, int], tuple[Any, ...]]
    onnx_module: Any = None
    keep_float32: tuple[str, ...] = field(default=())
    int8: bool = False
    bf16: bool = False

    def dynamic_axes(self) -> dict[str, dict[int, str]]:
        """Per name the dynamic axes, {axis: its name}."""
        return {
            name: {i: axis for i, axis in enumerate(axes) if isinstance(axis, str)}
            for name, axes in self.axes.items()
        }
