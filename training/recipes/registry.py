"""The table of recipes: network → schedule, batch, how its recipe is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from training.aligner.file import read_aligner, require_fit
from training.aligner.recipe import AlignerRecipe
from training.data.corpus import Prepared
from training.data.dataset import Plan, SpeechDataset
from training.recipes.fastspeech2 import FastSpeech2Recipe
from training.recipes.sizes import Trained
from training.recipes.tacotron2 import Tacotron2Recipe
from training.recipes.vocoder import VocoderRecipe
from training.recipes.waveglow import WaveGlowRecipe
from training.trainer import Recipe

Build = Callable[[SpeechDataset, Any, Plan, int], Recipe]
"""Corpus, config, plan, first step of the adversary (vocoders that have one) → recipe."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a recipe does unless it is told otherwise.

    Attributes:
        build: makes the recipe.
        steps: where the schedule ends. The papers take larger networks to 160 k (FastSpeech 2) and
            2.5 M steps (HiFi-GAN); these are what small networks take to flatten.
        batch: padded mel frames (acoustic models), segments (vocoders).
        one_voice: it has no speaker table.
        matmul: how float32 matrices are multiplied: high = TF32 where there is some, medium =
            bfloat16 inside, float32 outside. Source: torch.set_float32_matmul_precision.
    """

    build: Build
    steps: int
    batch: int
    one_voice: bool = False
    matmul: Literal["high", "medium"] = "high"


def _gan(speech: SpeechDataset, config: Any, plan: Plan, adversary_from: int) -> Recipe:
    return VocoderRecipe(speech, config, plan, adversary_from=adversary_from)


def _aligner(speech: SpeechDataset, config: Any, plan: Plan, _: int) -> Recipe:
    if plan.start is None:
        return AlignerRecipe(speech, config, plan)
    card, network = read_aligner(plan.start)
    require_fit(card, speech.prepared.mel, plan.symbols)
    return AlignerRecipe(speech, card.config, plan, network.state_dict())


SCHEDULES: Mapping[Trained, Schedule] = {
    # 5000 frames are 58 s of speech.
    "fastspeech2": Schedule(lambda s, c, p, _: FastSpeech2Recipe(s, c, p), 50_000, 5000),
    "tacotron2": Schedule(
        lambda s, c, p, _: Tacotron2Recipe(s, c, p), 50_000, 8000, one_voice=True, matmul="medium"
    ),
    "hifigan": Schedule(_gan, 200_000, 8),
    "melgan": Schedule(_gan, 200_000, 8),
    "waveglow": Schedule(lambda s, c, p, _: WaveGlowRecipe(s, c, p), 200_000, 8),
    "aligner": Schedule(_aligner, 1500, 4000),
}


def speaker_of(network: Trained, speaker: str | None, corpus: Prepared) -> str | None:
    """Whom the network learns: the named one, or all; of one voice, who says most."""
    if speaker is not None or not SCHEDULES[network].one_voice:
        return speaker
    said = Counter(corpus.speakers[e.speaker] for e in corpus.entries)
    return said.most_common(1)[0][0]
