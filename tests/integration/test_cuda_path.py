"""What can be proved of the path on a GPU without one: places of tensors, recordings, arithmetic.

No test here has run on a GPU; ``python -m benchmarks.cuda`` measures on one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from core.errors import SynthesisError
from core.networks import WindowPolicy
from core.voice import Component
from exports.captured import CapturedGraph
from exports.component_file import load_weights
from exports.exporters.export import artifact_folder, export_component
from exports.exporters.precision import half_graph
from exports.registry import build_network, halo_of, join_vocoder, spec_of
from exports.runtimes import OnnxRuntime, providers
from exports.torch_runtimes import EagerRuntime, RecordedTorchCall, TorchGraph, use_tf32
from tests.parity.small import small_component

VOCODERS = ("hifigan", "melgan", "vocos", "waveglow")
WINDOWS = WindowPolicy(core=32, static=True, max_batch_frames=512)


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Component]:
    folder = tmp_path_factory.mktemp("components")
    return {name: small_component(folder, name) for name in ("fastspeech2", *VOCODERS)}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


def network_of(component: Component) -> Any:
    return build_network(component.network, component.config, load_weights(component))


def mels(component: Component, lengths: tuple[int, ...]) -> list[NDArray[np.float32]]:
    random = np.random.default_rng(1)
    return [
        random.normal(-5, 2, (component.mel.n_mels, frames)).astype(np.float32)
        for frames in lengths
    ]


# WaveGlow inverts its convolutions outside of autocast, which knows no meta.
@pytest.mark.parametrize("name", ["fastspeech2", "hifigan", "melgan", "vocos"])
@pytest.mark.parametrize("half", [False, True])
def test_a_graph_stays_on_its_device_and_waits_for_nothing(
    components: dict[str, Component], name: str, half: bool
) -> None:
    """A tensor on ``meta`` has no values: a look at one raises, as does one on the CPU beside."""
    for spec in spec_of(components[name].network).graphs(network_of(components[name])):
        module = (half_graph(spec) if half else spec).module.to("meta")
        inputs = [tensor.to("meta") for tensor in spec.example(2, 24, 0)]
        with torch.inference_mode():
            output = module(*inputs)
        outputs = (output,) if isinstance(output, torch.Tensor) else output
        assert {tensor.device.type for tensor in outputs} == {"meta"}


class FakeRecorder:
    """A recording that runs the function again; counts both."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def __call__(self, run: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1
        run()

        def replay() -> None:
            self.replayed += 1
            run()

        return replay


def test_full_windows_alone_are_recorded_once_for_each_width(
    components: dict[str, Component],
) -> None:
    component, recorder = components["hifigan"], FakeRecorder()
    module = spec_of("hifigan").graphs(network_of(component))[0].module
    halo = halo_of("hifigan", component.config)
    plain = TorchGraph(module, "cpu")
    record = partial(RecordedTorchCall, module, "cpu", record=recorder)
    captured = CapturedGraph(plain, WINDOWS.core + 2 * halo, record)
    by_graph = {
        graph: join_vocoder("hifigan", {"vocode": graph}, component.mel, component.config, WINDOWS)
        for graph in (plain, captured)
    }
    several, short = mels(component, (300, 150, 90)), mels(component, (20,))
    for batch in (several, several, several[:1], short):
        seeds = [0] * len(batch)
        wanted, found = (vocoder(batch, seeds) for vocoder in by_graph.values())
        for one, other in zip(wanted, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    recorded = recorder.recorded
    assert 1 <= recorded <= 4  # widths are powers of two, at most eight windows
    assert recorder.replayed > recorded
    by_graph[captured](several, [0] * 3)
    assert recorder.recorded == recorded


def test_what_a_recording_returned_outlives_the_next_replay() -> None:
    module, recorder = torch.nn.Linear(3, 2), FakeRecorder()
    first = np.ones((1, 3), np.float32)
    call = RecordedTorchCall(module, "cpu", [first], recorder)
    (one,) = call(first)
    kept = one.copy()
    call(first * 2)
    np.testing.assert_array_equal(one, kept)
    with pytest.raises(SynthesisError):
        call(np.ones((2, 5), np.float32))


@pytest.mark.parametrize("name", VOCODERS)
def test_bound_memory_gives_the_samples_of_a_plain_run(
    components: dict[str, Component], artifacts: Path, name: str
) -> None:
    component = components[name]
    export_component(component, "onnx", "fp32", artifacts)
    folder = artifact_folder(artifacts, component, "onnx", "fp32")
    frames = WINDOWS.core + 2 * halo_of(component.network, component.config)
    found = []
    for length in (None, frames):
        graphs = OnnxRuntime("cpu", captured_frames=length).open(folder)
        vocoder = join_vocoder(component.network, graphs, component.mel, component.config, WINDOWS)
        batch = mels(component, (200, 120, 20))
        found.append([vocoder(batch, [1, 2, 3]) for _ in range(2)])
    for plain, bound in zip(*found, strict=True):
        for one, other in zip(plain, bound, strict=True):
            np.testing.assert_array_equal(one, other)


def test_fp32_is_float32_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    backends: Any = torch.backends
    switches = (backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul)
    use_tf32(True)
    assert [switch.fp32_precision for switch in switches] == ["tf32"] * 3
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    EagerRuntime("cuda")
    assert [switch.fp32_precision for switch in switches] == ["ieee"] * 3
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    (name, options), _ = providers("cuda:1", captured=True)
    assert name == "CUDAExecutionProvider"
    assert options["use_tf32"] == "0"
    assert options["device_id"] == 1
    assert options["enable_cuda_graph"] == "1"
    assert providers("cuda")[0][1]["enable_cuda_graph"] == "0"


@pytest.mark.parametrize("name", ["hifigan", "melgan"])
def test_half_precision_keeps_the_last_layer_in_float32(
    components: dict[str, Component], artifacts: Path, name: str
) -> None:
    component = components[name]
    export_component(component, "onnx", "fp16", artifacts)
    folder = artifact_folder(artifacts, component, "onnx", "fp16")
    model = onnx.load(str(folder / "vocode.onnx"))
    weights = {one.name: one.data_type for one in model.graph.initializer}
    convolutions = [
        weights[node.input[1]]
        for node in model.graph.node
        if node.op_type in ("Conv", "ConvTranspose") and node.input[1] in weights
    ]
    half, whole = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert convolutions[-1] == whole
    assert convolutions.count(whole) == 1
    assert convolutions.count(half) == len(convolutions) - 1
