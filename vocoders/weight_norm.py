"""Weight normalization at the edges: folded away in checkpoints, put on for training.

Source: Salimans & Kingma, arXiv 1602.07868 §2: w = g · v / ‖v‖, the norm over all but dim 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.utils import parametrizations

# (suffix of g, suffix of v): torch.nn.utils.weight_norm, and torch's parametrizations.
_LAYOUTS = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)


def fold_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with plain ``weight`` in place of every g and v pair.

    >>> import torch
    >>> g, v = torch.tensor([[10.0]]), torch.tensor([[3.0, 4.0]])
    >>> fold_weight_norm({"c.weight_g": g, "c.weight_v": v})["c.weight"].tolist()
    [[6.0, 8.0]]
    """
    folded = dict(state)
    for g_suffix, v_suffix in _LAYOUTS:
        for key in [k for k in folded if k.endswith(f".{v_suffix}")]:
            stem = key.removesuffix(v_suffix)
            if stem + g_suffix not in folded:  # spectral norm has a weight_v of its own
                continue
            v, g = folded.pop(key), folded.pop(stem + g_suffix)
            norm = v.double().flatten(1).norm(dim=1).view(-1, *[1] * (v.ndim - 1))
            folded[f"{stem}weight"] = (v.double() * (g.double() / norm)).to(v.dtype)
    return folded


def _convolutions(network: nn.Module) -> list[nn.Module]:
    kinds = (nn.Conv1d, nn.ConvTranspose1d, nn.Conv2d)
    return [m for m in network.modules() if isinstance(m, kinds)]


def put_weight_norm(network: nn.Module) -> None:
    """Normalizes every convolution of the network, in place, for training."""
    for module in _convolutions(network):
        parametrizations.weight_norm(module)
