"""Vocos as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy
from core.protocols import Graph, Vocoder
from vocoders.vocos.adapter import VocosVocoder
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.discriminators import VocosDiscriminators
from vocoders.vocos.graphs import graphs, halo_frames
from vocoders.vocos.network import Vocos

_LIGHT = VocosConfig()


def _adapter(
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    config: VocosConfig,
    halo: int,
    policy: WindowPolicy,
) -> Vocoder:
    return VocosVocoder(graphs, mel, config=config, halo=halo, policy=policy)


SPEC = VocoderSpec(
    name="vocos",
    config=VocosConfig,
    network=Vocos,
    graphs=graphs,
    halo=halo_frames,
    adapter=_adapter,
    seeded=True,  # what is unvoiced is made of noise
    sizes={"light": lambda corpus: _LIGHT},
    discriminators=lambda config: VocosDiscriminators(),
)
