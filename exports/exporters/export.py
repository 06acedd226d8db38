"""Components to artifacts: atomic, keyed by what they are made of, checked against the network."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import safetensors.torch
import torch
from torch import nn

from core.errors import ArtifactError
from core.graphs import GraphSpec
from core.request import RuntimeName
from core.voice import Component
from exports.component_file import WEIGHTS_FILE, load_weights
from exports.exporters.parity import measure_parity, require_parity
from exports.exporters.precision import half_graph
from exports.manifest import (
    MANIFEST_FILE,
    ArtifactManifest,
    GraphInfo,
    Precision,
    TensorInfo,
    read_manifest,
    write_manifest,
)
from exports.registry import build_network, require_spec, spec_of
from exports.runtimes import open_runtime

EXPORTER = f"rhapsode-1 torch-{torch.__version__}"
"""Raise the number when the graphs change: artifacts of older exporters are then not found."""


def artifact_folder(
    artifacts: Path, component: Component, runtime: RuntimeName, precision: Precision
) -> Path:
    """Returns where the artifact of exactly this component lives."""
    made_of = [
        EXPORTER,
        component.network,
        component.sha256,
        msgspec.json.encode(component.config, order="deterministic").decode(),
        msgspec.json.encode(component.mel, order="deterministic").decode(),
        component.symbols,
        str(component.speakers),
    ]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]
    return artifacts / component.name / f"{runtime}-{precision}-{digest}"


def export_component(
    component: Component, runtime: RuntimeName, precision: Precision, artifacts_dir: Path
) -> ArtifactManifest:
    """Exports a component, or finds the export that is there.

    Two processes may export the same at once: each writes a folder of its own, the first rename
    wins, the other takes what it finds.

    Raises:
        CheckpointError: config, weights or stated facts do not fit the network.
        DigestMismatch, SpecMismatch: what is there was made of something else.
        ArtifactError: the graph cannot be exported, differs from the network, or the folder
            cannot be written.
    """
    require_spec(component)
    target = artifact_folder(artifacts_dir, component, runtime, precision)
    if not (target / MANIFEST_FILE).exists():
        try:
            _export(component, runtime, precision, target)
        except OSError as error:
            raise ArtifactError(f"cannot write {target}: {error}") from error
    manifest = read_manifest(target)
    manifest.require_component(component)
    return manifest


def _export(component: Component, runtime: RuntimeName, precision: Precision, target: Path) -> None:
    fresh = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    fresh.mkdir(parents=True)
    try:
        _write(component, runtime, precision, fresh)
        _publish(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _publish(fresh: Path, target: Path) -> None:
    try:
        os.replace(fresh, target)
    except OSError:
        if not (target / MANIFEST_FILE).exists():
            raise


def _write(component: Component, runtime: RuntimeName, precision: Precision, folder: Path) -> None:
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
        exporter=EXPORTER,
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

    They are imported when something is exported: whoever finds an export has no use for torch's
    exporters, which take 0.15 s and 20 MB.
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
