"""Recipes by name: ``training/recipes/NAME.py`` of networks and the refiner, and the aligner's."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from core.errors import FieldError
from exports.registry import NETWORKS
from training.data.corpus import PreparedCorpus
from training.recipe import RecipeSpec

ALIGNER = "aligner"
"""Not a network of the catalogue: no voice speaks with it."""
REFINER = "refiner"
"""Not one either, but a part of FastSpeech 2 that is trained when the rest is ready."""


def recipe_names() -> list[str]:
    """Returns the networks that have a recipe, in the registry's order, refiner and aligner."""
    return [*(name for name in NETWORKS if find_spec(_module(name)) is not None), REFINER, ALIGNER]


@cache
def recipe_of(name: str) -> RecipeSpec:
    """Returns the recipe of a network, of the refiner or of the aligner.

    Raises:
        FieldError: there is none.
    """
    if name not in recipe_names():
        raise FieldError("recipe", f"no recipe {name!r}", allowed=", ".join(recipe_names()))
    recipe: RecipeSpec = import_module(_module(name)).RECIPE
    return recipe


def _module(name: str) -> str:
    return "training.aligner.recipe" if name == ALIGNER else f"training.recipes.{name}"


def speaker_of(name: str, speaker: str | None, corpus: PreparedCorpus) -> str | None:
    """Returns whom a network learns: the named speaker, or None for all of them.

    A network of one voice learns, by default, the speaker with the most utterances.
    """
    if speaker is not None or not recipe_of(name).one_voice:
        return speaker
    utterances = Counter(corpus.speakers[e.speaker] for e in corpus.entries)
    return utterances.most_common(1)[0][0]
