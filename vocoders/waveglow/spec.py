"""WaveGlow as the registry knows it: its parts and its sizes."""

from __future__ import annotations

from collections.abc import Mapping

from core.mel import MelSpec
from core.networks import VocoderSpec, WindowPolicy, imported_on_call
from core.protocols import Graph, Vocoder
from vocoders.waveglow.config import WaveGlowConfig, halo_frames

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
    from vocoders.waveglow.adapter import WaveGlowVocoder  # its denoiser needs torch

    return WaveGlowVocoder(graphs, mel, config=config, halo=halo, policy=policy)


SPEC = VocoderSpec(
    name="waveglow",
    config=WaveGlowConfig,
    network=imported_on_call("vocoders.waveglow.network:WaveGlow"),
    graphs=imported_on_call("vocoders.waveglow.graphs:graphs"),
    halo=halo_frames,
    adapter=_adapter,
    seeded=lambda config: True,  # samples are made of noise
    sizes={"small": lambda corpus: _SMALL, "reference": lambda corpus: _REFERENCE},
    checkpoint_keys=("model", "state_dict"),  # ``{model: pickled module}`` or ``{state_dict}``.
    read_checkpoint=imported_on_call("vocoders.waveglow.checkpoint:read_checkpoint"),
)
