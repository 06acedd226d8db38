"""What the CPU that runs the tests computes itself."""

from __future__ import annotations

import pytest

from core.request import PRECISIONS, Precision, RuntimeName


def has_bf16() -> bool:
    """Whether OpenVINO finds bfloat16 in this CPU (AVX-512 BF16, AMX)."""
    openvino = pytest.importorskip("openvino")
    capabilities: list[str] = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


def computed_precision(runtime: RuntimeName) -> Precision:
    """Returns a runtime's own precision; float32 where this CPU lacks bfloat16."""
    own = PRECISIONS[runtime][0]
    return "fp32" if own == "bf16" and not has_bf16() else own
