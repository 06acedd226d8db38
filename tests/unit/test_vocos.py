"""Vocos: excitations in phase, an inverse STFT that inverts, and a halo that is tight."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.mel import MelSpec
from tests.synthetic_corpus import harmonic_tone
from training.data.phases import phases_of
from vocoders.vocos.config import VocosConfig, halo_frames
from vocoders.vocos.excitation import (
    TURN,
    excitation_spectra,
    margin_of,
    noise_samples,
    phase_of,
    pulse_samples,
    spectra,
)
from vocoders.vocos.network import InverseStft, Vocos

CONFIG = VocosConfig()


def test_the_inverse_gives_back_what_the_spectra_are_of() -> None:
    noise = noise_samples(12, 1, CONFIG)
    frames = torch.from_numpy(spectra(noise, CONFIG))[None]
    samples = InverseStft(CONFIG.n_fft, CONFIG.stft_hop)(frames)[0].numpy()
    margin = margin_of(CONFIG)
    inner = slice(margin, -margin)  # elsewhere fewer frames overlap
    np.testing.assert_allclose(samples[inner], noise[margin:-margin][inner], atol=1e-6)


def test_spectra_of_noise_have_a_mean_square_of_one() -> None:
    frames = spectra(noise_samples(200, 0, CONFIG), CONFIG)
    real, imag = np.split(frames, 2, axis=1)
    inner = slice(1, -1)  # the lowest and highest frequency are real
    power = (real[:, inner] ** 2 + imag[:, inner] ** 2).mean()
    assert power == pytest.approx(1.0, rel=0.03)


def test_a_longer_item_begins_with_the_same_noise() -> None:
    short, long = noise_samples(3, 5, CONFIG), noise_samples(9, 5, CONFIG)
    np.testing.assert_array_equal(long[: len(short)], short)


@pytest.mark.parametrize("f0", [70.0, 140.0, 331.7])
def test_pulses_have_every_harmonic_in_phase(f0: float) -> None:
    octaves = np.full(40, np.log2(f0 / CONFIG.pitch_centre), np.float32)
    pulses = pulse_samples(phase_of(octaves, CONFIG), CONFIG).astype(np.float64)
    start = margin_of(CONFIG) + CONFIG.hop_length / 2 - 0.5  # the centre of the first frame
    clock = (np.arange(len(pulses)) - start) / CONFIG.sample_rate  # seconds
    window = np.hanning(len(pulses))
    for harmonic in (1, 2, 7, int(9000 / f0)):
        carrier = np.exp(-1j * TURN * harmonic * f0 * clock)
        component = (pulses * window * carrier).sum() / window.sum() * 2
        assert abs(component) == pytest.approx(4 / CONFIG.n_fft, rel=0.02)
        assert abs(np.angle(component)) < 0.02


def test_the_phase_runs_on_from_frame_to_frame() -> None:
    octaves = np.linspace(-0.5, 0.7, 30, dtype=np.float32)
    pulses = pulse_samples(phase_of(octaves, CONFIG), CONFIG)
    # The same cut elsewhere: a phase that is a sum does not depend on where spectra begin.
    tail = pulse_samples(phase_of(octaves, CONFIG)[10:], CONFIG)
    centre = margin_of(CONFIG) + CONFIG.hop_length // 2  # of the first frame; before it, a guess
    np.testing.assert_allclose(
        tail[centre:], pulses[centre + 10 * CONFIG.hop_length :], rtol=0, atol=1e-4
    )


def test_nothing_in_is_nothing_out() -> None:
    pulses, noise = excitation_spectra(np.empty(0, np.float32), 0, CONFIG)
    assert pulses.shape == noise.shape == (0, 2 * CONFIG.bins)


def test_a_sample_depends_on_the_frames_of_the_halo() -> None:
    config = VocosConfig(channels=16, hidden=24, layers=2)
    halo, frames, middle = halo_frames(config), 41, 20
    torch.manual_seed(0)
    network = Vocos(config).double()
    mel = torch.randn(1, 80, frames, dtype=torch.float64, requires_grad=True)
    shape = (1, frames * config.subframes, 2 * config.bins)
    samples = network(mel, *torch.randn(2, *shape, dtype=torch.float64))[0]
    hop = config.hop_length
    samples[middle * hop : (middle + 1) * hop].square().sum().backward()
    assert mel.grad is not None
    reached = torch.nonzero(mel.grad[0].abs().sum(0)).flatten()
    assert max(middle - int(reached.min()), int(reached.max()) - middle) <= halo
    assert int(reached.max()) - int(reached.min()) >= 2 * halo - 2


def test_phases_of_a_tone_are_those_of_its_pulses() -> None:
    spec, f0 = MelSpec(), 150.0
    clip = np.interp(np.arange(22050) * 24000 / 22050, np.arange(24000), harmonic_tone(f0, 24000))
    phases = phases_of(clip, len(clip) // spec.hop_length, spec)
    inner = slice(5, -5)
    np.testing.assert_allclose(phases.f0[inner], f0, rtol=0.01)
    assert phases.voiced[inner].all()
    # The tone is a sum of sines, the phase that of a cosine.
    centres = (np.arange(len(phases.phase)) + 0.5) * spec.hop_length / spec.sample_rate
    error = np.angle(np.exp(1j * (phases.phase - (TURN * f0 * centres - np.pi / 2))))
    assert np.abs(error[inner]).max() < 0.1
