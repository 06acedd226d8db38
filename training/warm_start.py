"""Goes on from a component where there is no checkpoint: a clone has published weights only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.refiner.config import RefinerConfig
from acoustic.refiner.network import Refiner
from core.errors import CheckpointError
from core.voice import Component
from exports.component_file import load_weights
from exports.registry import read_config
from training.optimization import GanLearner, Learner
from training.recipe import Recipe
from training.trainer import Average, TrainingProgress
from vocoders.sourced import SourcedGenerator
from vocoders.vocos.config import VocosConfig

SPEAKER_TABLE = "speaker_emb.weight"
REFINER = "refiner."
"""What the names of a refiner's weights begin with in its network."""


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
        component: published weights; or a Vocos, for a generator that has a source; or the network
            of a refiner.
        recipe: of the same network and size; its weights are replaced. It may know more speakers:
            the component's are the first, the others begin as their mean. Of a Vocos the source
            takes as many blocks as it has, and nothing else is replaced. A refiner may be told of
            more harmonics, which it does not heed at first.
        folder: of the run; a checkpoint there is left alone.
        discriminators: checkpoint of another generator's run, whose discriminators are taken.

    Raises:
        CheckpointError: the component is of another network or size.
    """
    progress = TrainingProgress(folder)
    if progress.file.exists():
        return
    config, network = read_config(component.network, component.config), recipe.learner.network
    as_source = isinstance(config, VocosConfig) and isinstance(network, SourcedGenerator)
    if isinstance(network, Refiner):
        put_refiner(component, recipe)
    elif as_source:
        put_source(component, recipe)
    elif more_speakers(config, getattr(recipe.config, "n_speakers", 1)) == recipe.config:
        put_weights(component, recipe)
    else:
        raise CheckpointError(f"component {component.name} is of another network or size")
    if discriminators is not None and isinstance(recipe.learner, GanLearner):
        saved = torch.load(discriminators, map_location="cpu", weights_only=True)
        recipe.learner.load_discriminators(saved["recipe"])
    if not as_source and not isinstance(network, Refiner):
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


def put_refiner(component: Component, recipe: NetworkRecipe) -> None:
    """Replaces the weights of a refiner's recipe by those that a network's refiner has.

    Raises:
        CheckpointError: the network has none, or one of another size.
    """
    given: RefinerConfig = getattr(
        read_config(component.network, component.config), "refiner", RefinerConfig()
    )
    sizes: RefinerConfig = recipe.config
    more = given.harmonics <= sizes.harmonics
    if not more or msgspec.structs.replace(given, harmonics=sizes.harmonics) != sizes:
        raise CheckpointError(f"component {component.name} has no refiner of this size")
    weights = {
        name.removeprefix(REFINER): weight
        for name, weight in load_weights(component).items()
        if name.startswith(REFINER)
    }
    # The waves are the last inputs.
    weights["enter.weight"] = F.pad(weights["enter.weight"], (0, sizes.harmonics - given.harmonics))
    network: Any = recipe.learner.network
    if network.harmonics is not None:
        measured = network.harmonics.centres[given.harmonics :]
        weights["harmonics.centres"] = torch.cat([weights["harmonics.centres"], measured])
    _put(network, weights)
    recipe.learner.average = Average(network, recipe.learner.average.decay)


def put_source(component: Component, recipe: NetworkRecipe) -> None:
    """Replaces the source of a recipe's generator by a Vocos, of whose blocks it takes some.

    Raises:
        CheckpointError: the Vocos has fewer blocks, or is of another width.
    """
    network: Any = recipe.learner.network
    sizes: VocosConfig = network.source.config
    given: VocosConfig = read_config(component.network, component.config)
    if given.layers < sizes.layers or msgspec.structs.replace(given, layers=sizes.layers) != sizes:
        raise CheckpointError(
            f"component {component.name} has other layers or widths than the source"
        )
    kept = spread(given.layers, sizes.layers)
    weights = {}
    for name, weight in load_weights(component).items():
        stem, *rest = name.split(".", 2)
        if stem != "blocks":
            weights[f"source.{name}"] = weight
        elif int(rest[0]) in kept:
            weights[f"source.blocks.{kept.index(int(rest[0]))}.{rest[1]}"] = weight
    _put(network, weights)
    recipe.learner.average = Average(network)


def spread(given: int, wanted: int) -> list[int]:
    """Returns which of so many blocks are kept: evenly spaced, the first and the last among them.

    >>> spread(6, 3), spread(6, 2), spread(6, 1)
    ([0, 3, 5], [0, 5], [0])
    """
    return [-(-i * (given - 1) // max(wanted - 1, 1)) for i in range(wanted)]


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
