"""Graphs to ONNX.

The exporter that traces (``dynamo=False``) is taken: on FastSpeech 2 and HiFi-GAN both exporters
give the same values and speed in ONNX Runtime, the tracing one in a tenth of the time and without
specializing the batch axis (docs/decisions, "ONNX export").
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

from core.errors import ArtifactError
from core.graphs import GraphSpec
from exports.exporters.quantize import quantize_onnx

# LayerNormalization is an operator from 17 on; ONNX Runtime >= 1.14 runs it.
OPSET = 17
_TRACE = (2, 24, 0)  # batch, size, seed of the traced example


def export_onnx(spec: GraphSpec, path: Path) -> None:
    """Writes one graph, quantized if it says so.

    Raises:
        ArtifactError: the graph cannot be exported.
    """
    with warnings.catch_warnings():
        quiet_tracing()
        # The exporter calls functions of its own that are marked for removal.
        warnings.filterwarnings("ignore", message="The feature will be removed")
        # It warns that a reversed slice (reflection padding) stays in the graph.
        warnings.filterwarnings("ignore", message="Constant folding - Only steps=1")
        # Initial states are made in the graph, of the input's batch size; parity tries others.
        warnings.filterwarnings("ignore", message="Exporting a model to ONNX with a batch_size")
        try:
            torch.onnx.export(
                spec.onnx_module or spec.module,
                spec.example(*_TRACE),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(spec.inputs),
                output_names=list(spec.outputs),
                dynamic_axes=spec.dynamic_axes(),
            )
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            raise ArtifactError(f"ONNX export of {spec.name}: {error}") from error
    if spec.int8:
        quantize_onnx(path, spec)


def quiet_tracing() -> None:
    """Silences what tracing always says; the parity report at other shapes is the real check."""
    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
    # torch >= 2.9 announces that TorchScript and the exporter built on it will go.
    warnings.filterwarnings(
        "ignore", message=".*torch.jit.*deprecated", category=DeprecationWarning
    )
    warnings.filterwarnings("ignore", message=".*legacy TorchScript", category=DeprecationWarning)
