"""Which discriminators train a vocoder."""

from torch import nn

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
