"""Encoder and post-net of Tacotron 2, and the wrappers that give their layers the public names.

Source: Tacotron 2 (arXiv 1712.05884) §2.2; attribute names of NVIDIA/tacotron2@185cd24 (BSD-3).
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.masks import length_mask
from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.recurrence import MaskedLSTM


class Linear(nn.Module):
    """A linear layer under the key ``linear_layer``, as the reference wraps it."""

    def __init__(self, size: int, out: int, *, bias: bool = True) -> None:
        super().__init__()
        self.linear_layer = nn.Linear(size, out, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(…, C) → (…, C')."""
        out: Tensor = self.linear_layer(x)
        return out


class Conv(nn.Module):
    """A same-length convolution under the key ``conv``."""

    def __init__(self, channels: int, out: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, kernel, padding=(kernel - 1) // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C', T)."""
        out: Tensor = self.conv(x)
        return out


def _stack(widths: list[int], kernel: int) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Sequential(Conv(a, b, kernel), nn.BatchNorm1d(b)) for a, b in pairwise(widths)
    )


class Tacotron2Encoder(nn.Module):
    """Symbol embeddings to memory: convolutions, then a bidirectional LSTM."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        width = config.embedding_dim
        self.mask_convolutions = config.mask_convolutions
        self.dropout = config.p_convolution_dropout
        self.convolutions = _stack(
            [width] * (config.encoder_convolutions + 1), config.encoder_kernel
        )
        self.lstm = MaskedLSTM(width, width // 2)

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """embedded (B, L, E), lengths (B,) → memory (B, L, E), zero at padding."""
        mask = length_mask(lengths, embedded.shape[1])[:, None]  # (B, 1, L)
        x = embedded.transpose(1, 2)
        for layer in self.convolutions:
            if self.mask_convolutions:
                x = x * mask
            x = F.dropout(F.relu(layer(x)), self.dropout, self.training)
        memory: Tensor = self.lstm(x.transpose(1, 2), lengths)
        return memory * mask.transpose(1, 2)


class Postnet(nn.Module):
    """Residual convolutions on the mel."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        edge, count = config.n_mels, config.postnet_convolutions
        self.mask_convolutions = config.mask_convolutions
        self.dropout = config.p_convolution_dropout
        widths = [edge, *[config.postnet_channels] * (count - 1), edge]
        self.convolutions = _stack(widths, config.postnet_kernel)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """mel (B, n_mels, T), lengths (B,) → residual (B, n_mels, T)."""
        mask = length_mask(lengths, mel.shape[2])[:, None]
        x = mel
        for i, layer in enumerate(self.convolutions):
            if self.mask_convolutions:
                x = x * mask
            x = layer(x)
            if i < len(self.convolutions) - 1:
                x = torch.tanh(x)
            x = F.dropout(x, self.dropout, self.training)
        return x
