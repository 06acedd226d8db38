"""Which discriminators a vocoder learns from, and that each tells speech from something else."""

from typing import Any

import pytest
import torch
from torch import nn

from training.optimization import descend
from vocoders.hifigan import spec as hifigan
from vocoders.hifigan.config import V1, V3
from vocoders.hifigan.discriminators import HifiGanDiscriminators
from vocoders.melgan import spec as melgan
from vocoders.melgan.config import MelGanConfig
from vocoders.melgan.discriminators import MelGanDiscriminator


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_large_generators_have_their_papers_discriminators_light_ones_the_narrow() -> None:
    v1, light = hifigan.discriminators_of(V1), hifigan.discriminators_of(V3)
    assert isinstance(melgan.discriminators_of(MelGanConfig()), MelGanDiscriminator)
    narrow = melgan.discriminators_of(MelGanConfig(channels=256))
    assert isinstance(narrow, HifiGanDiscriminators)
    assert size(light) == size(narrow) < size(v1) / 20


@pytest.mark.parametrize(
    "discriminators", [HifiGanDiscriminators(wide=False), MelGanDiscriminator(channels=4)]
)
def test_discriminators_learn_to_tell_noise_from_a_tone(discriminators: Any) -> None:
    torch.manual_seed(0)
    tone = torch.sin(torch.arange(4096) * 0.1)[None, None]
    noise = torch.randn(1, 1, 4096) * 0.3
    optimizer = torch.optim.AdamW(discriminators.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss = discriminators.discriminator_loss(noise, tone)
        losses.append(float(loss.detach()))
        loss.backward()
        descend(optimizer)
    assert losses[-1] < losses[0]
    with torch.no_grad():
        features, convincing = discriminators.generator_losses(tone, tone)
        caught = discriminators.generator_losses(noise, tone)[1]
    assert float(features) == 0.0
    assert float(convincing) < float(caught)
