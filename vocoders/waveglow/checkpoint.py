"""Public checkpoints of WaveGlow: sizes read off their weights, mel of their recipe.

Source of keys and recipe: NVIDIA/waveglow@8afb643.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from core.checkpoint import CheckpointLayout, count_layers, weight_shape
from core.mel import TACOTRON2_MEL


def read_checkpoint(state: dict[str, Tensor], config_path: Path | None) -> CheckpointLayout:
    """Returns the layout of NVIDIA/waveglow, with its old layers or the new ones."""
    state = join_layers(state)
    n_mels, _, kernel = weight_shape(state, "upsample.weight")
    n_flows = count_layers(state, "convinv.{}.conv.weight")
    channels = [weight_shape(state, f"convinv.{k}.conv.weight")[0] for k in range(n_flows)]
    drops = [k for k in range(1, n_flows) if channels[k] < channels[k - 1]]
    _, width, layer_kernel = weight_shape(state, "WN.0.in_layers.0.weight")
    config = {
        "n_mels": n_mels,
        "n_flows": n_flows,
        "n_group": channels[0],
        "n_early_every": drops[0] if drops else n_flows,
        "n_early_size": channels[drops[0] - 1] - channels[drops[0]] if drops else 0,
        "n_layers": count_layers(state, "WN.0.in_layers.{}.weight"),
        "n_channels": width,
        "kernel_size": layer_kernel,
        "upsample_kernel": kernel,
    }
    return CheckpointLayout(config, msgspec.structs.replace(TACOTRON2_MEL, n_mels=n_mels), state)


def join_layers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """WaveGlow's old layers (weight norm folded) under the present keys.

    ``res_layers.i`` and ``skip_layers.i`` become ``res_skip_layers.i`` (the last has no residual),
    ``cond_layers.*`` one ``cond_layer``. Source: NVIDIA/waveglow@8afb643 convert_model.py.
    """
    new = {k: v for k, v in state.items() if not re.search(r"\.(res|skip|cond)_layers\.", k)}
    flows = sorted({k.split(".skip_layers.")[0] for k in state if ".skip_layers." in k})
    for wn in flows:
        layers = count_layers(state, wn + ".skip_layers.{}.weight")
        for part in ("weight", "bias"):
            for i in range(layers):
                both = [state[f"{wn}.skip_layers.{i}.{part}"]]
                if f"{wn}.res_layers.{i}.{part}" in state:
                    both.insert(0, state[f"{wn}.res_layers.{i}.{part}"])
                new[f"{wn}.res_skip_layers.{i}.{part}"] = torch.cat(both)
            conditions = [state[f"{wn}.cond_layers.{i}.{part}"] for i in range(layers)]
            new[f"{wn}.cond_layer.{part}"] = torch.cat(conditions)
    return new
