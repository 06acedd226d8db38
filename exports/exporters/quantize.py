"""Dynamic int8: weights of linear and recurrent layers in a byte, activations scaled per call.

Weights take seven of its bits, so that no CPU overflows.

For Tacotron 2, whose steps are bound by reading weights. Convolutions stay as they are: ConvInteger
is slower than float32 on CPU and hurts a vocoder's sound.
"""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from core.graphs import GraphSpec

_LAYERS = (nn.Linear, nn.LSTMCell)
_OPERATORS = ["MatMul", "Gemm", "LSTM"]


def quantized_module(spec: GraphSpec) -> Any:
    """The graph's module for TorchScript, with the delicate layers left in float32."""
    quantization: Any = torch.ao.quantization
    with warnings.catch_warnings():
        # Announced for removal in favour of torchao, which has no LSTMCell; pinned with torch.
        warnings.filterwarnings("ignore", message="torch.ao.quantization is deprecated")
        warnings.filterwarnings(
            "ignore", message="torch.quantize_per_tensor, torch.quantize_per_ch"
        )
        layers = {
            path: quantization.default_dynamic_qconfig
            for path, layer in spec.module.named_modules()
            if isinstance(layer, _LAYERS) and not _kept(path, spec.keep_float32)
        }
        twin = copy.deepcopy(spec.module)
        return quantization.quantize_dynamic(twin, layers, dtype=torch.qint8)


def quantize_onnx(path: Path, spec: GraphSpec) -> None:
    """Rewrites an exported float32 graph in place."""
    names = [node.name for node in onnx.load(str(path)).graph.node]
    whole = path.with_suffix(".float.onnx")
    path.rename(whole)
    try:
        _quiet_quantize(whole, path, [n for n in names if _kept(_dotted(n), spec.keep_float32)])
    finally:
        whole.unlink()


def _quiet_quantize(source: Path, target: Path, excluded: list[str]) -> None:
    root = logging.getLogger()
    # It advises, on the root logger, a pre-processing that gains nothing for these graphs.
    silence = logging.Filter()
    silence.filter = lambda record: "pre-processing" not in record.getMessage()  # type: ignore[method-assign]
    root.addFilter(silence)
    try:
        quantize_dynamic(
            source,
            target,
            weight_type=QuantType.QInt8,
            # Without VNNI pairs of products are summed in 16 bits, which eight bits overflow;
            # torch leaves out the same bit. https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
            reduce_range=True,
            op_types_to_quantize=_OPERATORS,
            nodes_to_exclude=excluded,
        )
    finally:
        root.removeFilter(silence)


def _dotted(node: str) -> str:
    """``/decoder/gate_layer/Gemm`` → ``decoder.gate_layer.Gemm``."""
    return node.strip("/").replace("/", ".")


def _kept(path: str, keep_float32: tuple[str, ...]) -> bool:
    return any(f".{kept}." in f".{path}." for kept in keep_float32)
