"""Public checkpoints of MelGAN: sizes read off their weights, mel of their recipe.

Source of keys and recipes: descriptinc/melgan-neurips@6488045, seungwonpark/melgan@aca5990.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from torch import Tensor

from core.checkpoint import CheckpointLayout, weight_shape
from core.mel import TACOTRON2_MEL, MelSpec

NEURIPS_MEL = MelSpec(f_max=11025.0, log_base="10", magnitude_epsilon=0.0)
"""descriptinc/melgan-neurips@6488045 mel2wav/modules.py Audio2Mel."""


def read_checkpoint(state: dict[str, Tensor], config_path: Path | None) -> CheckpointLayout:
    """Returns the layout of descriptinc's or seungwonpark's MelGAN, told apart by their keys."""
    form = "seungwonpark" if any(k.startswith("generator.") for k in state) else "descript"
    root = "generator" if form == "seungwonpark" else "model"
    channels, n_mels, _ = weight_shape(state, f"{root}.1.weight")
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
