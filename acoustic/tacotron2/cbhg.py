"""CBHG post-net: log-mels to log linear magnitudes (for Griffin-Lim).

Source: Tacotron (arXiv 1703.10135) §3.1, §3.3 and table 1. Differs: masked, so that an item does
not depend on its batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.masks import length_mask
from acoustic.tacotron2.config import CbhgConfig
from acoustic.tacotron2.recurrence import MaskedGRU


class SameConv(nn.Module):
    """A convolution with batch norm that keeps the length, for odd and even kernels."""

    def __init__(self, channels: int, out: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(out)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T) → (B, C', T)."""
        out: Tensor = self.norm(self.conv(x * mask)[..., : x.shape[2]])
        return out


class Highway(nn.Module):
    """Part of the input passes unchanged. Source: arXiv 1505.00387 eq. 3."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, -1.0)  # §2.2 there: begin by passing

    def forward(self, x: Tensor) -> Tensor:
        """(…, C) → (…, C)."""
        gate = torch.sigmoid(self.gate(x))
        return F.relu(self.change(x)) * gate + x * (1 - gate)


class Cbhg(nn.Module):
    """Convolution bank, highway network, bidirectional GRU."""

    def __init__(self, n_mels: int, config: CbhgConfig) -> None:
        super().__init__()
        width = config.channels
        self.bank = nn.ModuleList(SameConv(n_mels, width, k) for k in range(1, config.bank + 1))
        self.widen = SameConv(config.bank * width, config.projection, 3)
        self.narrow = SameConv(config.projection, n_mels, 3)
        self.enter = nn.Linear(n_mels, width)
        self.highways = nn.ModuleList(Highway(width) for _ in range(config.highways))
        self.gru = MaskedGRU(width, config.gru)
        self.out = nn.Linear(2 * config.gru, config.n_linear)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """mel (B, n_mels, T), lengths (B,) → log magnitudes (B, n_linear, T), 0 at padding."""
        mask = length_mask(lengths, mel.shape[2])[:, None]  # (B, 1, T)
        banked = torch.cat([F.relu(conv(mel, mask)) for conv in self.bank], dim=1) * mask
        # Width 2, stride 1: each frame with the one before it; all are ≥ 0 after the ReLU.
        pooled = F.max_pool1d(F.pad(banked, (1, 0)), 2, stride=1)
        x = self.narrow(F.relu(self.widen(pooled, mask)), mask) + mel
        x = self.enter(x.transpose(1, 2))  # (B, T, C)
        for highway in self.highways:
            x = highway(x)
        out: Tensor = self.out(self.gru(x, lengths)).transpose(1, 2) * mask
        return out
