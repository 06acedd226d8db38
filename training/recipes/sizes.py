"""Sizes that the recipes train, by network and name; the first of a network is its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.tacotron2.config import Tacotron2Config
from core.voice import Network
from text.g2p.symbols import symbol_table
from training.aligner.network import AlignerConfig
from training.data.corpus import Entry, Prepared, is_held_out, require_durations
from vocoders.hifigan.config import V1, V3
from vocoders.melgan.config import MelGanConfig
from vocoders.waveglow.config import WaveGlowConfig

Trained = Network | Literal["aligner"]
"""What has a recipe: every network of the catalogue, and the aligner."""
Size = Callable[[Prepared, str], msgspec.Struct]
"""Corpus and name of its symbol table → config."""


def stats_of(entries: list[Entry], feature: str) -> FeatureStats:
    """Mean and std over voiced symbols, range after scaling; the tails (0.1 %) are clipped."""
    values = np.concatenate([getattr(e, feature) for e in entries])
    values = values[values > 0]
    mean, std = float(values.mean()), float(values.std())
    low, high = np.quantile((values - mean) / std, [0.001, 0.999])
    return FeatureStats(float(low), float(high), mean, std)


def reference_fastspeech2(prepared: Prepared, symbols: str) -> FastSpeech2Config:
    """The reference's sizes, with a postnet: 30 M parameters.

    Raises:
        ArtifactError: the corpus has no durations.
    """
    require_durations(prepared)
    entries = [e for e in prepared.entries if not is_held_out(e.id)]
    return FastSpeech2Config(
        n_symbols=symbol_table(symbols).size,
        n_mels=prepared.mel.n_mels,
        n_speakers=len(prepared.speakers),
        pitch=stats_of(entries, "pitch"),
        energy=stats_of(entries, "energy"),
    )


def cpu_fastspeech2(prepared: Prepared, symbols: str) -> FastSpeech2Config:
    """A LightSpeech-size network: 2.9 M parameters, no postnet."""
    return msgspec.structs.replace(
        reference_fastspeech2(prepared, symbols),
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


def reference_tacotron2(prepared: Prepared, symbols: str) -> Tacotron2Config:
    """The reference's sizes, two frames a step: it aligns on a few hours of speech."""
    return Tacotron2Config(
        n_symbols=symbol_table(symbols).size, n_mels=prepared.mel.n_mels, n_frames_per_step=2
    )


def small_tacotron2(prepared: Prepared, symbols: str) -> Tacotron2Config:
    """Half the reference's widths: below 8 M parameters, 16 MB in float16. Four frames a step: on a
    CPU a step of training takes as long as its longest utterance has steps. No dropout but the
    prenet's: in hours on a CPU it fits its own training set no better than what is held out. On the
    post-net's last convolution dropout of a half also halves what that learns to correct."""
    return msgspec.structs.replace(
        reference_tacotron2(prepared, symbols),
        n_frames_per_step=4,
        embedding_dim=256,
        attention_rnn_dim=512,
        decoder_rnn_dim=512,
        prenet_dim=128,
        postnet_channels=256,
        p_convolution_dropout=0.0,
        p_attention_dropout=0.0,
        p_decoder_dropout=0.0,
    )


def small_aligner(prepared: Prepared, symbols: str) -> AlignerConfig:
    """0.3 M parameters."""
    return AlignerConfig(n_symbols=symbol_table(symbols).size, n_mels=prepared.mel.n_mels)


def _same(config: msgspec.Struct) -> Size:
    return lambda prepared, symbols: config


# MelGAN reads natural-log mels scaled by (mel + 5) / 5 in seungwonpark's form.
_MELGAN = MelGanConfig(form="seungwonpark")
# For a CPU: the couplings' conditioning (n_mels · n_group inputs) is most of the work and of the
# parameters.
_SMALL_FLOW = WaveGlowConfig(n_flows=6, n_layers=6, n_channels=40, upsample_kernel=512)

SIZES: Mapping[Trained, Mapping[str, Size]] = {
    "fastspeech2": {"cpu": cpu_fastspeech2, "reference": reference_fastspeech2},
    "tacotron2": {"small": small_tacotron2, "reference": reference_tacotron2},
    "hifigan": {"light": _same(V3), "v1": _same(V1)},
    "melgan": {
        "reference": _same(_MELGAN),
        "light": _same(msgspec.structs.replace(_MELGAN, channels=256)),
    },
    "waveglow": {"small": _same(_SMALL_FLOW), "reference": _same(WaveGlowConfig())},
    "aligner": {"small": small_aligner},
}
