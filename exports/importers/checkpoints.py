"""Public checkpoints become components of the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.mel import MelSpec
from core.voice import Component, Network, Provenance
from exports.component_file import write_component
from exports.importers.acoustic_layouts import CheckpointLayout, fastspeech2, tacotron2
from exports.importers.safe_pickle import read_checkpoint
from exports.importers.vocoder_layouts import hifigan, melgan, waveglow
from exports.registry import build_network, kind_of

_LAYOUTS: Mapping[Network, Callable[[Any, Path | None], CheckpointLayout]] = {
    "fastspeech2": fastspeech2,
    "tacotron2": tacotron2,
    "hifigan": hifigan,
    "melgan": melgan,
    "waveglow": waveglow,
}


def layout_of(
    network: Network, checkpoint: Any, config_path: Path | None = None
) -> CheckpointLayout:
    """What a read checkpoint turns out to be.

    Raises:
        CheckpointError: it is of another network.
    """
    kind_of(network)  # names the known ones where it is none of them
    return _LAYOUTS[network](checkpoint, config_path)


def import_checkpoint(
    path: Path,
    network: Network,
    out_folder: Path,
    *,
    config_path: Path | None = None,
    name: str | None = None,
    mel: MelSpec | None = None,
    overrides: Mapping[str, Any] | None = None,
    licence: str = "unknown",
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
        overrides: config fields that weights do not tell (heads, levels), instead of the defaults.
        licence: of the weights, for the provenance.
        half: store the weights as float16.

    Returns:
        The written component; its weights load strictly.

    Raises:
        ArtifactMissing: no such file.
        CheckpointError: unsafe, of another network, or keys do not match (they are named).
    """
    layout = layout_of(network, read_checkpoint(path), config_path)
    fields = layout.config | dict(overrides or {})
    module = build_network(network, fields, layout.state_dict)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    component = Component(
        name=name or out_folder.name,
        network=network,
        weights="",
        sha256="",
        config=msgspec.to_builtins(fields),
        mel=mel or layout.mel,
        symbols=layout.symbols,
        speakers=layout.speakers,
        provenance=Provenance(
            source=f"imported from {path.name}, sha256 {digest}", licence=licence
        ),
    )
    return write_component(out_folder, component, module.state_dict(), half=half)
