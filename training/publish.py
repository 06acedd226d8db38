"""A trained checkpoint becomes a component of the catalogue: averaged weights, plain, float16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from core.voice import Component, Provenance
from exports.component_file import write_component
from exports.registry import build_network, spec_of
from training.aligner.file import AlignerCard, write_aligner
from training.aligner.network import AlignerConfig
from training.data.corpus import Prepared, read_prepared
from vocoders.weight_norm import fold_weight_norm

SOURCE = (
    "trained by Rhapsode's own recipe on synthetic speech distilled from Kokoro-82M (Apache-2.0)"
)
LICENCE = "Apache-2.0"


def _trained_on(prepared: Prepared, speaker: str | None) -> str:
    names = prepared.speakers
    entries = [e for e in prepared.entries if speaker in (None, names[e.speaker])]
    hours = sum(e.samples for e in entries) / prepared.mel.sample_rate / 3600
    return f"{hours:.1f} h, speakers {speaker or ', '.join(names)}"


def _provenance(
    saved: dict[str, Any], trained_on: str, hardware: str, source: str, licence: str
) -> Provenance:
    return Provenance(
        source=source,
        licence=licence,
        trained_on=trained_on,
        steps=saved["steps"],
        hours=round(saved["seconds"] / 3600, 2),
        hardware=hardware,
    )


def ship(
    network: str,
    config: Any,
    checkpoint: Path,
    corpus: Path,
    out: Path,
    *,
    symbols: str = "",
    speaker: str | None = None,
    hardware: str,
    source: str = SOURCE,
    licence: str = LICENCE,
) -> Component:
    """Writes the averaged weights of a checkpoint as component ``out.name``.

    Args:
        network: which.
        config: its sizes, as it was trained.
        checkpoint: of the recipe.
        corpus: prepared, what it was trained on.
        out: the component's folder.
        symbols: name of the symbol table (acoustic models).
        speaker: who alone was learnt; None = all of the corpus.
        hardware: what it was trained on, for the provenance, as are ``source`` and ``licence``.

    Raises:
        CheckpointError: the weights are not finite, or of another network or size.
    """
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    prepared = read_prepared(corpus)
    weights: dict[str, Tensor] = fold_weight_norm(saved["recipe"]["average"])
    fields = msgspec.to_builtins(config)
    build_network(network, fields, weights)
    component = spec_of(network).component(
        out.name,
        fields,
        mel=prepared.mel,
        symbols=symbols,
        speakers=getattr(config, "n_speakers", 1),
        provenance=_provenance(saved, _trained_on(prepared, speaker), hardware, source, licence),
    )
    return write_component(out, component, weights, half=True)


def ship_aligner(
    config: AlignerConfig,
    checkpoint: Path,
    corpus: Path,
    out: Path,
    *,
    symbols: str,
    speaker: str | None = None,
    hardware: str,
    source: str = SOURCE,
    licence: str = LICENCE,
) -> AlignerCard:
    """Writes the averaged weights of an aligner's checkpoint as the file ``out``.

    Arguments and errors are those of ``ship``.
    """
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    prepared = read_prepared(corpus)
    provenance = _provenance(saved, _trained_on(prepared, speaker), hardware, source, licence)
    card = AlignerCard(config=config, mel=prepared.mel, symbols=symbols, provenance=provenance)
    write_aligner(out, card, saved["recipe"]["average"])
    return card
