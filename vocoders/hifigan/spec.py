"""HiFi-GAN as the registry knows it: its parts, its sizes, its discriminators."""

from __future__ import annotations

from collections.abc import Mapping

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy
from core.protocols import Graph, Vocoder
from vocoders.adapter import ConvVocoder
from vocoders.hifigan.checkpoint import CHECKPOINT_KEYS, read_checkpoint
from vocoders.hifigan.config import V1, V3, HifiGanConfig
from vocoders.hifigan.discriminators import HifiGanDiscriminators
from vocoders.hifigan.graphs import graphs, halo_frames
from vocoders.hifigan.network import HifiGan

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
    return HifiGanDiscriminators(wide=config.upsample_channels >= LARGE)


SPEC = VocoderSpec(
    name="hifigan",
    config=HifiGanConfig,
    network=HifiGan,
    graphs=graphs,
    halo=halo_frames,
    adapter=_adapter,
    sizes={"light": lambda corpus: V3, "v1": lambda corpus: V1},
    discriminators=discriminators_of,
    checkpoint_keys=CHECKPOINT_KEYS,
    read_checkpoint=read_checkpoint,
)
