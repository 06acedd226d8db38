"""Which adversary a vocoder learns from, and that each tells speech from something else."""

import pytest
import torch

from training.optimization import descend
from training.recipes.adversary import HifiGanJudges, Judges, MelGanJudges, judges_of
from vocoders.hifigan.config import V1, V3
from vocoders.melgan.config import MelGanConfig


def size(judges: Judges) -> int:
    return sum(p.numel() for p in judges.parameters())


def test_large_generators_have_their_papers_judges_light_ones_the_narrow() -> None:
    v1, light = judges_of(V1), judges_of(V3)
    assert isinstance(judges_of(MelGanConfig()), MelGanJudges)
    assert isinstance(judges_of(MelGanConfig(channels=256)), HifiGanJudges)
    assert size(light) < size(v1) / 20


@pytest.mark.parametrize("judges", [HifiGanJudges(wide=False), MelGanJudges(channels=4)])
def test_judges_learn_to_tell_noise_from_a_tone(judges: Judges) -> None:
    torch.manual_seed(0)
    tone = torch.sin(torch.arange(4096) * 0.1)[None, None]
    noise = torch.randn(1, 1, 4096) * 0.3
    optimizer = torch.optim.AdamW(judges.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss = judges.discriminate(noise, tone)
        losses.append(float(loss.detach()))
        loss.backward()  # type: ignore[no-untyped-call]
        descend(optimizer)
    assert losses[-1] < losses[0]
    with torch.no_grad():
        features, fooled = judges.compare(tone, tone)
        caught = judges.compare(noise, tone)[1]
    assert float(features) == 0.0
    assert float(fooled) < float(caught)
