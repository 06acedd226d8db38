"""Public checkpoints of acoustic models: sizes read off their weights, mel of their recipe.

Source of keys and recipes: ming024/FastSpeech2@d4e79eb, NVIDIA/tacotron2@185cd24.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from core.errors import CheckpointError
from core.mel import MelSpec
from exports.importers.safe_pickle import state_dict_of

TACOTRON2_MEL = MelSpec(magnitude_epsilon=0.0, padding="reflect-half")
"""NVIDIA/tacotron2@185cd24 layers.py, hparams.py; also FastSpeech 2's, WaveGlow's and
seungwonpark's MelGAN's."""


@dataclass(frozen=True, slots=True)
class CheckpointLayout:
    """What a public checkpoint turns out to be.

    Attributes:
        config: fields of the network's config.
        mel: what its mels mean.
        state_dict: under our keys.
        symbols: name of the symbol table (acoustic models).
        speakers: rows of the speaker table.
    """

    config: dict[str, Any]
    mel: MelSpec
    state_dict: dict[str, Tensor] = field(repr=False)
    symbols: str = ""
    speakers: int = 1


def count(state: dict[str, Tensor], pattern: str) -> int:
    """How many of ``pattern`` (with ``{}`` for the number) there are, from 0 on."""
    n = 0
    while pattern.format(n) in state:
        n += 1
    return n


def shape(state: dict[str, Tensor], key: str) -> tuple[int, ...]:
    """Shape of a weight.

    Raises:
        CheckpointError: it is not there, so the checkpoint is of another network.
    """
    if key not in state:
        known = ", ".join(list(state)[:4])
        raise CheckpointError(f"another network's checkpoint: no {key}, but {known} …")
    return tuple(state[key].shape)


def fastspeech2(checkpoint: Any, config_path: Path | None) -> CheckpointLayout:
    """ming024/FastSpeech2.

    Args:
        checkpoint: ``{model, optimizer}``.
        config_path: the ``stats.json`` of its preprocessed data. Without, the pitch and energy
            controls scale normalized values, as the reference's do.
    """
    state = state_dict_of(checkpoint, "model")
    block, predictor = "encoder.layer_stack.0.pos_ffn", "variance_adaptor.duration_predictor"
    n_symbols, hidden = shape(state, "encoder.src_word_emb.weight")
    filter_, _, wide = shape(state, f"{block}.w_1.weight")
    variance, _, kernel = shape(state, f"{predictor}.conv_layer.conv1d_1.conv.weight")
    n_mels, _ = shape(state, "mel_linear.weight")
    speakers = state["speaker_emb.weight"].shape[0] if "speaker_emb.weight" in state else 1
    stats = _stats(config_path)
    features = {f: _feature(state[f"variance_adaptor.{f}_bins"], stats.get(f)) for f in _FEATURES}
    config = {
        "n_symbols": n_symbols,
        "n_mels": n_mels,
        "n_speakers": speakers,
        "encoder_layers": count(state, "encoder.layer_stack.{}.pos_ffn.w_1.weight"),
        "encoder_hidden": hidden,
        "decoder_layers": count(state, "decoder.layer_stack.{}.pos_ffn.w_1.weight"),
        "decoder_hidden": shape(state, "mel_linear.weight")[1],
        "conv_filter": filter_,
        "conv_kernels": [wide, shape(state, f"{block}.w_2.weight")[2]],
        "variance_filter": variance,
        "variance_kernel": kernel,
        "n_bins": shape(state, "variance_adaptor.pitch_embedding.weight")[0],
        "pitch": features["pitch"][0],
        "energy": features["energy"][0],
        "pitch_bins": features["pitch"][1],
        "energy_bins": features["energy"][1],
        "postnet_layers": count(state, "postnet.convolutions.{}.0.conv.weight"),
        "postnet_channels": shape(state, "postnet.convolutions.0.0.conv.weight")[0],
    }
    mel = msgspec.structs.replace(TACOTRON2_MEL, n_mels=n_mels)
    return CheckpointLayout(config, mel, state, symbols="arpabet", speakers=speakers)


_FEATURES = ("pitch", "energy")


def _stats(path: Path | None) -> dict[str, list[float]]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        return {f: [float(v) for v in found[f]] for f in _FEATURES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is no stats.json of FastSpeech 2: {error}") from error


def _feature(edges: Tensor, stats: list[float] | None) -> tuple[dict[str, float], str]:
    """Range, scale and spacing of a feature, from the edges of its bins."""
    gaps = edges.double().diff()
    even = bool(torch.allclose(gaps, gaps.mean().expand_as(gaps), rtol=1e-2))
    low, high = float(edges[0]), float(edges[-1])
    mean, std = (stats[2], stats[3]) if stats else (0.0, 1.0)
    return {"minimum": low, "maximum": high, "mean": mean, "std": std}, "linear" if even else "log"


def tacotron2(checkpoint: Any, config_path: Path | None) -> CheckpointLayout:
    """NVIDIA/tacotron2: ``{iteration, state_dict, optimizer, learning_rate}``."""
    state = state_dict_of(checkpoint, "state_dict")
    n_symbols, embedding = shape(state, "embedding.weight")
    location = "decoder.attention_layer.location_layer.location_conv.conv.weight"
    last = count(state, "postnet.convolutions.{}.0.conv.weight") - 1
    n_mels, _, postnet_kernel = shape(state, f"postnet.convolutions.{last}.0.conv.weight")
    frames, _ = shape(state, "decoder.linear_projection.linear_layer.weight")
    config = {
        "n_symbols": n_symbols,
        "n_mels": n_mels,
        "embedding_dim": embedding,
        "encoder_kernel": shape(state, "encoder.convolutions.0.0.conv.weight")[2],
        "encoder_convolutions": count(state, "encoder.convolutions.{}.0.conv.weight"),
        "n_frames_per_step": frames // n_mels,
        "attention_rnn_dim": shape(state, "decoder.attention_rnn.weight_hh")[1],
        "decoder_rnn_dim": shape(state, "decoder.decoder_rnn.weight_hh")[1],
        "prenet_dim": shape(state, "decoder.prenet.layers.0.linear_layer.weight")[0],
        "attention_dim": shape(state, "decoder.attention_layer.v.linear_layer.weight")[1],
        "location_filters": shape(state, location)[0],
        "location_kernel": shape(state, location)[2],
        "postnet_channels": shape(state, "postnet.convolutions.0.0.conv.weight")[0],
        "postnet_kernel": postnet_kernel,
        "postnet_convolutions": last + 1,
    }
    mel = msgspec.structs.replace(TACOTRON2_MEL, n_mels=n_mels)
    return CheckpointLayout(config, mel, state, symbols="characters")
