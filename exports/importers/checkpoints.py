"""Public checkpoints become components of the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.checkpoint import CheckpointLayout
from core.errors import CheckpointError, RhapsodeError
from core.mel import MelSpec
from core.voice import Component, Provenance
from exports.component_file import write_component
from exports.importers.safe_pickle import read_checkpoint, state_dict_of
from exports.registry import build_network, spec_of
from vocoders.weight_norm import fold_weight_norm


def layout_of(network: str, checkpoint: Any, config_path: Path | None = None) -> CheckpointLayout:
    """Returns what a read checkpoint turns out to be.

    Raises:
        CheckpointError: it is of another network, or nobody publishes checkpoints of this one.
    """
    spec = spec_of(network)
    if spec.read_checkpoint is None:
        raise CheckpointError(f"there are no public checkpoints of {network}")
    state = fold_weight_norm(state_dict_of(checkpoint, *spec.checkpoint_keys))
    return spec.read_checkpoint(state, config_path)


def import_checkpoint(
    path: Path,
    network: str,
    out_folder: Path,
    *,
    config_path: Path | None = None,
    name: str | None = None,
    mel: MelSpec | None = None,
    overrides: Mapping[str, Any] | None = None,
    licence: str = "unknown",
    source: str = "",
    offered_as: str = "",
    half: bool = False,
) -> Component:
    """Turns a public checkpoint into a component, without running what is in it.

    Args:
        path: the checkpoint, as its project publishes it.
        network: which network it is of.
        out_folder: the component's folder, written.
        config_path: HiFi-GAN: its config.json; FastSpeech 2: its stats.json; others: not read.
        name: of the component; None: the folder's name.
        mel: instead of the MelSpec that the project's recipe defines.
        overrides: config fields that cannot be read off weights (heads, levels), instead of the
            defaults.
        licence: of the weights, for the provenance.
        source: of the weights, for the provenance; by default the file's name and digest.
        offered_as: see ``Component.offered_as``.
        half: store the weights as float16.

    Returns:
        The written component; its weights load strictly.

    Raises:
        ArtifactMissing: no such file.
        CheckpointError: unsafe, of another network, or keys do not match (they are named).
    """
    checkpoint = read_checkpoint(path)
    with _translated(path, network):
        layout = layout_of(network, checkpoint, config_path)
        fields = layout.config | dict(overrides or {})
        module = build_network(network, fields, layout.state_dict)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    component = spec_of(network).component(
        name or out_folder.name,
        msgspec.to_builtins(fields),
        mel=mel or layout.mel,
        symbols=layout.symbols,
        speakers=layout.speakers,
        provenance=Provenance(
            source=source or f"imported from {path.name}, sha256 {digest}", licence=licence
        ),
    )
    component = msgspec.structs.replace(component, offered_as=offered_as)
    return write_component(out_folder, component, module.state_dict(), half=half)


@contextmanager
def _translated(path: Path, network: str) -> Iterator[None]:
    """Names the file where its tensors are none that a layout's reader or torch expects."""
    try:
        yield
    except (RhapsodeError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        message = f"{path.name} is no checkpoint of {network}: {reason}"
        raise CheckpointError(message) from error
