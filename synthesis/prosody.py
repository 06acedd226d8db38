"""An utterance's controls as arrays: per phoneme before the networks, per sample after them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32
from core.text import Utterance
from synthesis.parts import SynthesisItem

GAIN_RAMP_SECONDS = 0.005
"""A change of volume is spread over this [s] around the phoneme's edge, so that it is no step."""


def phoneme_controls(item: SynthesisItem) -> tuple[Float32, Float32, Float32]:
    """Returns the item's speed, pitch and energy times those of its prosody runs.

    Where runs overlap, their factors are multiplied.

    Returns:
        speed, pitch, energy: each (L,) float32.
    """
    utterance = item.utterance
    length = len(utterance.phoneme_ids)
    base = (item.speed, item.pitch, item.energy)
    speed, pitch, energy = (np.full(length, value, np.float32) for value in base)
    for run in utterance.prosody:
        speed[run.start : run.end] *= run.speed
        pitch[run.start : run.end] *= run.pitch
        energy[run.start : run.end] *= run.energy
    return speed, pitch, energy


def apply_gain(
    samples: Float32, utterance: Utterance, durations: tuple[int, ...], hop: int, sample_rate: int
) -> Float32:
    """Returns the samples, each times the gains of the prosody runs that hold its phoneme.

    Args:
        samples: (Σ durations · hop,) float32.
        utterance: with its runs.
        durations: frames of each phoneme.
        hop: samples per frame.
        sample_rate: [Hz].

    Returns:
        (N,) float32; the same array where no run changes the volume.
    """
    envelope = gain_envelope(utterance, durations, hop, sample_rate)
    return samples if envelope is None else (samples * envelope).astype(np.float32)


def gain_envelope(
    utterance: Utterance, durations: tuple[int, ...], hop: int, sample_rate: int
) -> NDArray[np.float64] | None:
    """Returns the gain of each sample, (Σ durations · hop,); None where no run changes the volume.

    Args:
        utterance: with its runs.
        durations: frames of each phoneme.
        hop: samples per frame.
        sample_rate: [Hz].
    """
    if all(run.gain == 1.0 for run in utterance.prosody):
        return None
    gains = np.ones(len(durations))
    for run in utterance.prosody:
        gains[run.start : run.end] *= run.gain
    steps = np.repeat(gains, np.asarray(durations) * hop)
    width = min(round(GAIN_RAMP_SECONDS * sample_rate), len(steps)) | 1
    padded = np.pad(steps, width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")
