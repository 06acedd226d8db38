"""Components to artifacts: atomic, keyed by what they are made of, checked against the network."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from importlib.metadata import version
from pathlib import Path

import msgspec

from core.errors import ArtifactError
from core.request import Precision, RuntimeName
from core.voice import Component
from exports.manifest import MANIFEST_FILE, ArtifactManifest, read_manifest
from exports.registry import require_spec

EXPORTER = f"rhapsode-8 torch-{version('torch')}"
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
    # Whoever finds an export has no use for torch, which takes a second and 200 MB to import.
    from exports.exporters.artifact import write_artifact

    fresh = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    fresh.mkdir(parents=True)
    try:
        write_artifact(component, runtime, precision, fresh, exporter=EXPORTER)
        _publish(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _publish(fresh: Path, target: Path) -> None:
    try:
        os.replace(fresh, target)
    except OSError:
        if not (target / MANIFEST_FILE).exists():
            raise
