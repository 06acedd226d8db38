"""A residual refiner: gives a predicted mel the texture that a regression averages away.

An acoustic model trained by L1 predicts the mean of all mels that fit a text, which is smoother
than any of them. The refiner adds one plausible deviation from that mean. Which one is decided by
its noise, an input; what is plausible it learns from discriminators (training/recipes/refiner.py).

Source: adversarial training of mels that condition on the prediction: GANSpeech (arXiv 2106.15153);
blocks: ConvNeXt (arXiv 2201.03545), one-dimensional as in Vocos (arXiv 2306.00814). Differs: plain
residuals without layer scale; a length mask before each convolution.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.refiner.config import RefinerConfig


class MaskedConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, LayerNorm, two pointwise layers, residual."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        width, kernel = config.channels, config.kernel
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, config.hidden)
        self.narrow = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T, 1) → (B, T, C)."""
        y = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.narrow(F.gelu(self.widen(self.norm(y))))
        return out


class Refiner(nn.Module):
    """Predicted mel, hidden states and noise to a sharper mel.

    Args:
        config: sizes, at least one layer.
        n_mels: bands.
        condition: width of the hidden states.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: RefinerConfig, n_mels: int, condition: int) -> None:
        super().__init__()
        width = config.channels
        # Statistics of each band over the corpus; training sets them.
        self.register_buffer("mean", torch.zeros(n_mels))
        self.register_buffer("std", torch.ones(n_mels))
        self.enter = nn.Linear(n_mels + condition + config.noise, width)
        self.blocks = nn.ModuleList(MaskedConvNeXtBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, n_mels)
        # Training starts from the prediction as it is.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, mel: Tensor, condition: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """Refines a batch.

        Args:
            mel: (B, T, n_mels) predicted.
            condition: (B, T, H) hidden states that the mel was predicted from.
            noise: (B, T, config.noise) standard normal.
            mask: (B, T) bool, True = valid.

        Returns:
            (B, T, n_mels); frames outside the mask have no meaning.
        """
        valid = mask[..., None]
        x = self.enter(torch.cat([(mel - self.mean) / self.std, condition, noise], -1))
        for block in self.blocks:
            x = block(x, valid)
        out: Tensor = mel + self.leave(self.norm(x)) * self.std
        return out
