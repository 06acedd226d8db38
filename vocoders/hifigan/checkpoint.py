"""Public checkpoints of HiFi-GAN: sizes by config.json or by shapes, mel of their recipe.

Source of keys and recipe: jik876/hifi-gan@4769534; the same generator under the keys of NVIDIA
DeepLearningExamples, coqui-ai/TTS and kan-bayashi/ParallelWaveGAN.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from core.checkpoint import CheckpointLayout
from core.errors import CheckpointError
from core.mel import MelSpec
from vocoders.hifigan.config import V1, V2, V3, HifiGanConfig
from vocoders.hifigan.network import HifiGan

_PARALLEL_WAVEGAN = (
    (r"^input_conv\.", "conv_pre."),
    (r"^upsamples\.(\d+)\.1\.", r"ups.\1."),
    (r"^blocks\.(\d+)\.(convs[12]?)\.(\d+)\.1\.", r"resblocks.\1.\2.\3."),
    (r"^output_conv\.1\.", "conv_post."),
)


def read_checkpoint(state: dict[str, Tensor], config_path: Path | None) -> CheckpointLayout:
    """Returns the layout of jik876/hifi-gan's generator, or of one under other projects' keys.

    Args:
        state: of the generator, weight norm folded.
        config_path: its ``config.json``. Without, the weights must fit V1, V2 or V3, which are of
            the house's mel.

    Raises:
        CheckpointError: without config.json, of other sizes, or of ParallelWaveGAN, which trains
            on mels of other statistics.
    """
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
