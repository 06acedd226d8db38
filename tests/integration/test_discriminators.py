"""Each network's discriminators learn to tell speech from something else."""

from typing import Any

import pytest
import torch

from training.optimization import descend
from vocoders.hifigan.discriminators import HifiGanDiscriminators
from vocoders.melgan.discriminators import MelGanDiscriminator


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
        loss = discriminators.losses(noise, tone, 0).discriminator
        losses.append(float(loss.detach()))
        loss.backward()
        descend(optimizer)
    assert losses[-1] < losses[0]
    with torch.no_grad():
        convincing = discriminators.losses(tone, tone, 0)
        caught = discriminators.losses(noise, tone, 0)
    assert float(convincing.features) == 0.0
    assert float(convincing.adversarial) < float(caught.adversarial)
