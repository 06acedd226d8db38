"""HiFi-GAN as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy, imported_on_call
from core.protocols import Graph, Vocoder
from vocoders.adapter import open_vocoder
from vocoders.hifigan.config import LIGHT, V1, HifiGanConfig, halo_frames
from vocoders.vocos.spectra import source_excitation

if TYPE_CHECKING:
    from vocoders.hifigan.discriminators import HifiGanDiscriminators

LARGE = 512
"""Channels of the paper's generator."""


def _adapter(
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    config: HifiGanConfig,
    halo: int,
    policy: WindowPolicy,
) -> Vocoder:
    excitation = source_excitation(config)
    return open_vocoder(graphs, mel, excitation, halo=halo, policy=policy)


def discriminators_of(config: HifiGanConfig) -> HifiGanDiscriminators:
    """Returns the paper's discriminators for its own size, narrow ones for lighter generators."""
    from vocoders.hifigan.discriminators import HifiGanDiscriminators

    return HifiGanDiscriminators(wide=config.upsample_channels >= LARGE)


SPEC = VocoderSpec(
    name="hifigan",
    config=HifiGanConfig,
    network=imported_on_call("vocoders.hifigan.network:build"),
    graphs=imported_on_call("vocoders.hifigan.graphs:graphs"),
    halo=halo_frames,
    adapter=_adapter,
    seeded=lambda config: config.source is not None,  # it has noise
    excitation=source_excitation,
    sizes={"light": lambda corpus: LIGHT, "v1": lambda corpus: V1},
    discriminators=discriminators_of,
    # ``{generator}``, ``{model: {generator}}``, ``{model}`` or the bare state dict.
    checkpoint_keys=("generator", "model"),
    read_checkpoint=imported_on_call("vocoders.hifigan.checkpoint:read_checkpoint"),
)
