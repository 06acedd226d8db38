"""Public checkpoints of vocoders: sizes read off their weights, mel of their recipe.

Source of keys and recipes: jik876/hifi-gan@4769534, descriptinc/melgan-neurips@6488045,
seungwonpark/melgan@aca5990, NVIDIA/waveglow@8afb643; HiFi-GAN under the keys of NVIDIA
DeepLearningExamples, coqui-ai/TTS and kan-bayashi/ParallelWaveGAN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from core.errors import CheckpointError
from core.mel import MelSpec
from exports.importers.acoustic_layouts import TACOTRON2_MEL, CheckpointLayout, count, shape
from exports.importers.safe_pickle import state_dict_of
from vocoders.hifigan.config import V1, V2, V3, HifiGanConfig
from vocoders.hifigan.network import HifiGan
from vocoders.weight_norm import fold_weight_norm

NEURIPS_MEL = MelSpec(f_max=11025.0, log_base="10", magnitude_epsilon=0.0)
"""descriptinc/melgan-neurips@6488045 mel2wav/modules.py Audio2Mel."""
_PARALLEL_WAVEGAN = (
    (r"^input_conv\.", "conv_pre."),
    (r"^upsamples\.(\d+)\.1\.", r"ups.\1."),
    (r"^blocks\.(\d+)\.(convs[12]?)\.(\d+)\.1\.", r"resblocks.\1.\2.\3."),
    (r"^output_conv\.1\.", "conv_post."),
)


def hifigan(checkpoint: Any, config_path: Path | None) -> CheckpointLayout:
    """jik876/hifi-gan, or its generator under other projects' keys.

    Args:
        checkpoint: ``{generator}``, ``{model: {generator}}``, ``{model}`` or the bare state dict.
        config_path: its ``config.json``. Without, the weights must fit V1, V2 or V3, which are of
            the house's mel.

    Raises:
        CheckpointError: without config.json, of other sizes, or of ParallelWaveGAN, which trains
            on mels of other statistics.
    """
    state = fold_weight_norm(state_dict_of(checkpoint, "generator", "model"))
    foreign = "input_conv.weight" in state
    for pattern, ours in _PARALLEL_WAVEGAN if foreign else ():
        state = {re.sub(pattern, ours, key): value for key, value in state.items()}
    state = _flat_blocks(state)
    if config_path is not None:
        config, mel = _jik876_config(config_path)
        return CheckpointLayout(config, mel, state)
    if foreign:
        raise CheckpointError(
            "ParallelWaveGAN normalizes its mels by statistics of its corpus, which the checkpoint "
            "does not hold: give a config.json, and a MelSpec"
        )
    return CheckpointLayout(_known_size(state), MelSpec(), state)


def _flat_blocks(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """DeepLearningExamples' ``resblocks.stage.j`` as ``resblocks.(stage · n + j)``."""
    nested = re.compile(r"^resblocks\.(\d+)\.(\d+)\.(.+)$")
    found = [m for m in map(nested.match, state) if m]
    n = 1 + max((int(m[2]) for m in found), default=0)
    return {
        f"resblocks.{int(m[1]) * n + int(m[2])}.{m[3]}" if (m := nested.match(key)) else key: value
        for key, value in state.items()
    }


def _known_size(state: dict[str, Tensor]) -> dict[str, Any]:
    shapes = {key: value.shape for key, value in state.items()}
    for config in (V1, V2, V3):
        with torch.device("meta"):
            theirs = HifiGan(config).state_dict()
        if {key: value.shape for key, value in theirs.items()} == shapes:
            fields: dict[str, Any] = msgspec.to_builtins(config)
            return fields
    raise CheckpointError("neither V1, V2 nor V3 of HiFi-GAN: its config.json is needed")


