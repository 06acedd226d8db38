"""Spectra of a Vocos's excitations: what it filters."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy import fft

from core.mel import Float32
from vocoders.excitation import Conditions, Excitation, Float64, noise_samples, pulse_samples
from vocoders.generator import GeneratorConfig
from vocoders.vocos.config import VocosConfig

FRAMES_AT_ONCE = 32
"""Spectral frames of one transform: it and its input stay in the cache."""


def excitation_of(config: VocosConfig) -> Excitation:
    """Returns how a network of these sizes is excited."""
    conditions = partial(excitation_spectra, config=config)
    return Excitation(config.excitation, config.hop_length, config.subframes, conditions)


def source_excitation(config: GeneratorConfig) -> Excitation | None:
    """Returns how the source of a generator of these sizes is excited, if it has one."""
    return None if config.source is None else excitation_of(config.source)


def excitation_spectra(phase: Float64, seed: int, config: VocosConfig) -> Conditions:
    """Returns spectra of pulses and of noise, (T · subframes, 2 · bins) each, of a whole item.

    A harmonic has a spectral peak of 1, the noise a mean square of 1.

    Args:
        phase: (T,) [rad] of the fundamental at the centre of every frame, unbounded.
        seed: of the noise.
        config: hop, spectral frames.
    """
    if not len(phase):
        empty = np.empty((0, 2 * config.bins), np.float32)
        return empty, empty
    margin = margin_of(config)
    pulses = pulse_samples(phase, config.hop_length, margin) * np.float32(4.0 / config.n_fft)
    noise = noise_samples(len(phase) * config.hop_length + 2 * margin, seed)
    # Squared Hann windows have a mean of 3/8.
    noise = noise * np.float32(1.0 / math.sqrt(0.375 * config.n_fft))
    return spectra(pulses, config), spectra(noise, config)


def margin_of(config: VocosConfig) -> int:
    """Samples before the first and after the last that the spectral frames reach into."""
    return (config.n_fft - config.stft_hop) // 2


def spectra(samples: Float32, config: VocosConfig) -> Float32:
    """samples (N + 2 · margin,) → (N / stft_hop, 2 · bins) float32, real parts first.

    Frame j is centred on sample (j + ½) · stft_hop, under a periodic Hann window; phases are
    relative to its first sample, as the inverse expects them.
    """
    window = np.hanning(config.n_fft + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, config.n_fft)[:: config.stft_hop]
    out = np.empty((len(frames), 2 * config.bins), np.float32)
    # Some at a time, for fresh pages of memory cost more than the transform.
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        spectrum = fft.rfft(frames[some] * window, axis=1)
        out[some, : config.bins] = spectrum.real
        out[some, config.bins :] = spectrum.imag
    return out
