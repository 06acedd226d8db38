"""HiFi-GAN as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy, imported_on_call
from core.protocols import Graph, Vocoder
from vocoders.adapter import ConvVocoder
from vocoders.hifigan.config import V1, V3, HifiGanConfig, halo_frames

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
    return ConvVocoder(graphs, mel, halo=halo, policy=policy)


def discriminators_of(config: HifiGanConfig) -> HifiGanDiscriminators:
    """Returns the paper's discriminators for its own size, narrow ones for lighter generators."""
    from vocoders.hifigan.discriminators import HifiGanDiscriminators

    return HifiGanDiscriminators(wide=config.upsample_channels >= LARGE)


SPEC = VocoderSpec(
    name="hifigan",
    config=HifiGanConfig,
    network=imported_on_call("vocoders.hifigan.network:HifiGan"),
    graphs=imported_on_call("vocoders.hifigan.graphs:graphs"),
    halo=halo_frames,
    adapter=_adapter,
    sizes={"light": lambda corpus: V3, "v1": lambda corpus: V1},
    discriminators=discriminators_of,
    # ``{generator}``, ``{model: {generator}}``, ``{model}`` or the bare state dict.
    checkpoint_keys=("generator", "model"),
    read_checkpoint=imported_on_call("vocoders.hifigan.checkpoint:read_checkpoint"),
)
