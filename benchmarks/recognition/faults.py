"""Faults planted in right speech: a word dropped, repeated or exchanged, a cut end, a noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from core.mel import Float32, MelSpec
from core.text import Utterance

FaultKind = Literal["dropped", "repeated", "exchanged", "cut", "noise"]
KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
FADE_SECONDS: Final = 0.005
"""Over which pieces are cross-faded."""
NOISE_DB: Final = 6.0
"""Of the noise over a word, above the word's own level."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """Speech with a fault.

    Attributes:
        samples: (N,) float32.
        word: index of the word.
    """

    samples: Float32
    word: int


def plant(
    kind: FaultKind,
    samples: Float32,
    utterance: Utterance,
    durations: tuple[int, ...],
    spec: MelSpec,
    rng: np.random.Generator,
) -> PlantedFault | None:
    """Returns the speech of an utterance with one fault; None where it has too few words.

    Args:
        kind: of the fault.
        samples: (N,) right speech.
        utterance: what it says.
        durations: frames of each phoneme.
        spec: of the mel whose frames they are.
        rng: which word.
    """
    edges = np.concatenate([[0], np.cumsum(durations)]) * spec.hop_length
    runs = [(int(edges[word.start]), int(edges[word.end])) for word in utterance.words]
    if len(runs) < 4:
        return None
    at = int(rng.integers(1, len(runs) - 2))
    start, stop = runs[at]
    following = runs[at + 1]
    fade = round(FADE_SECONDS * spec.sample_rate)
    if kind == "cut":
        at = len(runs) - 1 - int(rng.integers(0, 2))
        return PlantedFault(_joined([samples[: runs[at][0]]], fade), at)
    if kind == "noise":
        level = float(np.sqrt(np.mean(samples[start:stop] ** 2))) * 10 ** (NOISE_DB / 20)
        noisy = samples.copy()
        noisy[start:stop] += level * rng.standard_normal(stop - start).astype(np.float32)
        return PlantedFault(np.clip(noisy, -1.0, 1.0), at)
    before = runs[at - 1][1]
    head, own = samples[:before], samples[before:stop]
    after, tail = samples[stop : following[1]], samples[following[1] :]
    pieces = {
        "dropped": [head, after, tail],
        "repeated": [head, own, own, after, tail],
        "exchanged": [head, after, own, tail],
    }[kind]
    return PlantedFault(_joined(pieces, fade), at)


def _joined(pieces: list[Float32], fade: int) -> Float32:
    """Returns pieces one after the other, each faded in and out."""
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    out = []
    for piece in pieces:
        soft = piece.copy()
        if len(soft) > 2 * fade:
            soft[:fade] *= ramp
            soft[-fade:] *= ramp[::-1]
        out.append(soft)
    return np.concatenate(out)
