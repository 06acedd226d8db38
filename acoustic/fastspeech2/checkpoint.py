"""Public checkpoints of FastSpeech 2: sizes read off their weights, mel of their recipe.

Source of keys and recipe: ming024/FastSpeech2@d4e79eb.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from core.checkpoint import CheckpointLayout, count_layers, weight_shape
from core.errors import CheckpointError
from core.mel import TACOTRON2_MEL


def read_checkpoint(state: dict[str, Tensor], config_path: Path | None) -> CheckpointLayout:
    """Returns the layout of a checkpoint of ming024/FastSpeech2.

    Args:
        state: its ``{model}``.
        config_path: the ``stats.json`` of its preprocessed data. Without, the pitch and energy
            controls scale normalized values, as the reference's do.
    """
    block, predictor = "encoder.layer_stack.0.pos_ffn", "variance_adaptor.duration_predictor"
    n_symbols, hidden = weight_shape(state, "encoder.src_word_emb.weight")
    filter_, _, wide = weight_shape(state, f"{block}.w_1.weight")
    variance, _, kernel = weight_shape(state, f"{predictor}.conv_layer.conv1d_1.conv.weight")
    n_mels, _ = weight_shape(state, "mel_linear.weight")
    speakers = state["speaker_emb.weight"].shape[0] if "speaker_emb.weight" in state else 1
    stats = _stats(config_path)
    features = {f: _feature(state[f"variance_adaptor.{f}_bins"], stats.get(f)) for f in _FEATURES}
    config = {
        "n_symbols": n_symbols,
        "n_mels": n_mels,
        "n_speakers": speakers,
        "encoder_layers": count_layers(state, "encoder.layer_stack.{}.pos_ffn.w_1.weight"),
        "encoder_hidden": hidden,
        "decoder_layers": count_layers(state, "decoder.layer_stack.{}.pos_ffn.w_1.weight"),
        "decoder_hidden": weight_shape(state, "mel_linear.weight")[1],
        "conv_filter": filter_,
        "conv_kernels": [wide, weight_shape(state, f"{block}.w_2.weight")[2]],
        "variance_filter": variance,
        "variance_kernel": kernel,
        "n_bins": weight_shape(state, "variance_adaptor.pitch_embedding.weight")[0],
        "pitch": features["pitch"][0],
        "energy": features["energy"][0],
        "pitch_bins": features["pitch"][1],
        "energy_bins": features["energy"][1],
        "postnet_layers": count_layers(state, "postnet.convolutions.{}.0.conv.weight"),
        "postnet_channels": weight_shape(state, "postnet.convolutions.0.0.conv.weight")[0],
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
