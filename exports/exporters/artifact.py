"""The files of an artifact: graphs for a runtime, their manifest, their parity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import safetensors.torch
from torch import nn

from core.errors import ArtifactError
from core.graphs import GraphSpec
from core.request import Precision, RuntimeName
from core.voice import Component
from exports.component_file import WEIGHTS_FILE, load_weights
from exports.exporters.parity import measure_parity, require_parity
from exports.exporters.precision import half_graph
from exports.manifest import (
    ArtifactManifest,
    GraphInfo,
    TensorInfo,
    write_manifest,
)
from exports.registry import build_network, spec_of
from exports.runtimes import open_runtime


def write_artifact(
    component: Component,
    runtime: RuntimeName,
    precision: Precision,
    folder: Path,
    *,
    exporter: str,
) -> None:
    """Writes the graphs of a component and their manifest, and measures them against the network.

    Args:
        component: what is exported.
        runtime: what is to open the artifact.
        precision: of its weights.
        folder: an empty folder.
        exporter: name and version, for the manifest.

    Raises:
        ArtifactError: the graph cannot be exported, or differs from the network.
        OSError: a file cannot be written.
    """
    network = build_network(component.network, component.config, load_weights(component))
    specs = spec_of(component.network).graphs(network)
    graphs = _write_graphs(network, specs, runtime, precision, folder)
    manifest = ArtifactManifest(
        component=component.name,
        network=component.network,
        runtime=runtime,
        precision=precision,
        config=component.config,
        mel=component.mel,
        symbols=component.symbols,
        speakers=component.speakers,
        source_sha256=component.sha256,
        exporter=exporter,
        source=component.provenance.source,
        licence=component.provenance.licence,
        graphs=graphs,
        files={p.name: _sha256(p) for p in sorted(folder.iterdir())},
    )
    write_manifest(folder, manifest)
    figures = measure_parity(specs, open_runtime(runtime).open(folder))
    if precision == "fp32":
        require_parity(figures, f"{component.name} ({runtime})")
    write_manifest(folder, msgspec.structs.replace(manifest, parity=figures))


def _write_graphs(
    network: nn.Module,
    specs: tuple[GraphSpec, ...],
    runtime: RuntimeName,
    precision: Precision,
    folder: Path,
) -> dict[str, GraphInfo]:
    if precision == "bf16" and runtime != "openvino":
        raise ArtifactError(f"{runtime} knows no bf16, openvino does")
    if runtime == "eager":
        _write_weights(network, precision, folder / WEIGHTS_FILE)
        return {spec.name: _info(spec, WEIGHTS_FILE) for spec in specs}
    if precision == "int8" and not any(spec.int8 for spec in specs):
        raise ArtifactError("int8 does not suit this network: its work is convolutions")
    suffix, write = _writer(runtime)
    for spec in specs:
        write(_at_precision(spec, precision), folder / f"{spec.name}{suffix}")
    bf16 = precision == "bf16"
    return {
        spec.name: _info(spec, f"{spec.name}{suffix}", bf16=bf16 and spec.bf16) for spec in specs
    }


def _writer(runtime: RuntimeName) -> tuple[str, Callable[[GraphSpec, Path], None]]:
    """Returns suffix and writer of a graph's file.

    Each is imported when it is wanted: those of torch take 0.15 s and 20 MB.
    """
    if runtime == "torchscript":
        from exports.exporters.torchscript import export_torchscript

        return ".pt", export_torchscript
    from exports.exporters.onnx import export_onnx

    return ".onnx", export_onnx


def _at_precision(spec: GraphSpec, precision: Precision) -> GraphSpec:
    plain = replace(spec, int8=spec.int8 and precision == "int8")
    return half_graph(plain) if precision == "fp16" else plain


def _write_weights(network: nn.Module, precision: Precision, path: Path) -> None:
    if precision == "int8":
        raise ArtifactError("eager knows no int8")
    state = {k: v.contiguous().clone() for k, v in network.state_dict().items()}
    if precision == "fp16":
        # Biases, statistics and bin edges are small and stay exact.
        heavy = {k for k, v in state.items() if v.is_floating_point() and v.ndim > 1}
        state = {k: v.half() if k in heavy else v for k, v in state.items()}
    safetensors.torch.save_file(state, path)


def _info(spec: GraphSpec, file: str, *, bf16: bool = False) -> GraphInfo:
    def tensor_infos(names: tuple[str, ...]) -> tuple[TensorInfo, ...]:
        return tuple(TensorInfo(name, spec.axes[name]) for name in names)

    return GraphInfo(file, tensor_infos(spec.inputs), tensor_infos(spec.outputs), bf16)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
