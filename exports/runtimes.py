"""eager, torchscript, onnx, openvino: artifacts to graphs, on CPU and CUDA."""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort
import safetensors.torch
import torch
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from torch import Tensor

from core.errors import ArtifactError, DeviceError, SynthesisError
from core.protocols import Array, Graph, Runtime
from core.request import RuntimeName
from exports.exporters.precision import half_graph
from exports.manifest import ArtifactManifest, read_manifest, read_verified
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


class OnnxGraph:
    """An ONNX Runtime session as a graph.

    Args:
        session: an InferenceSession.
        names: the graph's inputs in order; the exporter leaves out those that nothing reads (the
            speakers of a model with one).
    """

    def __init__(self, session: Any, names: Sequence[str]) -> None:
        self._session = session
        self._names = tuple(names)
        self._read = {i.name for i in session.get_inputs()}

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        named = dict(zip(self._names, inputs, strict=True))
        try:
            return tuple(
                self._session.run(None, {k: v for k, v in named.items() if k in self._read})
            )
        except ort_errors.InvalidArgument as error:
            raise SynthesisError(f"onnxruntime: {error}") from error
        except (ort_errors.Fail, ort_errors.RuntimeException, ort_errors.EPFail) as error:
            raise DeviceError(f"onnxruntime: {error}") from error


class EagerRuntime:
    """The network's own Python code."""

    name: str = "eager"

    def __init__(self, device: str) -> None:
        self._device = torch_device(device)

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = _manifest(artifact, "eager")
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
        manifest = _manifest(artifact, "torchscript")
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


class OnnxRuntime:
    """ONNX Runtime sessions.

    Args:
        device: cpu, cuda or cuda:N.
        threads: of one session; 1 because a process per core beats threads in one process.
    """

    name: str = "onnx"

    def __init__(self, device: str, threads: int = 1) -> None:
        self._providers = _providers(device)
        self._threads = threads

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = _manifest(artifact, "onnx")
        return {
            name: OnnxGraph(
                self._session(read_verified(artifact, manifest, graph.file)),
                [i.name for i in graph.inputs],
            )
            for name, graph in manifest.graphs.items()
        }

    def _session(self, data: bytes) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # A spinning thread takes the core from the neighbour process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors; warnings are about its own optimizer
        try:
            return ort.InferenceSession(data, options, providers=self._providers)
        except (ort_errors.InvalidProtobuf, ort_errors.InvalidGraph, ort_errors.Fail) as error:
            raise ArtifactError(f"not a usable ONNX file: {error}") from error


class OpenVinoGraph:
    """A compiled OpenVINO model as a graph; any threads may call it.

    Args:
        compiled: an ``openvino.CompiledModel``.
        names: the graph's inputs in order; the exporter leaves out those that nothing reads.
    """

    def __init__(self, compiled: Any, names: Sequence[str]) -> None:
        self._compiled = compiled
        self._names = tuple(names)
        self._read = {name for tensor in compiled.inputs for name in tensor.names}
        self._requests = threading.local()  # a request serves one call at a time

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises SynthesisError."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        named = dict(zip(self._names, inputs, strict=True))
        try:
            outputs = self._requests.own.infer(
                {k: v for k, v in named.items() if k in self._read}, share_inputs=True
            )
        except RuntimeError as error:
            raise SynthesisError(f"openvino: {error}") from error
        return tuple(outputs[output] for output in self._compiled.outputs)


class OpenVinoRuntime:
    """OpenVINO on a CPU: the files of ONNX, some graphs in bfloat16.

    Args:
        device: cpu.

    Raises:
        DeviceError: another device, or OpenVINO is not installed.
    """

    name: str = "openvino"

    def __init__(self, device: str) -> None:
        if device != "cpu":
            raise DeviceError(f"openvino runs on a CPU here, not on {device}", code="no_device")
        try:
            import openvino
        except ModuleNotFoundError as error:
            how = "pip install -c constraints.txt '.[openvino]'"
            raise DeviceError(f"openvino is not installed: {how}", code="no_runtime") from error
        self._core: Any = openvino.Core()

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = _manifest(artifact, "openvino")
        if any(graph.bf16 for graph in manifest.graphs.values()):
            self._require_bf16()
        return {
            name: OpenVinoGraph(
                self._compiled(read_verified(artifact, manifest, graph.file), graph.bf16),
                [i.name for i in graph.inputs],
            )
            for name, graph in manifest.graphs.items()
        }

    def _require_bf16(self) -> None:
        if "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise DeviceError("this CPU has no bfloat16 (AVX-512 BF16 or AMX)", code="no_bf16")

    def _compiled(self, data: bytes, bf16: bool) -> Any:
        # As many streams of one thread as cores, so that threads of an engine work side by side.
        cores = len(os.sched_getaffinity(0))
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
            "NUM_STREAMS": cores,
            "INFERENCE_NUM_THREADS": cores,
            "ENABLE_CPU_PINNING": False,
        }
        try:
            return self._core.compile_model(self._core.read_model(data), "CPU", options)
        except RuntimeError as error:
            raise ArtifactError(f"not a usable ONNX file: {error}") from error


def open_runtime(name: RuntimeName, device: str = "cpu", threads: int = 1) -> Runtime:
    """Returns the runtime of that name.

    Args:
        name: eager, torchscript, onnx or openvino.
        device: cpu, cuda or cuda:N.
        threads: of ONNX Runtime; torch's threads are the process's (torch.set_num_threads).

    Raises:
        DeviceError: the device or the runtime is not there.
    """
    if name == "onnx":
        return OnnxRuntime(device, threads)
    if name == "openvino":
        return OpenVinoRuntime(device)
    return EagerRuntime(device) if name == "eager" else TorchScriptRuntime(device)


def torch_device(device: str) -> str:
    """Returns the device, if torch has it.

    Raises:
        DeviceError: it does not.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceError(f"torch sees no {device}", code="no_device")
    return device


def _providers(device: str) -> list[Any]:
    if not device.startswith("cuda"):
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise DeviceError(f"this onnxruntime has no {device} (onnxruntime-gpu)", code="no_device")
    options = {
        "device_id": int(device.partition(":")[2] or 0),
        # EXHAUSTIVE tunes again for every new shape: 634 ms against 1.9 ms.
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


def _manifest(artifact: Path, runtime: RuntimeName) -> ArtifactManifest:
    manifest = read_manifest(artifact)
    if manifest.runtime != runtime:
        raise ArtifactError(f"{artifact} is for {manifest.runtime}, not for {runtime}")
    return manifest
