"""WaveGlow equals NVIDIA's, forwards and backwards, and so does its denoiser."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch

from tests.parity.reference_figures import Figure, load, max_delta
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.denoiser import Denoiser
from vocoders.waveglow.network import WaveGlow, join_noise, negative_log_likelihood
from vocoders.weight_norm import fold_weight_norm

FIGURES = {
    "waveglow_small": WaveGlowConfig(n_mels=16, n_layers=4, n_channels=32),
    "waveglow_full_seeded": WaveGlowConfig(),
}
# Twelve flows in a row: rounding errors pass through every later one, as in a recurrence.
TOLERANCE = 1e-4


@lru_cache(maxsize=1)
def opened(name: str) -> tuple[Figure, WaveGlow]:
    figure = load(name)
    network = WaveGlow(FIGURES[name]).eval()
    network.load_state_dict(fold_weight_norm(figure.state_dict), strict=True)
    return figure, network


@pytest.mark.parametrize("name", FIGURES)
def test_samples_to_latent(name: str) -> None:
    figure, network = opened(name)
    with torch.inference_mode():
        latent = network(figure.inputs["mel_fwd"], figure.inputs["audio_fwd"])
    theirs = figure.outputs
    assert max_delta(latent.z, theirs["fwd.z"]) <= TOLERANCE
    for i, log_s in enumerate(latent.log_s):
        assert max_delta(log_s, theirs[f"fwd.log_s.{i}"]) <= TOLERANCE
    # About 100, so that 1e-4 is its last float32 digit.
    log_det = torch.stack(latent.log_det)
    torch.testing.assert_close(log_det, theirs["fwd.log_det_W"], rtol=1e-6, atol=TOLERANCE)
    for sigma in (1.0, 0.7):
        loss = negative_log_likelihood(latent, sigma)
        assert max_delta(loss[None], theirs[f"fwd.loss_sigma{sigma:g}"]) <= TOLERANCE


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("sigma", [0.0, 0.666, 1.0])
def test_noise_to_samples(name: str, sigma: float) -> None:
    figure, network = opened(name)
    z = join_noise([figure.inputs[f"z.{i}"] for i in range(3)])
    with torch.inference_mode():
        samples = network.infer(figure.inputs["mel_inf"], sigma * z)
    assert max_delta(samples, figure.outputs[f"infer.sigma{sigma}"]) <= TOLERANCE


def test_infer_undoes_forward() -> None:
    figure, network = opened("waveglow_small")
    samples = figure.inputs["audio_fwd"]
    with torch.inference_mode():
        latent = network(figure.inputs["mel_fwd"], samples)
        again = network.infer(figure.inputs["mel_fwd"], latent.z)
    assert max_delta(again, samples) <= TOLERANCE


def test_denoiser() -> None:
    figure = load("waveglow_denoiser")
    denoiser = Denoiser(figure.inputs["bias_audio"])
    assert max_delta(denoiser.bias, figure.outputs["bias_spec"]) <= TOLERANCE
    for strength in (0.01, 0.1, 0.5):
        samples = denoiser(figure.inputs["audio"], strength)
        assert max_delta(samples[None], figure.outputs[f"denoised.{strength}"]) <= TOLERANCE
