"""Vocos as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy, imported_on_call
from core.protocols import Graph, Vocoder
from vocoders.adapter import ExcitedVocoder
from vocoders.vocos.config import VocosConfig, halo_frames
from vocoders.vocos.spectra import excitation_of

if TYPE_CHECKING:
    from vocoders.hifigan.discriminators import HifiGanDiscriminators

_LIGHT = VocosConfig()


def _adapter(
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    config: VocosConfig,
    halo: int,
    policy: WindowPolicy,
) -> Vocoder:
    excitation = excitation_of(config)
    return ExcitedVocoder(graphs, mel, excitation=excitation, halo=halo, policy=policy)


def discriminators_of(config: VocosConfig) -> HifiGanDiscriminators:
    """Returns the light HiFi-GAN's discriminators, the same for every size."""
    from vocoders.hifigan.discriminators import HifiGanDiscriminators

    return HifiGanDiscriminators(wide=False)


SPEC = VocoderSpec(
    name="vocos",
    config=VocosConfig,
    network=imported_on_call("vocoders.vocos.network:Vocos"),
    graphs=imported_on_call("vocoders.vocos.graphs:graphs"),
    halo=halo_frames,
    adapter=_adapter,
    excitation=excitation_of,
    seeded=lambda config: True,  # what is unvoiced is made of noise
    sizes={"light": lambda corpus: _LIGHT},
    discriminators=discriminators_of,
)
