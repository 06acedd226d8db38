"""FastSpeech 2 as the registry knows it: its parts, its sizes, what requests may control."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from acoustic.fastspeech2.adapter import FastSpeech2Model
from acoustic.fastspeech2.config import MAX_FRAMES, FastSpeech2Config, FeatureStats
from core.mel import MelSpec
from core.networks import AcousticSpec, CorpusFacts, imported_on_call
from core.protocols import AcousticModel, Graph


def reference_size(corpus: CorpusFacts) -> FastSpeech2Config:
    """Returns the reference's sizes, with a postnet: 30 M parameters.

    Raises:
        ArtifactError: the corpus has no durations.
    """
    return FastSpeech2Config(
        n_symbols=corpus.n_symbols,
        n_mels=corpus.mel.n_mels,
        n_speakers=corpus.n_speakers,
        pitch=FeatureStats.measure(corpus.feature_values("pitch")),
        energy=FeatureStats.measure(corpus.feature_values("energy")),
    )


def cpu_size(corpus: CorpusFacts) -> FastSpeech2Config:
    """Returns a LightSpeech-size network: 2.9 M parameters, no postnet.

    Raises:
        ArtifactError: the corpus has no durations.
    """
    return msgspec.structs.replace(
        reference_size(corpus),
        encoder_layers=4,
        decoder_layers=4,
        encoder_hidden=192,
        decoder_hidden=192,
        conv_filter=384,
        separable=True,
        dropout=0.1,
        variance_filter=192,
        variance_dropout=0.3,
        postnet_layers=0,
    )


def _adapter(
    graphs: Mapping[str, Graph], mel: MelSpec, config: FastSpeech2Config, exact: bool
) -> AcousticModel:
    framewise = "frame" in (config.pitch_level, config.energy_level)
    return FastSpeech2Model(
        graphs,
        mel,
        max_frames=MAX_FRAMES,
        frame_controls=framewise,
        noise_channels=config.refiner.noise if config.refiner.layers else 0,
        moves_harmonics=config.refiner.layers > 0 and config.refiner.harmonics > 0,
        exact=exact,
    )


SPEC = AcousticSpec(
    name="fastspeech2",
    config=FastSpeech2Config,
    network=imported_on_call("acoustic.fastspeech2.network:FastSpeech2"),
    graphs=imported_on_call("acoustic.fastspeech2.graphs:graphs"),
    adapter=_adapter,
    controls=("pitch", "energy"),
    seeded=lambda config: config.refiner.layers > 0,  # which turns noise into texture
    sizes={"cpu": cpu_size, "reference": reference_size},
    checkpoint_keys=("model",),  # ``{model, optimizer}``.
    read_checkpoint=imported_on_call("acoustic.fastspeech2.checkpoint:read_checkpoint"),
)
