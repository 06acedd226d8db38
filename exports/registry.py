"""The table of networks: name → config, network, graphs, adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from torch import Tensor, nn

from acoustic.fastspeech2 import graphs as fastspeech2_graphs
from acoustic.fastspeech2.adapter import FastSpeech2Model
from acoustic.fastspeech2.config import FastSpeech2Config
from acoustic.fastspeech2.network import MAX_FRAMES, FastSpeech2
from acoustic.tacotron2 import graphs as tacotron2_graphs
from acoustic.tacotron2.adapter import Tacotron2Model
from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.network import Tacotron2
from core.errors import CheckpointError
from core.graphs import GraphSpec
from core.mel import MelSpec
from core.protocols import AcousticModel, Graph, Vocoder
from core.voice import Network
from vocoders.adapter import ConvVocoder
from vocoders.hifigan import graphs as hifigan_graphs
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.network import HifiGan
from vocoders.melgan import graphs as melgan_graphs
from vocoders.melgan.config import MelGanConfig
from vocoders.melgan.network import MIN_FRAMES, MelGan
from vocoders.waveglow import graphs as waveglow_graphs
from vocoders.waveglow.adapter import WaveGlowVocoder
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.network import WaveGlow
from vocoders.weight_norm import fold_weight_norm
from vocoders.windows import WindowPolicy

AcousticAdapter = Callable[[Mapping[str, Graph], MelSpec, Any], AcousticModel]
VocoderAdapter = Callable[[Mapping[str, Graph], MelSpec, Any, int, "CutPolicy"], Vocoder]


@dataclass(frozen=True, slots=True)
class CutPolicy:
    """How a device likes its windows; the halo comes from the network.

    Attributes:
        core: frames of an inner window without its halos.
        static: one shape for all windows of long utterances.
        max_batch_frames: frames that go through the network at once.
    """

    core: int = 256
    static: bool = False
    max_batch_frames: int = 512

    def window(self, halo: int) -> WindowPolicy:
        """The policy of a network with this halo."""
        return WindowPolicy(self.core + 2 * halo, self.static, self.max_batch_frames)


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """One network.

    Attributes:
        config: msgspec.Struct of its sizes.
        network: config → torch module.
        graphs: network → its graphs.
        acoustic: graphs, mel, config → acoustic model; None for a vocoder.
        vocoder: graphs, mel, config, halo, cut → vocoder; None for an acoustic model.
        halo: config → frames of context per side (vocoders).
    """

    config: type[msgspec.Struct]
    network: Callable[[Any], nn.Module]
    graphs: Callable[[Any], tuple[GraphSpec, ...]]
    acoustic: AcousticAdapter | None = None
    vocoder: VocoderAdapter | None = None
    halo: Callable[[Any], int] | None = None


def _fastspeech2(
    graphs: Mapping[str, Graph], mel: MelSpec, config: FastSpeech2Config
) -> AcousticModel:
    framewise = "frame" in (config.pitch_level, config.energy_level)
    return FastSpeech2Model(graphs, mel, max_frames=MAX_FRAMES, frame_controls=framewise)


def _tacotron2(graphs: Mapping[str, Graph], mel: MelSpec, config: Tacotron2Config) -> AcousticModel:
    return Tacotron2Model(graphs, mel, config=config)


def _hifigan(
    graphs: Mapping[str, Graph], mel: MelSpec, config: HifiGanConfig, halo: int, cut: CutPolicy
) -> Vocoder:
    return ConvVocoder(graphs, mel, halo=halo, policy=cut.window(halo))


def _melgan(
    graphs: Mapping[str, Graph], mel: MelSpec, config: MelGanConfig, halo: int, cut: CutPolicy
) -> Vocoder:
    return ConvVocoder(graphs, mel, halo=halo, policy=cut.window(halo), min_frames=MIN_FRAMES)


def _waveglow(
    graphs: Mapping[str, Graph], mel: MelSpec, config: WaveGlowConfig, halo: int, cut: CutPolicy
) -> Vocoder:
    return WaveGlowVocoder(graphs, mel, config=config, halo=halo, policy=cut.window(halo))


NETWORKS: Mapping[Network, NetworkKind] = {
    "fastspeech2": NetworkKind(
        FastSpeech2Config, FastSpeech2, fastspeech2_graphs.graphs, acoustic=_fastspeech2
    ),
    "tacotron2": NetworkKind(
        Tacotron2Config, Tacotron2, tacotron2_graphs.graphs, acoustic=_tacotron2
    ),
    "hifigan": NetworkKind(
        HifiGanConfig,
        HifiGan,
        hifigan_graphs.graphs,
        vocoder=_hifigan,
        halo=hifigan_graphs.halo_frames,
    ),
    "melgan": NetworkKind(
        MelGanConfig,
        MelGan,
        melgan_graphs.graphs,
        vocoder=_melgan,
        halo=melgan_graphs.halo_frames,
    ),
    "waveglow": NetworkKind(
        WaveGlowConfig,
        WaveGlow,
        waveglow_graphs.graphs,
        vocoder=_waveglow,
        halo=waveglow_graphs.halo_frames,
    ),
}


def kind_of(network: Network) -> NetworkKind:
    """The row of the table.

    Raises:
        CheckpointError: no such network.
    """
    if network not in NETWORKS:
        raise CheckpointError(f"unknown network {network!r}, known: {', '.join(NETWORKS)}")
    return NETWORKS[network]


def read_config(network: Network, fields: Mapping[str, Any]) -> Any:
    """The network's config.

    Raises:
        CheckpointError: unknown or ill-typed fields.
    """
    try:
        return msgspec.convert(dict(fields), kind_of(network).config)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"config of {network}: {error}") from error


def build_network(
    network: Network, fields: Mapping[str, Any], state_dict: Mapping[str, Tensor]
) -> nn.Module:
    """The network with its weights, in eval mode, weight norm folded, loaded strictly.

    Raises:
        CheckpointError: config or weights do not fit.
    """
    module = kind_of(network).network(read_config(network, fields))
    try:
        module.load_state_dict(fold_weight_norm(state_dict), strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"weights of {network}: {error}") from error
    return module.eval().requires_grad_(False)


def network_graphs(network: Network, module: nn.Module) -> tuple[GraphSpec, ...]:
    """The network's graphs."""
    return kind_of(network).graphs(module)


def join_acoustic(
    network: Network, graphs: Mapping[str, Graph], mel: MelSpec, fields: Mapping[str, Any]
) -> AcousticModel:
    """The acoustic model over opened graphs.

    Raises:
        CheckpointError: the network is a vocoder, or the config does not fit.
    """
    adapter = kind_of(network).acoustic
    if adapter is None:
        raise CheckpointError(f"{network} is not an acoustic model")
    return adapter(graphs, mel, read_config(network, fields))


def join_vocoder(
    network: Network,
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    fields: Mapping[str, Any],
    cut: CutPolicy,
) -> Vocoder:
    """The vocoder over opened graphs.

    Raises:
        CheckpointError: the network is an acoustic model, or the config does not fit.
    """
    kind = kind_of(network)
    if kind.vocoder is None or kind.halo is None:
        raise CheckpointError(f"{network} is not a vocoder")
    config = read_config(network, fields)
    return kind.vocoder(graphs, mel, config, kind.halo(config), cut)
