"""Graphs to TorchScript: traced and frozen."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from core.errors import ArtifactError
from core.graphs import GraphSpec
from exports.exporters.onnx import quiet_tracing
from exports.exporters.quantize import quantized_module

_TRACE = (2, 24, 0)  # batch, size, seed of the traced example


def export_torchscript(spec: GraphSpec, path: Path) -> None:
    """Writes one graph, quantized if it says so.

    Raises:
        ArtifactError: the graph cannot be traced.
    """
    with warnings.catch_warnings(), torch.no_grad():
        quiet_tracing()
        try:
            trace: Any = torch.jit.trace
            module = quantized_module(spec) if spec.int8 else spec.module
            traced = trace(module, spec.example(*_TRACE), check_trace=False)
            torch.jit.freeze(traced.eval()).save(str(path))
        except RuntimeError as error:
            raise ArtifactError(f"TorchScript export of {spec.name}: {error}") from error
