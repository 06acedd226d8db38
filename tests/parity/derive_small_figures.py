"""Derives the figures of every clone from the reference figures beside this checkout.

The reference figures hold weights, inputs, and what the public implementations computed from them.
The weights came from a seeded generator (``reference_figures.seeded_array``), whose parameters the
full-size figures state. This finds those of the smaller ones, regenerates every weight, and leaves
out what comes back bit for bit. Inputs and outputs are copied as they are; nothing here runs a
network of ours.

    python -m tests.parity.derive_small_figures
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from tests.parity.reference_figures import SHARED, SMALL, key_shapes, seeded_array, standard_draws

NAMES = (
    "fastspeech2_tiny",
    "fastspeech2_tiny_framelevel_log",
    "hifigan_discriminators_seeded",
    "hifigan_v1_ch64",
    "hifigan_v3_full",
    "melgan_neurips_disc_seeded",
    "melgan_neurips_ngf8",
    "melgan_sw_div4",
    "tacotron2_medium_80mel",
    "waveglow_small",
)
DIGITS = 6
"""Significant digits in which the generator's parameters were written."""


def derive(name: str) -> None:
    """Writes one small figure."""
    meta = json.loads((SHARED / f"{name}.json").read_text("utf-8"))
    tensors = load_file(SHARED / f"{name}.safetensors")
    specs: dict[str, Any] = meta.pop("seeded_init", {})
    shapes = key_shapes(name) if specs else {}
    seeded = {key: spec | {"shape": shapes[key]} for key, spec in specs.items() if key in shapes}
    for key in [k for k in tensors if k.startswith("sd.")]:
        weight = tensors[key].numpy()
        spec = spec_of(key.removeprefix("sd."), weight)
        if spec is not None:
            seeded[key.removeprefix("sd.")] = spec
            del tensors[key]
    meta["seeded_init"] = seeded
    text = json.dumps(meta, separators=(",", ":"), ensure_ascii=False)
    (SMALL / f"{name}.json").write_text(text + "\n", "utf-8")
    save_file(tensors, SMALL / f"{name}.safetensors")
    kept = sum(t.nbytes for k, t in tensors.items() if k.startswith("sd."))
    print(f"{name}: {len(seeded)} weights regenerated, {kept} bytes kept")  # noqa: T201


def spec_of(key: str, weight: NDArray[Any]) -> dict[str, Any] | None:
    """Returns the parameters that regenerate a weight exactly, or None."""
    for spec in candidates(key, weight):
        own = seeded_array(key, weight.shape, spec)
        if own.dtype == weight.dtype and np.array_equal(own, weight):
            return spec | {"shape": list(weight.shape)}
    return None


def candidates(key: str, weight: NDArray[Any]) -> Iterator[dict[str, Any]]:
    """Yields parameters that may have made a weight, the simplest first."""
    if weight.size and (weight == weight.flat[0]).all():
        spec = {"dist": "const", "value": weight.flat[0].item()}
        yield spec if weight.dtype == np.float32 else spec | {"dtype": str(weight.dtype)}
    if weight.dtype != np.float32:
        return
    yield {"dist": "uniform", "low": 0.5, "high": 1.5}
    for mean, std in ((0.0, 1.0), (0.0, 0.05), (0.0, 0.5), (1.0, 0.1), (0.0, 0.1), (-4.0, 0.5)):
        yield {"dist": "normal", "mean": mean, "std": std}
    axes = tuple(range(weight.ndim))
    for centred in (axes[1:], axes[:1]):
        if weight.ndim > 1:
            yield {"dist": "normal", "mean": 0.0, "std": 1.0, "center_axes": list(centred)}
    if weight.size > 1:
        draws = standard_draws(key, weight.size)
        flat = weight.astype(np.float64).ravel()
        zero_rows = {"zero_rows": [0]} if weight.ndim > 1 and not weight[0].any() else {}
        valid = flat != 0 if zero_rows else np.ones(len(flat), bool)
        std, mean = np.polyfit(draws[valid], flat[valid], 1)
        for centre in (0.0, 1.0, rounded(float(mean))):
            yield {"dist": "normal", "mean": centre, "std": rounded(float(std))} | zero_rows


def rounded(value: float) -> float:
    """Returns a parameter as it was written.

    >>> rounded(0.10194400012)
    0.101944
    """
    return float(f"{value:.{DIGITS}g}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in NAMES:
        derive(each)
