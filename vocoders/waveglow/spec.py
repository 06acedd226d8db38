"""WaveGlow as the registry knows it: its parts and its sizes."""

from __future__ import annotations

from collections.abc import Mapping

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy
from core.protocols import Graph, Vocoder
from vocoders.waveglow.adapter import WaveGlowVocoder
from vocoders.waveglow.checkpoint import CHECKPOINT_KEYS, read_checkpoint
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.graphs import graphs, halo_frames
from vocoders.waveglow.network import WaveGlow

_REFERENCE = WaveGlowConfig()
# For a CPU: the couplings' conditioning (n_mels · n_group inputs) is most of the work and of the
# parameters.
_SMALL = WaveGlowConfig(n_flows=6, n_layers=6, n_channels=40, upsample_kernel=512)


def _adapter(
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    config: WaveGlowConfig,
    halo: int,
    policy: WindowPolicy,
) -> Vocoder:
    return WaveGlowVocoder(graphs, mel, config=config, halo=halo, policy=policy)


SPEC = VocoderSpec(
    name="waveglow",
    config=WaveGlowConfig,
    network=WaveGlow,
    graphs=graphs,
    halo=halo_frames,
    adapter=_adapter,
    seeded=True,  # samples are made of noise
    sizes={"small": lambda corpus: _SMALL, "reference": lambda corpus: _REFERENCE},
    checkpoint_keys=CHECKPOINT_KEYS,
    read_checkpoint=read_checkpoint,
)
