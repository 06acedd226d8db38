"""Excitations of a vocoder: pulses at the pitch of its mel, and white noise.

A mel holds no phase, and a network that is to invent one learns that last. An excited one filters
what has a phase already.

Source: sums of harmonics in phase, and noise: neural source-filter (arXiv 1904.12088). Differs: all
harmonics at once, by the closed form of their sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.mel import Float32

Float64 = NDArray[np.float64]
Conditions = tuple[Float32, ...]
"""Arrays that go into a network beside the mel, over a whole item, rows of time first."""
TURN = 2.0 * math.pi


class ExcitationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rate of the pulses, and the estimator of their pitch."""

    sample_rate: int = 22050
    pitch_centre: float = 140.0
    """F0 [Hz] that the pitch estimator counts octaves from."""
    pitch_channels: int = 128
    pitch_layers: int = 3
    pitch_kernel: int = 5


@dataclass(frozen=True, slots=True)
class Excitation:
    """How a network is excited, in training by a recording's phase, else by the mel's pitch.

    Attributes:
        config: rate and pitch.
        hop: samples per mel frame.
        rows: rows of every array per mel frame.
        conditions: phase (T,) [rad] of the fundamental at the centre of every frame and seed of
            the noise → arrays of T · rows rows.
    """

    config: ExcitationConfig
    hop: int
    rows: int
    conditions: Callable[[Float64, int], Conditions]

    def at_pitch(self, octaves: Float32, seed: int) -> Conditions:
        """Returns the arrays of an item whose F0 lies octaves (T,) above the centre."""
        return self.conditions(phase_of(octaves, self.config, self.hop), seed)


def phase_of(octaves: Float32, config: ExcitationConfig, hop: int) -> Float64:
    """Phase [rad] of the fundamental at the centre of every frame, (T,), unbounded; 0 at the first.

    Args:
        octaves: (T,) of the fundamental frequency per mel frame, above the centre.
        config: rate and centre.
        hop: samples per mel frame.
    """
    if not len(octaves):
        return np.empty(0)
    f0 = config.pitch_centre * np.exp2(octaves.astype(np.float64))
    between = (f0[1:] + f0[:-1]) / 2
    turns = np.concatenate([[0.0], np.cumsum(between)]) * hop / config.sample_rate
    phase: Float64 = turns * TURN
    return phase


def pulse_samples(phase: Float64, hop: int, margin: int = 0) -> Float32:
    """Pulses whose fundamental has this phase at the centre of every frame.

    Args:
        phase: (T,) unbounded [rad]; between centres it goes straight, beyond them it goes on.
        hop: samples per frame.
        margin: samples before the first frame and after the last, at most one and a half hops.

    Returns:
        (T · hop + 2 · margin,) float32. Each harmonic below the Nyquist frequency has the
        amplitude 1. A single frame says no pitch: it has no pulses.
    """
    if len(phase) < 2:
        return np.zeros(len(phase) * hop + 2 * margin, np.float32)
    steps = np.diff(phase)  # radians per frame
    first, last = steps[0], steps[-1]
    # One row from each centre to the next, and two more at either end.
    starts = [phase[:1] - 2 * first, phase[:1] - first, phase, phase[-1:] + last]
    rows = np.concatenate([[first, first], steps, [last, last]])[:, None]
    ramp = ((np.arange(hop) + 0.5) / hop).astype(np.float32)
    angles = (np.concatenate(starts)[:, None] % TURN).astype(np.float32)
    angles = angles + rows.astype(np.float32) * ramp  # (T + 3, hop), continuous in each row
    # Σ cos(k φ), k = 1 … K, is the Dirichlet kernel; where φ is a multiple of a turn, K.
    harmonics = np.floor(math.pi * hop / np.maximum(rows, 1e-3)).astype(np.float32)
    half = np.sin(angles / 2)
    at_pulse = np.abs(half) < 1e-4
    wave = np.sin((harmonics + np.float32(0.5)) * angles) / np.where(at_pulse, 1, 2 * half)
    pulses = np.where(at_pulse, harmonics, wave - np.float32(0.5)).ravel()
    begin = 2 * hop - hop // 2 - margin  # rows begin one and a half hops before the first frame
    samples: Float32 = pulses[begin : begin + len(phase) * hop + 2 * margin]
    return samples


def noise_samples(count: int, seed: int) -> Float32:
    """White noise (count,) of a seed, mean square 1; a longer item begins with the same."""
    return np.random.Generator(np.random.Philox(seed)).standard_normal(count, np.float32)
