"""Are the samples of a GPU the same alone and in a batch, and how far are they from a CPU's?

Every utterance is spoken alone, then all of them in one batch, by the same networks. What differs
is counted in steps of 16 bits. The reference of the CPU is float32, eager, each utterance as it
would be alone. A signal-to-noise ratio is taken where both have the same number of frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from audio.pcm import to_pcm16
from core.mel import Float32, PhonemeBatch
from core.request import Precision
from exports.voice import Voice

Arithmetic = Literal["float32", "TF32", "float16"]
"""How a GPU multiplies: float32, which ``fp32`` means here, TF32, which torch would take for it in
convolutions and recurrent layers, or float16."""
PRECISION_OF: dict[Arithmetic, Precision] = {"float32": "fp32", "TF32": "fp32", "float16": "fp16"}


class DeviceUtterance(NamedTuple):
    """One utterance's mel (n_mels, T) and samples (N,), float32."""

    mel: Float32
    samples: Float32


@dataclass(frozen=True, slots=True)
class DeviceComparison:
    """One pair in one arithmetic.

    Attributes:
        utterances: number of them.
        samples: of all together.
        differing: samples that differ between alone and in a batch, in 16 bits; all of an
            utterance's where its length does.
        largest: difference of them, in steps of 16 bits.
        other_lengths: utterances with another number of frames than on the CPU.
        cpu_mel: largest difference of a mel from the CPU's [natural log].
        cpu_noise: samples of the CPU against their difference [dB]; infinite where there is none,
            not a number where no length is equal.
    """

    utterances: int
    samples: int
    differing: int
    largest: int
    other_lengths: int
    cpu_mel: float
    cpu_noise: float


def batch_of(utterances: Sequence[Sequence[int]], speaker: int) -> PhonemeBatch:
    """Returns symbol ids as a batch; the seed of an utterance is its number."""
    lengths = np.array([len(ids) for ids in utterances], np.int64)
    ids = np.zeros((len(utterances), int(lengths.max())), np.int64)
    for row, symbols in zip(ids, utterances, strict=True):
        row[: len(symbols)] = symbols
    ones = np.ones(ids.shape, np.float32)
    speakers = np.full(len(ids), speaker, np.int64)
    return PhonemeBatch(ids, lengths, speakers, ones, ones, ones, np.arange(len(ids)))


def synthesized_together(voice: Voice, batch: PhonemeBatch) -> list[DeviceUtterance]:
    """Speaks all utterances in one call of each network."""
    mels = [output.mel for output in voice.acoustic(batch)]
    waves = voice.vocoder(mels, [int(seed) for seed in batch.seeds])
    return [DeviceUtterance(*both) for both in zip(mels, waves, strict=True)]


def synthesized_alone(voice: Voice, batch: PhonemeBatch) -> Iterator[DeviceUtterance]:
    """Speaks each utterance in calls of its own."""
    for item, length in enumerate(batch.lengths):
        yield from synthesized_together(voice, batch.padded(np.array([item]), int(length)))


def compare_device(
    voice: Voice, batch: PhonemeBatch, reference: Sequence[DeviceUtterance]
) -> DeviceComparison:
    """Returns what company and the device change."""
    alone, together = list(synthesized_alone(voice, batch)), synthesized_together(voice, batch)
    differing = largest = 0
    for own, other in zip(alone, together, strict=True):
        if len(own.samples) != len(other.samples):
            differing += max(len(own.samples), len(other.samples))
            continue
        steps = np.abs(to_pcm16(own.samples).astype(np.int32) - to_pcm16(other.samples))
        differing += int(np.count_nonzero(steps))
        largest = max(largest, int(steps.max(initial=0)))
    pairs = list(zip(alone, reference, strict=True))
    same = [(own, cpu) for own, cpu in pairs if own.mel.shape == cpu.mel.shape]
    return DeviceComparison(
        utterances=len(pairs),
        samples=sum(len(own.samples) for own in alone),
        differing=differing,
        largest=largest,
        other_lengths=len(pairs) - len(same),
        cpu_mel=max(
            (float(np.abs(own.mel - cpu.mel).max()) for own, cpu in same), default=math.nan
        ),
        cpu_noise=_signal_to_noise([(cpu.samples, own.samples) for own, cpu in same]),
    )


def _signal_to_noise(pairs: Sequence[tuple[Float32, Float32]]) -> float:
    """Returns the ratio of the first ones to what the second ones add [dB]."""
    if not pairs:
        return math.nan
    signal = sum(float(np.square(clean, dtype=np.float64).sum()) for clean, _ in pairs)
    noise = sum(float(np.square(one - two, dtype=np.float64).sum()) for one, two in pairs)
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)
