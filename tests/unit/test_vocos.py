"""Vocos: excitations in phase, an inverse STFT that inverts, and a halo that is tight."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from core.mel import Float32, MelSpec
from exports.registry import read_config
from tests.synthetic_corpus import harmonic_tone
from training.data.phases import phases_of
from vocoders.excitation import TURN, noise_samples, phase_of, pulse_samples
from vocoders.inverse_stft import InverseStft
from vocoders.vocos.config import VocosConfig, halo_frames
from vocoders.vocos.network import Vocos
from vocoders.vocos.spectra import excitation_of, margin_of, spectra

CONFIG = VocosConfig()


HOP, MARGIN = CONFIG.hop_length, margin_of(CONFIG)


def noise_of(frames: int, seed: int) -> Float32:
    """White noise under all spectral frames; their spectra have a mean square of 1."""
    samples = noise_samples(frames * HOP + 2 * MARGIN, seed)
    return samples / np.float32(np.sqrt(0.375 * CONFIG.n_fft))


def pulses_of(octaves: Float32) -> Float32:
    return pulse_samples(phase_of(octaves, CONFIG.excitation, HOP), HOP, MARGIN)


def test_the_inverse_gives_back_what_the_spectra_are_of() -> None:
    noise = noise_of(12, 1)
    frames = torch.from_numpy(spectra(noise, CONFIG))[None]
    samples = InverseStft(CONFIG.n_fft, CONFIG.stft_hop)(frames)[0].numpy()
    margin = margin_of(CONFIG)
    inner = slice(margin, -margin)  # elsewhere fewer frames overlap
    np.testing.assert_allclose(samples[inner], noise[margin:-margin][inner], atol=1e-6)


def test_spectra_of_noise_have_a_mean_square_of_one() -> None:
    frames = spectra(noise_of(200, 0), CONFIG)
    real, imag = np.split(frames, 2, axis=1)
    inner = slice(1, -1)  # the lowest and highest frequency are real
    power = (real[:, inner] ** 2 + imag[:, inner] ** 2).mean()
    assert power == pytest.approx(1.0, rel=0.03)


def test_a_longer_item_begins_with_the_same_noise() -> None:
    short, long = noise_samples(300, 5), noise_samples(900, 5)
    np.testing.assert_array_equal(long[: len(short)], short)


@pytest.mark.parametrize("f0", [70.0, 140.0, 331.7])
def test_pulses_have_every_harmonic_in_phase(f0: float) -> None:
    octaves = np.full(40, np.log2(f0 / CONFIG.pitch_centre), np.float32)
    pulses = pulses_of(octaves).astype(np.float64)
    start = margin_of(CONFIG) + CONFIG.hop_length / 2 - 0.5  # the centre of the first frame
    clock = (np.arange(len(pulses)) - start) / CONFIG.sample_rate  # seconds
    window = np.hanning(len(pulses))
    for harmonic in (1, 2, 7, int(9000 / f0)):
        carrier = np.exp(-1j * TURN * harmonic * f0 * clock)
        component = (pulses * window * carrier).sum() / window.sum() * 2
        assert abs(component) == pytest.approx(1.0, rel=0.02)
        assert abs(np.angle(component)) < 0.02


def test_the_phase_runs_on_from_frame_to_frame() -> None:
    octaves = np.linspace(-0.5, 0.7, 30, dtype=np.float32)
    pulses = pulses_of(octaves)
    # The same cut elsewhere: a phase that is a sum does not depend on where spectra begin.
    tail = pulse_samples(phase_of(octaves, CONFIG.excitation, HOP)[10:], HOP, MARGIN)
    centre = margin_of(CONFIG) + CONFIG.hop_length // 2  # of the first frame; before it, a guess
    np.testing.assert_allclose(
        tail[centre:],
        pulses[centre + 10 * CONFIG.hop_length :],
        rtol=0,
        atol=1e-4 * CONFIG.n_fft / 4,
    )


def test_a_single_frame_has_noise_and_no_pulses() -> None:
    pulses, noise = excitation_of(CONFIG).at_pitch(np.zeros(1, np.float32), 0)
    assert pulses.shape == noise.shape == (CONFIG.subframes, 2 * CONFIG.bins)
    assert not pulses.any()
    assert noise.any()


def test_nothing_in_is_nothing_out() -> None:
    pulses, noise = excitation_of(CONFIG).at_pitch(np.empty(0, np.float32), 0)
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


@pytest.mark.parametrize("network", ["hifigan", "melgan"])
@pytest.mark.parametrize("source", [{"hop_length": 512}, {"n_mels": 100}])
def test_a_source_that_does_not_fit_its_generator_is_refused(
    network: str, source: dict[str, int]
) -> None:
    with pytest.raises(CheckpointError, match="source"):
        read_config(network, {"source": source})
