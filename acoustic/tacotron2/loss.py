"""Losses of Tacotron 2."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from acoustic.tacotron2.network import Tacotron2Output

ATTENTION_WIDTH = 0.2
"""Source: Tachibana et al. (arXiv 1710.08969) §4.1, g."""
SMALLEST_WEIGHT = 1e-4
"""Smallest attention weight that counts: a step that looks elsewhere has a finite loss."""


def reconstruction_loss(
    output: Tacotron2Output, mels: Tensor, gates: Tensor, *, stop_weight: float = 1.0
) -> Tensor:
    """Returns the squared error of both mels plus cross entropy of the gate, over padding, too.

    Source: Tacotron 2 §2.2 and §2.4; NVIDIA/tacotron2@185cd24 loss_function.py.

    Args:
        output: teacher forced.
        mels: (B, n_mels, T) float32, zero at padding.
        gates: (B, S) float32, 1 from the last valid step on.
        stop_weight: weight of the steps that stop, of which each utterance has one.
    """
    error = F.mse_loss(output.mel, mels) + F.mse_loss(output.mel_postnet, mels)
    weight = torch.tensor(stop_weight, device=gates.device)
    return error + F.binary_cross_entropy_with_logits(output.gate, gates, pos_weight=weight)


def guided_attention_loss(alignments: Tensor, steps: Tensor, lengths: Tensor) -> Tensor:
    """Returns the mean attention far from the diagonal. Source: arXiv 1710.08969 §4.1.

    Args:
        alignments: (B, S, L).
        steps: (B,) int64 valid steps.
        lengths: (B,) int64 valid symbols.
    """
    _, s, n = alignments.shape
    device = alignments.device
    step, symbol = torch.arange(s, device=device), torch.arange(n, device=device)
    y = step[None, :, None] / steps[:, None, None]
    x = symbol[None, None, :] / lengths[:, None, None]
    penalty = 1 - torch.exp(-((y - x) ** 2) / (2 * ATTENTION_WIDTH**2))
    valid = (step[None] < steps[:, None])[..., None] & (symbol[None] < lengths[:, None])[:, None]
    return (alignments * penalty * valid).sum() / valid.sum()


def path_attention_loss(alignments: Tensor, path: Tensor, steps: Tensor) -> Tensor:
    """Returns the cross entropy of the attention against each symbol's share of a step.

    A mean over valid steps. Where durations are known, the attention need not be found: it is
    taught. Source: pre-alignment
    guided attention (Zhu et al., IEEE Access 7, 2019, 10.1109/ACCESS.2019.2914149) §III. Differs:
    a cross entropy, not an L1 or L2 distance of matrices, which is small while the attention is
    spread over everything.

    Args:
        alignments: (B, S, L).
        path: (B, S, L), each row sums to one.
        steps: (B,) int64 valid steps.
    """
    valid = torch.arange(path.shape[1], device=path.device)[None] < steps[:, None]
    cross_entropy = -(path * alignments.clamp_min(SMALLEST_WEIGHT).log()).sum(2)
    return cross_entropy[valid].mean()
