"""Goes on from a component where there is no checkpoint: a clone has published weights only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import torch
from torch import Tensor, nn

from core.errors import CheckpointError
from core.voice import Component
from exports.component_file import load_weights
from exports.registry import read_config
from training.optimization import GanLearner, Learner
from training.recipe import Recipe
from training.trainer import Average, TrainingProgress

SPEAKER_TABLE = "speaker_emb.weight"


class NetworkRecipe(Recipe, Protocol):
    """A recipe of one network."""

    learner: Learner
    config: Any


def start_from(
    component: Component,
    recipe: NetworkRecipe,
    folder: Path,
    *,
    discriminators: Path | None = None,
) -> None:
    """Writes a first checkpoint: the component's weights, steps and hours.

    Optimizers and discriminators begin afresh; they are not published.

    Args:
        component: published weights.
        recipe: of the same network and size; its weights are replaced. It may know more speakers:
            the component's are the first, the others begin as their mean.
        folder: of the run; a checkpoint there is left alone.
        discriminators: checkpoint of another generator's run, whose discriminators are taken.

    Raises:
        CheckpointError: the component is of another network or size.
    """
    progress = TrainingProgress(folder)
    if progress.file.exists():
        return
    config = read_config(component.network, component.config)
    if more_speakers(config, getattr(recipe.config, "n_speakers", 1)) != recipe.config:
        raise CheckpointError(f"component {component.name} is of another network or size")
    put_weights(component, recipe)
    if discriminators is not None and isinstance(recipe.learner, GanLearner):
        saved = torch.load(discriminators, map_location="cpu", weights_only=True)
        recipe.learner.load_discriminators(saved["recipe"])
    provenance = component.provenance
    progress.steps, progress.seconds = provenance.steps, provenance.hours * 3600.0
    progress.save(recipe)


def more_speakers(config: Any, speakers: int) -> Any:
    """Returns the config of the same network for more speakers, if it knows any number of them.

    Raises:
        CheckpointError: it knows one alone, so that it has no table of them to go on from.
    """
    known = getattr(config, "n_speakers", speakers)
    if known >= speakers:
        return config
    if known == 1:
        raise CheckpointError(f"a network of one speaker cannot go on with {speakers}")
    return msgspec.structs.replace(config, n_speakers=speakers)


def put_weights(component: Component, recipe: NetworkRecipe) -> None:
    """Replaces a recipe's weights and their average by a component's, of the same size."""
    network = recipe.learner.network
    _put(network, load_weights(component))
    recipe.learner.average = Average(network)


@torch.no_grad()
def _put(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Sets weights by name; under weight norm torch makes length and direction of them."""
    plain = dict(network.named_parameters()) | dict(network.named_buffers())
    for name, weight in weights.items():
        if name == SPEAKER_TABLE:
            table = plain[name]
            table[: len(weight)] = weight
            table[len(weight) :] = weight.mean(0)
        elif name in plain:
            plain[name].copy_(weight)
        else:
            path, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(path), leaf, weight.to(next(network.parameters()).device))
