"""HiFi-GAN equals jik876's: V1, V2, V3 and the discriminators."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.parity.reference_figures import load, max_delta, tolerance
from vocoders.hifigan.config import V1, V2, V3, HifiGanConfig
from vocoders.hifigan.discriminators import (
    DiscriminatorOutput,
    MultiPeriodDiscriminator,
    MultiScaleDiscriminator,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)
from vocoders.hifigan.network import HifiGan
from vocoders.weight_norm import fold_weight_norm

FIGURES = {
    "hifigan_v1_ch64": HifiGanConfig(upsample_channels=64),
    "hifigan_v1_full_seeded": V1,
    "hifigan_v2_full": V2,
    "hifigan_v3_full": V3,
}


@pytest.mark.parametrize("name", FIGURES)
def test_samples(name: str) -> None:
    figure = load(name)
    network = HifiGan(FIGURES[name]).eval()
    network.load_state_dict(fold_weight_norm(figure.state_dict), strict=True)
    for part in ("b2", "t1", "t7"):
        with torch.inference_mode():
            samples = network(figure.inputs[f"mel_{part}"])
        # "nowm": the reference after it has removed its own weight norm.
        for key in (f"wav_{part}", f"wav_{part}.nowm"):
            theirs = figure.outputs.get(key, samples)
            assert max_delta(samples, theirs) <= tolerance(name), key


def fold_spectral_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """W / (uᵀ W v), as spectral normalization evaluates without a power iteration."""
    folded = dict(state)
    for key in [k for k in state if k.endswith("weight_orig")]:
        stem = key.removesuffix("_orig")
        weight, u, v = folded.pop(key), folded.pop(f"{stem}_u"), folded.pop(f"{stem}_v")
        folded[stem] = weight / (u @ (weight.flatten(1) @ v))
    return folded


@pytest.mark.parametrize("kind", ["mpd", "msd"])
def test_discriminators_and_losses(kind: str) -> None:
    figure = load("hifigan_discriminators_seeded")
    own = {k: v for k, v in figure.state_dict.items() if k.startswith(kind)}
    state = fold_weight_norm(fold_spectral_norm({k[4:]: v for k, v in own.items()}))
    network = (MultiPeriodDiscriminator() if kind == "mpd" else MultiScaleDiscriminator()).eval()
    network.load_state_dict(state, strict=True)
    with torch.inference_mode():
        real = network(figure.inputs["y"])
        fake = network(figure.inputs["y_hat"])
    theirs = {k.removeprefix(f"{kind}."): v for k, v in figure.outputs.items()}
    for i, (a, b) in enumerate(zip(real, fake, strict=True)):
        _same_maps(a, theirs, i)
        assert max_delta(a[0], theirs[f"{i}.real"]) <= 1e-4
        assert max_delta(b[0], theirs[f"{i}.fake"]) <= 1e-4
    assert float(discriminator_loss(real, fake)) == pytest.approx(float(theirs["disc_loss"]), 1e-5)
    assert float(adversarial_loss(fake)) == pytest.approx(float(theirs["gen_loss"]), 1e-5)
    assert float(feature_loss(real, fake)) == pytest.approx(float(theirs["feature_loss"]), 1e-5)


def _same_maps(output: DiscriminatorOutput, theirs: dict[str, Tensor], i: int) -> None:
    for j, part in enumerate(output[1]):
        slice_ = theirs[f"{i}.fmap{j}.slice"]
        assert max_delta(part.flatten(1)[:, : slice_.shape[1]], slice_) <= 1e-4, (i, j)
        summary = torch.stack([part.mean(), part.std(), part.abs().max()])
        assert max_delta(summary, theirs[f"{i}.fmap{j}.stat"]) <= 1e-4, (i, j)