def _jik876_config(path: Path) -> tuple[dict[str, Any], MelSpec]:
    try:
        found = json.loads(path.read_text("utf-8"))
        config = HifiGanConfig(
            n_mels=found["num_mels"],
            resblock=found["resblock"],
            upsample_rates=tuple(found["upsample_rates"]),
            upsample_kernels=tuple(found["upsample_kernel_sizes"]),
            upsample_channels=found["upsample_initial_channel"],
            resblock_kernels=tuple(found["resblock_kernel_sizes"]),
            resblock_dilations=tuple(map(tuple, found["resblock_dilation_sizes"])),
        )
        rate = found["sampling_rate"]
        mel = MelSpec(
            sample_rate=rate,
            n_fft=found["n_fft"],
            hop_length=found["hop_size"],
            win_length=found["win_size"],
            n_mels=found["num_mels"],
            f_min=float(found["fmin"]),
            f_max=rate / 2 if found["fmax"] is None else float(found["fmax"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is no config.json of HiFi-GAN: {error!r}") from error
    if config.hop_length != mel.hop_length:
        raise CheckpointError(
            f"{path}: upsampling by {config.hop_length} for frames of {mel.hop_length} samples"
        )
    return msgspec.to_builtins(config), mel


def melgan(checkpoint: Any, config_path: Path | None) -> CheckpointLayout:
    """descriptinc/melgan-neurips (bare state dict) or seungwonpark/melgan (``{model_g, …}``)."""
    state = fold_weight_norm(state_dict_of(checkpoint, "model_g"))
    form = "seungwonpark" if any(k.startswith("generator.") for k in state) else "descript"
    root = "generator" if form == "seungwonpark" else "model"
    channels, n_mels, _ = shape(state, f"{root}.1.weight")
    # Only convolutions of the outer sequence have a number and then ``weight``: the first one,
    # the upsamplings (kernel = 2 · rate), the last one.
    plain = sorted(int(m[1]) for m in (re.match(rf"{root}\.(\d+)\.weight$", k) for k in state) if m)
    rates = [state[f"{root}.{n}.weight"].shape[2] // 2 for n in plain[1:-1]]
    shortcuts = sum(".shortcut" in key and key.endswith(".weight") for key in state)
    config = {
        "form": form,
        "n_mels": n_mels,
        "channels": channels,
        "upsample_rates": rates,
        "residual_layers": shortcuts // max(1, len(rates)),
    }
    recipe = TACOTRON2_MEL if form == "seungwonpark" else NEURIPS_MEL
    return CheckpointLayout(config, msgspec.structs.replace(recipe, n_mels=n_mels), state)


def waveglow(checkpoint: Any, config_path: Path | None) -> CheckpointLayout:
    """NVIDIA/waveglow: ``{model: pickled module}`` or ``{state_dict}``, old layers or new."""
    state = joined_layers(fold_weight_norm(state_dict_of(checkpoint, "model", "state_dict")))
    n_mels, _, kernel = shape(state, "upsample.weight")
    n_flows = count(state, "convinv.{}.conv.weight")
    channels = [shape(state, f"convinv.{k}.conv.weight")[0] for k in range(n_flows)]
    drops = [k for k in range(1, n_flows) if channels[k] < channels[k - 1]]
    _, width, layer_kernel = shape(state, "WN.0.in_layers.0.weight")
    config = {
        "n_mels": n_mels,
        "n_flows": n_flows,
        "n_group": channels[0],
        "n_early_every": drops[0] if drops else n_flows,
        "n_early_size": channels[drops[0] - 1] - channels[drops[0]] if drops else 0,
        "n_layers": count(state, "WN.0.in_layers.{}.weight"),
        "n_channels": width,
        "kernel_size": layer_kernel,
        "upsample_kernel": kernel,
    }
    return CheckpointLayout(config, msgspec.structs.replace(TACOTRON2_MEL, n_mels=n_mels), state)


def joined_layers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """WaveGlow's old layers (weight norm folded) under the present keys.

    ``res_layers.i`` and ``skip_layers.i`` become ``res_skip_layers.i`` (the last has no residual),
    ``cond_layers.*`` one ``cond_layer``. Source: NVIDIA/waveglow@8afb643 convert_model.py.
    """
    new = {k: v for k, v in state.items() if not re.search(r"\.(res|skip|cond)_layers\.", k)}
    flows = sorted({k.split(".skip_layers.")[0] for k in state if ".skip_layers." in k})
    for wn in flows:
        layers = count(dict(state), wn + ".skip_layers.{}.weight")
        for part in ("weight", "bias"):
            for i in range(layers):
                both = [state[f"{wn}.skip_layers.{i}.{part}"]]
                if f"{wn}.res_layers.{i}.{part}" in state:
                    both.insert(0, state[f"{wn}.res_layers.{i}.{part}"])
                new[f"{wn}.res_skip_layers.{i}.{part}"] = torch.cat(both)
            conditions = [state[f"{wn}.cond_layers.{i}.{part}"] for i in range(layers)]
            new[f"{wn}.cond_layer.{part}"] = torch.cat(conditions)
    return new
