"""The manifest of an artifact: what it is, what it was made of, how exact it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.errors import ArtifactError, ArtifactMissing, DigestMismatch, SpecMismatch
from core.mel import MelSpec
from core.request import Precision, RuntimeName
from core.voice import Component

MANIFEST_FILE = "manifest.json"


class TensorInfo(msgspec.Struct, frozen=True):
    """An input or output of a graph."""

    name: str
    axes: tuple[str | int, ...]
    """An int is fixed, a name is dynamic."""


class GraphInfo(msgspec.Struct, frozen=True):
    """One graph of the artifact."""

    file: str
    """Of the artifact's folder."""
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    bf16: bool = False
    """Computed in bfloat16 from float32 weights."""


class ParityFigure(msgspec.Struct, frozen=True):
    """The artifact against the float32 network in eager, on seeded inputs of several shapes."""

    graph: str
    output: str
    max_abs: float
    """Largest |Δ|."""
    rms: float
    """Root mean square of Δ."""
    scale: float
    """Root mean square of the reference."""
    shapes_equal: bool
    """Same shapes for every input shape tried."""


class ArtifactManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``manifest.json`` in the artifact's folder."""

    format: Literal[1] = 1
    component: str
    network: str
    runtime: RuntimeName
    precision: Precision
    config: dict[str, Any]
    """Arguments of the network's config class."""
    mel: MelSpec
    symbols: str
    speakers: int
    source_sha256: str
    """Of the component's weights file."""
    exporter: str
    """Version of the export code and of the library that wrote the files."""
    source: str
    licence: str
    graphs: dict[str, GraphInfo]
    files: dict[str, str]
    """File name → sha256, hex."""
    parity: tuple[ParityFigure, ...] = ()

    @property
    def digest(self) -> str:
        """One sha256 over all files, hex: the identity of the artifact.

        Another runtime may read the same files, and computes other samples of them.
        """
        lines = "".join(f"{name}={digest}\n" for name, digest in sorted(self.files.items()))
        if self.runtime == "openvino":
            lines += f"{self.runtime} {self.precision}\n"
        return hashlib.sha256(lines.encode()).hexdigest()

    def require_component(self, component: Component) -> None:
        """Refuses an artifact that was not made of this component.

        Raises:
            SpecMismatch: names every field that differs.
            DigestMismatch: made of other weights.
        """
        fields = {
            name: (getattr(self, name), getattr(component, name))
            for name in ("network", "symbols", "speakers")
        }
        mine, theirs = msgspec.structs.asdict(self.mel), msgspec.structs.asdict(component.mel)
        fields |= {f"mel.{name}": (mine[name], theirs[name]) for name in mine}
        differing = {name: pair for name, pair in fields.items() if pair[0] != pair[1]}
        if differing:
            raise SpecMismatch(differing, left="artifact", right=f"component {component.name}")
        if self.source_sha256 != component.sha256:
            raise DigestMismatch(
                f"the artifact of {component.name} was made of weights {self.source_sha256}, "
                f"the component has {component.sha256}"
            )


def write_manifest(folder: Path, manifest: ArtifactManifest) -> None:
    """Writes ``manifest.json``, indented for readers."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / MANIFEST_FILE).write_bytes(data)


def read_manifest(folder: Path) -> ArtifactManifest:
    """Reads ``manifest.json``.

    Raises:
        ArtifactMissing: no such file.
        ArtifactError: not a manifest of this format.
    """
    path = folder / MANIFEST_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=ArtifactManifest)
    except OSError as error:
        raise ArtifactMissing(f"{path}: {error}") from error
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{path}: {error}") from error


def read_manifest_for(folder: Path, runtime: RuntimeName) -> ArtifactManifest:
    """Reads the manifest of an artifact that a runtime is to open.

    Raises:
        ArtifactError: there is none, or the artifact is for another runtime.
    """
    manifest = read_manifest(folder)
    if manifest.runtime != runtime:
        raise ArtifactError(f"{folder} is for {manifest.runtime}, not for {runtime}")
    return manifest


def read_verified(folder: Path, manifest: ArtifactManifest, name: str) -> bytes:
    """The bytes of one file of the artifact, checked before anything parses them.

    Raises:
        ArtifactMissing: no such file.
        DigestMismatch: the bytes are not those the manifest names.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ArtifactMissing(f"artifact {name} of {manifest.component}: {reason}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != manifest.files.get(name):
        raise DigestMismatch(
            f"artifact {name} of {manifest.component} has sha256 {digest}, "
            f"the manifest says {manifest.files.get(name)}"
        )
    return data
