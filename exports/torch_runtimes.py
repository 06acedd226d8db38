"""eager and torchscript: artifacts to graphs that torch computes, on CPU and CUDA."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from core.errors import ArtifactError, DeviceError, SynthesisError
from core.protocols import Array, Graph
from exports.exporters.precision import half_graph
from exports.manifest import read_manifest_for, read_verified
from exports.registry import build_network, spec_of


class TorchGraph:
    """A torch or TorchScript module as a graph.

    Args:
        module: positional tensors in, tensor or tuple of tensors out.
        device: where it lives.
    """

    def __init__(self, module: Any, device: str) -> None:
        self._module = module
        self._device = torch.device(device)

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        try:
            with torch.inference_mode():
                output = self._module(*(torch.tensor(a, device=self._device) for a in inputs))
                outputs = (output,) if isinstance(output, Tensor) else output
                return tuple(tensor.cpu().numpy() for tensor in outputs)
        except torch.OutOfMemoryError as error:
            raise DeviceError(f"{self._device} is out of memory") from error
        except RuntimeError as error:
            raise SynthesisError(f"torch: {error}") from error


class EagerRuntime:
    """The network's own Python code."""

    name: str = "eager"

    def __init__(self, device: str) -> None:
        self._device = torch_device(device)

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = read_manifest_for(artifact, "eager")
        (name,) = manifest.files
        state = safetensors.torch.load(read_verified(artifact, manifest, name))
        wide = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        network = build_network(manifest.network, manifest.config, wide)
        specs = spec_of(manifest.network).graphs(network)
        if manifest.precision == "fp16":
            specs = tuple(half_graph(spec) for spec in specs)
        return {s.name: TorchGraph(s.module.to(self._device), self._device) for s in specs}


class TorchScriptRuntime:
    """Frozen traces."""

    name: str = "torchscript"

    def __init__(self, device: str) -> None:
        self._device = torch_device(device)

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = read_manifest_for(artifact, "torchscript")
        return {
            name: TorchGraph(
                self._load(read_verified(artifact, manifest, graph.file)), self._device
            )
            for name, graph in manifest.graphs.items()
        }

    def _load(self, data: bytes) -> Any:
        with warnings.catch_warnings():
            # torch >= 2.9 announces the end of TorchScript with every call.
            warnings.filterwarnings("ignore", message=".*torch.jit", category=DeprecationWarning)
            try:
                load: Any = torch.jit.load
                return load(io.BytesIO(data), map_location=self._device)
            except RuntimeError as error:
                raise ArtifactError(f"not a TorchScript file: {error}") from error


def torch_device(device: str) -> str:
    """Returns the device, if torch has it.

    Raises:
        DeviceError: it does not.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceError(f"torch sees no {device}", code="no_device")
    return device
