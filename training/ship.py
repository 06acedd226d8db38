"""A trained checkpoint becomes a component of the catalogue: averaged weights, plain, float16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from core.voice import Component, Network, Provenance
from exports.component_file import write_component
from training.corpus import read_prepared
from vocoders.weight_norm import fold_weight_norm

SOURCE = (
    "trained by Rhapsode's own recipe on synthetic speech distilled from Kokoro-82M (Apache-2.0)"
)


def ship(
    network: Network,
    config: msgspec.Struct,
    checkpoint: Path,
    corpus: Path,
    out: Path,
    *,
    symbols: str = "",
    hardware: str,
) -> Component:
    """Writes the averaged weights of a checkpoint as component ``out.name``.

    Raises:
        CheckpointError: the weights are not finite.
    """
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    prepared = read_prepared(corpus)
    weights: dict[str, Tensor] = fold_weight_norm(saved["recipe"]["average"])
    seconds = sum(e.samples for e in prepared.entries) / prepared.mel.sample_rate
    component = Component(
        name=out.name,
        network=network,
        weights="",
        sha256="",
        config=msgspec.to_builtins(config),
        mel=prepared.mel,
        symbols=symbols,
        speakers=len(prepared.speakers) if symbols else 1,
        provenance=Provenance(
            source=SOURCE,
            licence="Apache-2.0",
            trained_on=f"{seconds / 3600:.1f} h, speakers {', '.join(prepared.speakers)}",
            steps=saved["steps"],
            hours=round(saved["seconds"] / 3600, 2),
            hardware=hardware,
        ),
    )
    return write_component(out, component, weights, half=True)
