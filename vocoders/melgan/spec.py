"""MelGAN as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy, imported_on_call
from core.protocols import Graph, Vocoder
from vocoders.adapter import open_vocoder
from vocoders.melgan.config import MIN_FRAMES, MelGanConfig, halo_frames
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.spectra import source_excitation

if TYPE_CHECKING:
    from vocoders.hifigan.discriminators import HifiGanDiscriminators
    from vocoders.melgan.discriminators import MelGanDiscriminator

LARGE = 512
"""Channels of the paper's generator."""
# The house's mels are natural logs, which seungwonpark's form scales by (mel + 5) / 5.
_REFERENCE = MelGanConfig(form="seungwonpark")
_LIGHT = msgspec.structs.replace(
    _REFERENCE, channels=256, upsample_rates=(8, 4), stft_hop=8, source=VocosConfig(layers=2)
)


def _adapter(
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    config: MelGanConfig,
    halo: int,
    policy: WindowPolicy,
) -> Vocoder:
    excitation = source_excitation(config)
    return open_vocoder(graphs, mel, excitation, halo=halo, policy=policy, min_frames=MIN_FRAMES)


def discriminators_of(config: MelGanConfig) -> MelGanDiscriminator | HifiGanDiscriminators:
    """Returns the paper's discriminators for its own size, HiFi-GAN's narrow ones for lighter ones.

    MelGAN's grouped convolutions took four seconds a step on a core even at a quarter of their
    width, eight times what the narrow ones take.
    """
    from vocoders.hifigan.discriminators import HifiGanDiscriminators
    from vocoders.melgan.discriminators import MelGanDiscriminator

    return MelGanDiscriminator() if config.channels >= LARGE else HifiGanDiscriminators(wide=False)


SPEC = VocoderSpec(
    name="melgan",
    config=MelGanConfig,
    network=imported_on_call("vocoders.melgan.network:build"),
    graphs=imported_on_call("vocoders.melgan.graphs:graphs"),
    halo=halo_frames,
    adapter=_adapter,
    seeded=lambda config: config.source is not None,  # it has noise
    excitation=source_excitation,
    sizes={"reference": lambda corpus: _REFERENCE, "light": lambda corpus: _LIGHT},
    discriminators=discriminators_of,
    # seungwonpark: ``{model_g, …}``; descriptinc: the bare state dict.
    checkpoint_keys=("model_g",),
    read_checkpoint=imported_on_call("vocoders.melgan.checkpoint:read_checkpoint"),
)
