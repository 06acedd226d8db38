"""Every network, runtime and precision against the float32 network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from core.errors import ArtifactError, DeviceError
from core.request import Precision, RuntimeName
from exports.exporters.export import artifact_folder, export_component
from exports.exporters.parity import parity_table
from exports.manifest import ArtifactManifest
from exports.registry import NETWORKS, spec_of
from tests.parity.small import CONFIGS, SOURCE, seeded, small_component
from tests.processor import has_bf16

RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


def exported(
    folder: Path, network: str, runtime: RuntimeName, precision: Precision
) -> ArtifactManifest:
    component = small_component(folder, network)
    return export_component(component, runtime, precision, folder / "artifacts")


def bytes_of(folder: Path, network: str, runtime: RuntimeName, precision: Precision) -> int:
    component = small_component(folder, network)
    artifact = artifact_folder(folder / "artifacts", component, runtime, precision)
    manifest = export_component(component, runtime, precision, folder / "artifacts")
    return sum((artifact / name).stat().st_size for name in manifest.files)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("network", NETWORKS)
def test_float32_is_the_network(folder: Path, network: str, runtime: RuntimeName) -> None:
    figures = exported(folder, network, runtime, "fp32").parity
    assert figures
    for figure in figures:
        assert figure.shapes_equal
        assert figure.scale > 0
        assert figure.max_abs <= (0 if figure.output == "durations" else 1e-5), figure


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("network", NETWORKS)
def test_float16_is_near_it(folder: Path, network: str, runtime: RuntimeName) -> None:
    for figure in exported(folder, network, runtime, "fp16").parity:
        assert figure.shapes_equal
        if figure.output != "durations":
            # Ten bits of mantissa through a few layers.
            assert figure.rms <= 2e-3 * max(1.0, figure.scale), figure


@pytest.mark.parametrize(
    ("network", "changes"),
    [
        ("hifigan", {}),
        ("hifigan", {"source": SOURCE}),
        ("melgan", {}),
        ("melgan", {"form": "seungwonpark"}),
        ("melgan", {"source": None}),
        ("vocos", {}),
    ],
)
def test_what_stays_float32_is_a_layer_of_either_form(
    network: str, changes: dict[str, Any]
) -> None:
    for graph in spec_of(network).graphs(seeded(network, {**CONFIGS[network], **changes})):
        for module in (graph.module, graph.onnx_module or graph.module):
            paths = [f".{path}." for path, _ in module.named_modules()]
            for kept in graph.keep_float32:
                assert any(f".{kept}." in path for path in paths), (graph.name, kept)


@pytest.mark.parametrize("runtime", ["torchscript", "onnx"])
def test_int8_of_tacotron2_is_near_it_and_smaller(folder: Path, runtime: RuntimeName) -> None:
    for figure in exported(folder, "tacotron2", runtime, "int8").parity:
        assert figure.shapes_equal
        assert figure.rms <= 2e-2 * max(1.0, figure.scale), figure


@pytest.mark.parametrize("network", ["fastspeech2", "hifigan"])
def test_bfloat16_leaves_durations_alone(folder: Path, network: str) -> None:
    if not has_bf16():
        with pytest.raises(DeviceError, match="no bfloat16"):
            exported(folder, network, "openvino", "bf16")
        return
    manifest = exported(folder, network, "openvino", "bf16")
    for figure in manifest.parity:
        assert figure.shapes_equal
        exact = not manifest.graphs[figure.graph].bf16
        # Eight bits of mantissa through a few layers.
        assert figure.rms <= (1e-5 if exact else 2e-2 * max(1.0, figure.scale)), figure
    kept = {name for name, graph in manifest.graphs.items() if not graph.bf16}
    assert kept == ({"encode", "harmonics"} if network == "fastspeech2" else set())
    assert manifest.digest != exported(folder, network, "openvino", "fp32").digest


@pytest.mark.parametrize("runtime", ["eager", "torchscript", "onnx"])
def test_bfloat16_is_refused_where_it_is_only_emulated(folder: Path, runtime: RuntimeName) -> None:
    with pytest.raises(ArtifactError, match="openvino does"):
        exported(folder, "hifigan", runtime, "bf16")


@pytest.mark.parametrize("network", ["hifigan", "melgan", "waveglow", "fastspeech2"])
def test_int8_of_convolutions_is_refused(folder: Path, network: str) -> None:
    with pytest.raises(ArtifactError, match="convolutions"):
        exported(folder, network, "onnx", "int8")


@pytest.mark.parametrize("network", ["fastspeech2", "waveglow"])
def test_float16_is_smaller(folder: Path, network: str) -> None:
    half, whole = (bytes_of(folder, network, "eager", p) for p in ("fp16", "fp32"))
    assert half < 0.75 * whole


def test_the_table_names_every_output(folder: Path) -> None:
    manifest = exported(folder, "fastspeech2", "onnx", "fp32")
    table = parity_table([manifest])
    assert "encode.durations" in table
    assert "decode.mel" in table
    assert "DIFFER" not in table
