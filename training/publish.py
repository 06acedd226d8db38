"""A trained checkpoint becomes a component of the catalogue: averaged weights, plain, float16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from acoustic.refiner.config import RefinerConfig
from core.voice import Component, Provenance
from exports.component_file import load_weights, write_component
from exports.registry import build_network, read_config, spec_of
from training.aligner.file import AlignerCard, write_aligner
from training.data.corpus import PreparedCorpus, read_prepared
from training.recipes.registry import ALIGNER
from vocoders.weight_norm import fold_weight_norm


def publish(
    recipe: str,
    config: Any,
    checkpoint: Path,
    corpus: Path,
    out: Path,
    *,
    symbols: str,
    speaker: str | None = None,
    hardware: str,
    source: str,
    licence: str,
) -> Component | AlignerCard:
    """Writes the averaged weights of a checkpoint as component ``out.name`` or aligner's file.

    Args:
        recipe: name of the network, or ``aligner``.
        config: its sizes, as it was trained.
        checkpoint: of the recipe.
        corpus: prepared, what it was trained on.
        out: the component's folder; the aligner's file.
        symbols: name of the corpus's symbol table; vocoders read none.
        speaker: who alone was learnt; None = all of the corpus.
        hardware: what it was trained on, for the provenance, as are ``source`` and ``licence``.

    Raises:
        CheckpointError: the weights are not finite, or of another network or size.
    """
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    prepared = read_prepared(corpus)
    average: dict[str, Tensor] = saved["recipe"]["average"]
    provenance = Provenance(
        source=source,
        licence=licence,
        trained_on=_trained_on(prepared, speaker),
        steps=saved["steps"],
        hours=round(saved["seconds"] / 3600, 2),
        hardware=hardware,
    )
    if recipe == ALIGNER:
        card = AlignerCard(config=config, mel=prepared.mel, symbols=symbols, provenance=provenance)
        write_aligner(out, card, average)
        return card
    weights, fields = fold_weight_norm(average), msgspec.to_builtins(config)
    build_network(recipe, fields, weights)  # refuses what does not fit, before anything is written
    spec = spec_of(recipe)
    component = spec.component(
        out.name,
        fields,
        mel=prepared.mel,
        symbols="" if spec.kind == "vocoder" else symbols,
        speakers=getattr(config, "n_speakers", 1),
        provenance=provenance,
    )
    return write_component(out, component, weights, half=True)


def publish_refiner(
    config: RefinerConfig,
    checkpoint: Path,
    base: Component,
    out: Path,
    *,
    strength: float,
    hardware: str,
) -> Component:
    """Writes a network with the averaged weights of its refiner as component ``out.name``.

    Args:
        config: the refiner's sizes, as it was trained.
        checkpoint: of the refiner's recipe.
        base: the network whose predictions it was trained on; a refiner it has is replaced.
        out: the component's folder.
        strength: of what it adds to a mel, 1 = as it was trained.
        hardware: what it was trained on; the provenance adds it to the base's.

    Raises:
        CheckpointError: the weights are not finite, or of another network or size.
    """
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    average: dict[str, Tensor] = saved["recipe"]["average"]
    weights = {k: w for k, w in load_weights(base).items() if not k.startswith("refiner.")}
    weights |= {f"refiner.{name}": weight for name, weight in average.items()}
    for name in ("refiner.leave.weight", "refiner.leave.bias"):
        weights[name] = strength * weights[name]  # the last layer is linear
    fields = base.config | {"refiner": msgspec.to_builtins(config)}
    build_network(base.network, fields, weights)
    provenance = msgspec.structs.replace(
        base.provenance,
        hours=round(base.provenance.hours + saved["seconds"] / 3600, 2),
        hardware=f"{base.provenance.hardware}; its refiner (strength {strength:g}), "
        f"{saved['steps']} steps: {hardware}",
    )
    seeded = spec_of(base.network).seeded(read_config(base.network, fields))
    component = msgspec.structs.replace(
        base, name=out.name, config=fields, seeded=seeded, provenance=provenance
    )
    return write_component(out, component, weights, half=True)


def _trained_on(prepared: PreparedCorpus, speaker: str | None) -> str:
    names = prepared.speakers
    entries = [e for e in prepared.entries if speaker in (None, names[e.speaker])]
    hours = sum(e.samples for e in entries) / prepared.mel.sample_rate / 3600
    return f"{hours:.1f} h, speakers {speaker or ', '.join(names)}"
