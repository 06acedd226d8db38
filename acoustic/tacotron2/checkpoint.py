"""Public checkpoints of Tacotron 2: sizes read off their weights, mel of their recipe.

Source of keys and recipe: NVIDIA/tacotron2@185cd24.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from torch import Tensor

from core.checkpoint import CheckpointLayout, count_layers, weight_shape
from core.mel import TACOTRON2_MEL


def read_checkpoint(state: dict[str, Tensor], config_path: Path | None) -> CheckpointLayout:
    """Returns the layout of a checkpoint of NVIDIA/tacotron2; no file of settings is read."""
    n_symbols, embedding = weight_shape(state, "embedding.weight")
    location = "decoder.attention_layer.location_layer.location_conv.conv.weight"
    last = count_layers(state, "postnet.convolutions.{}.0.conv.weight") - 1
    n_mels, _, postnet_kernel = weight_shape(state, f"postnet.convolutions.{last}.0.conv.weight")
    frames, _ = weight_shape(state, "decoder.linear_projection.linear_layer.weight")
    config = {
        "n_symbols": n_symbols,
        "n_mels": n_mels,
        "embedding_dim": embedding,
        "encoder_kernel": weight_shape(state, "encoder.convolutions.0.0.conv.weight")[2],
        "encoder_convolutions": count_layers(state, "encoder.convolutions.{}.0.conv.weight"),
        "n_frames_per_step": frames // n_mels,
        "attention_rnn_dim": weight_shape(state, "decoder.attention_rnn.weight_hh")[1],
        "decoder_rnn_dim": weight_shape(state, "decoder.decoder_rnn.weight_hh")[1],
        "prenet_dim": weight_shape(state, "decoder.prenet.layers.0.linear_layer.weight")[0],
        "attention_dim": weight_shape(state, "decoder.attention_layer.v.linear_layer.weight")[1],
        "location_filters": weight_shape(state, location)[0],
        "location_kernel": weight_shape(state, location)[2],
        "postnet_channels": weight_shape(state, "postnet.convolutions.0.0.conv.weight")[0],
        "postnet_kernel": postnet_kernel,
        "postnet_convolutions": last + 1,
    }
    mel = msgspec.structs.replace(TACOTRON2_MEL, n_mels=n_mels)
    return CheckpointLayout(config, mel, state, symbols="characters")
