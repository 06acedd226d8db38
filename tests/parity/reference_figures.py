"""Reference figures: what the public implementations compute.

``load(name)`` gives state dict, inputs and outputs of one figure; weights of a seeded figure are
regenerated from their key names. Small figures of every network lie beside this file (``SMALL``),
so every clone can compare; those at full size are read from a shared folder where there is one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

SHARED = Path(__file__).resolve().parents[3] / "shared" / "parity"
SMALL = Path(__file__).resolve().parent / "figures"

NOISE = {
    "hifigan": 1.3e-5,
    "melgan_neurips": 1.1e-5,
    "melgan_sw": 7e-6,
    "tacotron2": 1.1e-5,
    "fastspeech2": 5.5e-6,
}
"""max |float32 - float64| of the reference itself, by figure family (the figures' README)."""


def tolerance(name: str) -> float:
    """Largest |Δ| allowed in float32: 1e-5, or twice the reference's own rounding error.

    Both sides are float32 evaluations, each within its rounding error of the exact value; where
    that error alone exceeds 5e-6, nothing below twice of it can be promised.
    """
    noise = next(value for family, value in NOISE.items() if name.startswith(family))
    return max(1e-5, 2 * noise)


@dataclass(frozen=True, slots=True)
class Figure:
    """One reference computation.

    Attributes:
        meta: the JSON: ``config``, ``notes``, ``seeded_init``.
        state_dict: as the reference stores it (weight norm not folded).
        inputs: tensors by name, without the prefix ``in.``.
        outputs: tensors by name, without the prefix ``out.``.
    """

    meta: dict[str, Any]
    state_dict: dict[str, Tensor]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def folder_of(name: str) -> Path:
    """Where a figure lies; skips the test where it is in neither folder."""
    for folder in (SMALL, SHARED):
        if (folder / f"{name}.safetensors").is_file():
            return folder
    pytest.skip(f"figure {name} is not beside this checkout")


def load(name: str, shapes: dict[str, tuple[int, ...]] | None = None) -> Figure:
    """Reads a figure.

    Args:
        name: of the files, without suffix.
        shapes: per key of a seeded figure the shape of its weight; None: those of
            ``keys/<name>.json``'s network, see ``key_shapes``.
    """
    return load_from(folder_of(name), name, shapes)


def load_from(folder: Path, name: str, shapes: dict[str, tuple[int, ...]] | None = None) -> Figure:
    """Reads the figure of one folder; arguments are those of ``load``."""
    meta = json.loads((folder / f"{name}.json").read_text("utf-8"))
    tensors = load_file(folder / f"{name}.safetensors")
    state_dict = _strip(tensors, "sd.")
    if "seeded_init" in meta:
        specs = meta["seeded_init"]
        shapes = {k: tuple(spec["shape"]) for k, spec in specs.items() if "shape" in spec} or (
            shapes or key_shapes(name)
        )
        state_dict |= _seeded(specs, shapes, set(state_dict))
    return Figure(meta, state_dict, _strip(tensors, "in."), _strip(tensors, "out."))


def key_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the public state dict of a figure at reference size."""
    stem = name.removesuffix("_seeded").removesuffix("_full")
    path = SHARED / "keys" / f"{stem}_full.json"
    if not path.is_file():
        pytest.skip(f"key shapes of {name} are not beside this checkout")
    keys = json.loads(path.read_text("utf-8"))["keys"]
    return {key: tuple(entry["shape"]) for key, entry in keys.items()}


def seeded_array(key: str, shape: tuple[int, ...], spec: dict[str, Any]) -> NDArray[Any]:
    """Weights from a key's name: numpy's frozen legacy stream, seeded by the CRC-32 of the key.

    The figures were computed with exactly these; see seeded_init.py beside them.
    """
    if spec["dist"] == "const":
        return np.full(shape, spec["value"], dtype=np.dtype(spec.get("dtype", "float32")))
    size = int(np.prod(shape))
    if spec["dist"] == "normal":
        values = standard_draws(key, size) * spec["std"] + spec["mean"]
    else:
        uniform = np.random.RandomState(zlib.crc32(key.encode())).random_sample(size)
        values = uniform * (spec["high"] - spec["low"]) + spec["low"]
    values = values.reshape(shape)
    if "center_axes" in spec:
        values = values - values.mean(axis=tuple(spec["center_axes"]), keepdims=True)
    figure: NDArray[np.float32] = values.astype(np.float32)
    figure[spec.get("zero_rows", [])] = 0.0
    return figure


def standard_draws(key: str, size: int) -> NDArray[np.float64]:
    """Returns the standard normal draws of a key, (size,)."""
    return np.random.RandomState(zlib.crc32(key.encode())).standard_normal(size)


def max_delta(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference; shapes must be equal."""
    assert ours.shape == theirs.shape, f"{tuple(ours.shape)} ≠ {tuple(theirs.shape)}"
    return float((ours.double() - theirs.double()).abs().max()) if theirs.numel() else 0.0


def _strip(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _seeded(
    specs: dict[str, Any], shapes: dict[str, tuple[int, ...]], stored: Iterable[str]
) -> dict[str, Tensor]:
    missing = [k for k in specs if k not in stored and specs[k]["dist"] != "kept"]
    return {k: torch.from_numpy(seeded_array(k, shapes[k], specs[k])) for k in missing}
