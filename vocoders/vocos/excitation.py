"""Excitations of a source-filter vocoder: pulses at a pitch, and white noise, as spectra.

Source: sums of harmonics in phase, and noise: neural source-filter (arXiv 1904.12088). Differs: all
harmonics at once, by the closed form of their sum.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from core.mel import Float32
from vocoders.vocos.config import VocosConfig

Float64 = NDArray[np.float64]
TURN = 2.0 * math.pi
FRAMES_AT_ONCE = 32
"""Spectral frames of one transform: it and its input stay in the cache."""


def phase_of(octaves: Float32, config: VocosConfig) -> Float64:
    """Phase [rad] of the fundamental at the centre of every frame, (T,), unbounded; 0 at the first.

    Args:
        octaves: (T,) of the fundamental frequency per mel frame, above the centre.
        config: rate, hop and centre.
    """
    f0 = config.pitch_centre * np.exp2(octaves.astype(np.float64))
    between = (f0[1:] + f0[:-1]) / 2
    turns = np.concatenate([[0.0], np.cumsum(between)]) * config.hop_length / config.sample_rate
    phase: Float64 = turns * TURN
    return phase


def pulse_samples(phase: Float64, config: VocosConfig) -> Float32:
    """Pulses whose fundamental has this phase at the centre of every frame.

    Args:
        phase: (T,) unbounded [rad]; between centres it goes straight, beyond them it goes on.
        config: rate, hop, spectral frames.

    Returns:
        (T · hop + 2 · margin,) float32; see ``margin_of``. Each harmonic below the Nyquist
        frequency has the amplitude that gives a spectral peak of 1.
    """
    hop, margin = config.hop_length, margin_of(config)
    steps = np.diff(phase) if len(phase) > 1 else np.zeros(1)  # radians per frame
    first, last = steps[0], steps[-1]
    # One row from each centre to the next, and two more at either end.
    starts = [phase[:1] - 2 * first, phase[:1] - first, phase, phase[-1:] + last]
    rows = np.concatenate([[first, first], steps[: len(phase) - 1], [last, last]])[:, None]
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
    return samples * np.float32(4.0 / config.n_fft)


def noise_samples(frames: int, seed: int, config: VocosConfig) -> Float32:
    """White noise (T · hop + 2 · margin,) of a seed; spectra have a mean square of 1.

    A longer item begins with the same noise.
    """
    random = np.random.Generator(np.random.Philox(seed))
    count = frames * config.hop_length + 2 * margin_of(config)
    noise = random.standard_normal(count, np.float32)
    # Squared Hann windows have a mean of 3/8.
    scaled: Float32 = noise * np.float32(1.0 / math.sqrt(0.375 * config.n_fft))
    return scaled


def margin_of(config: VocosConfig) -> int:
    """Samples before the first and after the last that the spectral frames reach into."""
    return (config.n_fft - config.stft_hop) // 2


def excitation_spectra(octaves: Float32, seed: int, config: VocosConfig) -> tuple[Float32, Float32]:
    """Returns spectra of pulses and of noise, (T · subframes, 2 · bins) each, of a whole item.

    Args:
        octaves: (T,) of the fundamental frequency per mel frame, above the centre.
        seed: of the noise.
        config: rate, hop, spectral frames, centre.
    """
    if not len(octaves):
        empty = np.empty((0, 2 * config.bins), np.float32)
        return empty, empty
    pulses = pulse_samples(phase_of(octaves, config), config)
    return spectra(pulses, config), spectra(noise_samples(len(octaves), seed, config), config)


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
