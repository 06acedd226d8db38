"""eager and torchscript: artifacts to graphs that torch computes, on CPU and CUDA."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from core.errors import ArtifactError, DeviceError, SynthesisError
from core.protocols import Array, Graph
from exports.captured import CapturedGraph
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
        with _torch_errors(self._device):
            tensors = (torch.tensor(array, device=self._device) for array in inputs)
            return _arrays(self._module(*tensors))


class RecordedTorchCall:
    """A call of one shape whose tensors keep their places, as a replay needs it.

    Args:
        module: positional tensors in, tensor or tuple of tensors out.
        device: where it lives.
        inputs: of the first call.
        record: runs a function, and returns what runs the same work again; None = in a CUDA graph.
    """

    def __init__(
        self,
        module: Any,
        device: str,
        inputs: Sequence[Array],
        record: Callable[[Callable[[], None]], Callable[[], None]] | None = None,
    ) -> None:
        self._module, self._device = module, torch.device(device)
        self._outputs: Any = ()
        with _torch_errors(self._device):
            self._inputs = [torch.tensor(array, device=self._device) for array in inputs]
            self._replay = (record or record_cuda_graph)(self._run)

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        with _torch_errors(self._device):
            for place, array in zip(self._inputs, inputs, strict=True):
                place.copy_(torch.tensor(array))
            self._replay()
            return _arrays(self._outputs)

    def _run(self) -> None:
        self._outputs = self._module(*self._inputs)


def record_cuda_graph(run: Callable[[], None]) -> Callable[[], None]:
    """Records what a function launches, and returns what launches it again.

    It runs three times first: kernels are chosen and memory is taken then, which a recording must
    not contain.

    Source: pytorch.org, "CUDA semantics", "Whole-network capture".
    """
    stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def _arrays(output: Any) -> tuple[Array, ...]:
    outputs = (output,) if isinstance(output, Tensor) else output
    return tuple(tensor.cpu().numpy() for tensor in outputs)


@contextmanager
def _torch_errors(device: torch.device) -> Iterator[None]:
    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as error:
        raise DeviceError(f"{device} is out of memory") from error
    except RuntimeError as error:
        raise SynthesisError(f"torch: {error}") from error


class _TorchRuntime:
    """What eager and TorchScript share: a module, once it is there, is a graph.

    Args:
        device: cpu, cuda or cuda:N.
        captured_frames: length of the calls that are captured in CUDA graphs; None = none is.
    """

    def __init__(self, device: str, captured_frames: int | None = None) -> None:
        self._device = torch_device(device)
        self._captured_frames = captured_frames

    def _graph(self, module: Any) -> Graph:
        graph = TorchGraph(module, self._device)
        if self._captured_frames is None:
            return graph
        record = partial(RecordedTorchCall, module, self._device)
        return CapturedGraph(graph, self._captured_frames, record)


class EagerRuntime(_TorchRuntime):
    """The network's own Python code."""

    name: str = "eager"

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
        return {s.name: self._graph(s.module.to(self._device)) for s in specs}


class TorchScriptRuntime(_TorchRuntime):
    """Frozen traces."""

    name: str = "torchscript"

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Raises ArtifactError, DeviceError."""
        manifest = read_manifest_for(artifact, "torchscript")
        return {
            name: self._graph(self._load(read_verified(artifact, manifest, graph.file)))
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
    """Returns the device, if torch has it, and lets it multiply float32 in float32.

    Raises:
        DeviceError: it does not.
    """
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise DeviceError(f"torch sees no {device}", code="no_device")
        use_tf32(False)
    return device


def use_tf32(allowed: bool) -> None:
    """Sets how this process multiplies float32 on a GPU: TF32 has 10 bits of 23.

    torch allows it in convolutions and recurrent layers unless it is told not to; ``fp32`` would
    not mean float32 then.

    Source: pytorch.org, "CUDA semantics", "TensorFloat-32".
    """
    precision = "tf32" if allowed else "ieee"
    backends: Any = torch.backends  # torch has no types for what follows
    backends.cudnn.conv.fp32_precision = precision
    backends.cudnn.rnn.fp32_precision = precision
    backends.cuda.matmul.fp32_precision = precision
