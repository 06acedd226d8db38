"""MelGAN equals both public implementations."""

from __future__ import annotations

import pytest
import torch

from tests.parity.reference_figures import Figure, load, max_delta, tolerance
from vocoders.melgan.config import MelGanConfig
from vocoders.melgan.discriminators import (
    MelGanDiscriminator,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)
from vocoders.melgan.network import MelGan
from vocoders.weight_norm import fold_weight_norm

FIGURES = {
    "melgan_neurips_ngf8": MelGanConfig(channels=128),
    "melgan_neurips_full_seeded": MelGanConfig(),
    "melgan_sw_div4": MelGanConfig(form="seungwonpark", channels=128),
    "melgan_sw_full_seeded": MelGanConfig(form="seungwonpark"),
}


def network_of(name: str, figure: Figure) -> MelGan:
    network = MelGan(FIGURES[name]).eval()
    network.load_state_dict(fold_weight_norm(figure.state_dict), strict=True)
    return network


@pytest.mark.parametrize("name", FIGURES)
def test_samples(name: str) -> None:
    figure = load(name)
    network = network_of(name, figure)
    for part in ("b2", "t4", "t9"):
        with torch.inference_mode():
            samples = network(figure.inputs[f"mel_{part}"])
        # "nowm": the reference after it has removed its own weight norm.
        for key in (f"wav_{part}", f"wav_{part}.nowm"):
            theirs = figure.outputs.get(key, samples)
            assert max_delta(samples, theirs) <= tolerance(name), key


@pytest.mark.parametrize("name", [n for n in FIGURES if "_sw_" in n])
def test_the_command_of_seungwonpark_speaks_trailing_silence(name: str) -> None:
    figure = load(name)
    samples = network_of(name, figure).inference(figure.inputs["mel_b2"][:1])
    pcm = (samples.squeeze() * 32768).clamp(-32768, 32767)
    theirs = figure.outputs["inference_pcm"]
    assert pcm.shape == theirs.shape
    # The figure is truncated to whole steps; float noise may move a sample over an edge.
    assert float((pcm - theirs).abs().max()) <= 1 + tolerance(name) * 32768


def test_discriminator_and_losses() -> None:
    figure = load("melgan_neurips_disc_seeded")
    network = MelGanDiscriminator().eval()
    network.load_state_dict(figure.state_dict, strict=True)
    with torch.inference_mode():
        scores = {kind: network(figure.inputs[kind]) for kind in ("fake", "real")}
    for kind, scales in scores.items():
        for i, maps in enumerate(scales):
            assert max_delta(maps[-1], figure.outputs[f"{kind}.{i}.score"]) <= 1e-4
            for j, part in enumerate(maps):
                theirs = figure.outputs[f"{kind}.{i}.{j}.slice"]
                assert max_delta(part.flatten(1)[:, : theirs.shape[1]], theirs) <= 1e-4
    assert float(discriminator_loss(scores["real"], scores["fake"])) > 0
    assert torch.isfinite(
        adversarial_loss(scores["fake"]) + feature_loss(scores["real"], scores["fake"])
    )
