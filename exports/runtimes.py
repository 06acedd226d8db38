"""Runtimes: artifacts to graphs. ONNX Runtime on CPU and CUDA, and OpenVINO on a CPU, are here.

Those of torch are in ``exports/torch_runtimes.py``, which is imported when one of them is opened.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from core.errors import ArtifactError, DeviceError, SynthesisError
from core.protocols import Array, Graph, Runtime
from core.request import RuntimeName
from exports.captured import CapturedGraph
from exports.manifest import read_manifest_for, read_verified


class OnnxGraph:
    """An ONNX Runtime session as a graph.

    Args:
        session: an InferenceSession.
        names: the graph's inputs in order; the exporter leaves out those that nothing reads (the
            speakers of a model with one).
        options: of each run; None = the session's own.
    """

    def __init__(self, session: Any, names: Sequence[str], options: Any = None) -> None:
        self._session = session
        self._names = tuple(names)
        self._read = {i.name for i in session.get_inputs()}
        self._options = options

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        named = dict(zip(self._names, inputs, strict=True))
        with _onnx_errors():
            return tuple(
                self._session.run(
                    None, {k: v for k, v in named.items() if k in self._read}, self._options
                )
            )


class BoundOnnxCall:
    """A call of one shape whose inputs and outputs keep their places in the device's memory.

    Args:
        session: an InferenceSession.
        names: the graph's inputs in order.
        device: cpu or cuda; where the places are.
        number: of the device.
        graph: the number under which the session records this shape in a CUDA graph at its first
            run, and replays it then.
        inputs: of the first call.

    Source: onnxruntime.ai, CUDA Execution Provider, "Using CUDA Graphs".
    """

    def __init__(
        self,
        session: Any,
        names: Sequence[str],
        device: str,
        number: int,
        graph: int,
        inputs: Sequence[Array],
    ) -> None:
        self._session = session
        self._options = run_options(graph)
        self._binding = session.io_binding()
        read = {i.name for i in session.get_inputs()}
        self._places = [
            ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), device, number)
            if name in read
            else None
            for name, array in zip(names, inputs, strict=True)
        ]
        for name, place in zip(names, self._places, strict=True):
            if place is not None:
                self._binding.bind_ortvalue_input(name, place)
        # The first shape of the outputs is that of all: a replay writes to the same places.
        plain = session.run(
            None,
            {name: a for name, a in zip(names, inputs, strict=True) if name in read},
            run_options(NOT_CAPTURED),
        )
        self._outputs = [
            ort.OrtValue.ortvalue_from_shape_and_type(list(a.shape), a.dtype.type, device, number)
            for a in plain
        ]
        for output, place in zip(session.get_outputs(), self._outputs, strict=True):
            self._binding.bind_ortvalue_output(output.name, place)

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        with _onnx_errors():
            for place, array in zip(self._places, inputs, strict=True):
                if place is not None:
                    place.update_inplace(np.ascontiguousarray(array))
            self._session.run_with_iobinding(self._binding, self._options)
            return tuple(place.numpy().copy() for place in self._outputs)


NOT_CAPTURED = -1
"""The number that keeps a run out of CUDA graphs."""


def run_options(graph: int) -> Any:
    """Returns options of a run that a number's recording replays; see also ``NOT_CAPTURED``."""
    options = ort.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(graph))
    return options


@contextmanager
def _onnx_errors() -> Iterator[None]:
    try:
        yield
    except ort_errors.InvalidArgument as error:
        raise SynthesisError(f"onnxruntime: {error}") from error
    except (ort_errors.Fail, ort_errors.RuntimeException, ort_errors.EPFail) as error:
        raise DeviceError(f"onnxruntime: {error}") from error


class OnnxRuntime:
    """ONNX Runtime sessions.

    Args:
        device: cpu, cuda or cuda:N.
        threads: of one session; 1 because a process per core beats threads in one process.
        captured_frames: calls of this length have bound memory, and on CUDA are captured in graphs;
            None = none is.
    """

    name: str = "onnx"

    def __init__(self, device: str, threads: int = 1, captured_frames: int | None = None) -> None:
        self._device, _, number = device.partition(":")
        self._number = int(number or 0)
        self._captured_frames = captured_frames
        self._providers = providers(device, captured=captured_frames is not None)
        self._threads = threads

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = read_manifest_for(artifact, "onnx")
        return {
            name: self._graph(
                self._session(read_verified(artifact, manifest, graph.file)),
                [i.name for i in graph.inputs],
            )
            for name, graph in manifest.graphs.items()
        }

    def _graph(self, session: Any, names: Sequence[str]) -> Graph:
        if self._captured_frames is None:
            return OnnxGraph(session, names)
        numbers = count(1)

        def record(inputs: tuple[Array, ...]) -> Graph:
            with _onnx_errors():
                return BoundOnnxCall(
                    session, names, self._device, self._number, next(numbers), inputs
                )

        plain = OnnxGraph(session, names, run_options(NOT_CAPTURED))
        return CapturedGraph(plain, self._captured_frames, record)

    def _session(self, data: bytes) -> Any:
        _share_arena()
        options = ort.SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        # A pattern is one block for each new length, between which the arena has holes.
        options.enable_mem_pattern = False
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # A spinning thread takes the core from the neighbour process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors; warnings are about its own optimizer
        try:
            return ort.InferenceSession(data, options, providers=self._providers)
        except (ort_errors.InvalidProtobuf, ort_errors.InvalidGraph, ort_errors.Fail) as error:
            raise ArtifactError(f"not a usable ONNX file: {error}") from error


@cache
def _share_arena() -> None:
    """Gives all sessions of the process one arena for their tensors: they run in turn, so its peak
    is the largest one's, not the sum."""
    memory = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(memory, None)


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
        manifest = read_manifest_for(artifact, "openvino")
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
            raise DeviceError(
                "this CPU has no bfloat16 (AVX-512 BF16 or AMX): openvino speaks here in fp32",
                code="no_bf16",
            )

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


def open_runtime(
    name: RuntimeName, device: str = "cpu", threads: int = 1, captured_frames: int | None = None
) -> Runtime:
    """Returns the runtime of that name.

    Args:
        name: eager, torchscript, onnx or openvino.
        device: cpu, cuda or cuda:N.
        threads: of ONNX Runtime; torch's threads are the process's (torch.set_num_threads).
        captured_frames: length of the calls that are captured in CUDA graphs; None = none is.

    Raises:
        DeviceError: the device or the runtime is not there.
    """
    if name == "onnx":
        return OnnxRuntime(device, threads, captured_frames)
    if name == "openvino":
        return OpenVinoRuntime(device)
    from exports.torch_runtimes import EagerRuntime, TorchScriptRuntime

    runtime = EagerRuntime if name == "eager" else TorchScriptRuntime
    return runtime(device, captured_frames)


def providers(device: str, *, captured: bool = False) -> list[Any]:
    """Returns the execution providers of a session on a device.

    Args:
        device: cpu, cuda or cuda:N.
        captured: runs may be captured in CUDA graphs.

    Raises:
        DeviceError: this ONNX Runtime has no such device.
    """
    if not device.startswith("cuda"):
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise DeviceError(f"this onnxruntime has no {device} (onnxruntime-gpu)", code="no_device")
    options = {
        "device_id": int(device.partition(":")[2] or 0),
        # EXHAUSTIVE tunes again for every new shape: 634 ms against 1.9 ms.
        "cudnn_conv_algo_search": "HEURISTIC",
        # What is called fp32 is computed in it; whoever wants speed takes fp16.
        "use_tf32": "0",
        "enable_cuda_graph": str(int(captured)),
    }
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]
