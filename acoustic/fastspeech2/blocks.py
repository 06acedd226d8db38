"""Feed-forward transformer blocks and variance predictors of FastSpeech 2.

Source: FastSpeech §3.1, FastSpeech 2 §2.3; attribute names of ming024/FastSpeech2@d4e79eb (MIT).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.fastspeech2.config import FastSpeech2Config


def position_table(rows: int, hidden: int) -> Tensor:
    """Sinusoid positions (1, rows, hidden) float32: sin on even, cos on odd channels.

    Source: Attention Is All You Need §3.5.
    """
    angle = np.arange(rows)[:, None] / np.power(10000, 2 * (np.arange(hidden) // 2) / hidden)
    table = np.where(np.arange(hidden) % 2 == 0, np.sin(angle), np.cos(angle))
    return torch.from_numpy(table.astype(np.float32))[None]


class SelfAttention(nn.Module):
    """Multi-head self-attention with a key mask, residual and post-LayerNorm."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.w_qs = nn.Linear(hidden, hidden)
        self.w_ks = nn.Linear(hidden, hidden)
        self.w_vs = nn.Linear(hidden, hidden)
        self.fc = nn.Linear(hidden, hidden)
        self.layer_norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H), mask (B, T) True = valid → (B, T, H)."""
        b, t, h = x.shape
        split = (b, t, self.heads, h // self.heads)
        # Scaling the queries instead of the scores saves a pass over (B, heads, T, T).
        q = (self.w_qs(x) / math.sqrt(h // self.heads)).view(split).transpose(1, 2)
        k = self.w_ks(x).view(split).transpose(1, 2)  # (B, heads, T, d)
        v = self.w_vs(x).view(split).transpose(1, 2)
        scores = q @ k.transpose(2, 3)  # (B, heads, T, T)
        # Added, for a sum takes half the time of a choice; e^-10000 is 0 as e^-inf is.
        padding = (mask[:, None, None, :].to(scores.dtype) - 1.0) * 10000.0
        weights = (scores + padding).softmax(-1)
        y = (weights @ v).transpose(1, 2).reshape(b, t, h)
        out: Tensor = self.layer_norm(self.dropout(self.fc(y)) + x)
        return out


class SeparableConv(nn.Module):
    """Depthwise convolution over time, then a pointwise one."""

    def __init__(self, channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(
            channels, channels, kernel, padding=(kernel - 1) // 2, groups=channels
        )
        self.pointwise = nn.Conv1d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C', T)."""
        out: Tensor = self.pointwise(self.depthwise(x))
        return out


class FeedForward(nn.Module):
    """Two convolutions over time, residual and post-LayerNorm."""

    def __init__(self, hidden: int, config: FastSpeech2Config) -> None:
        super().__init__()
        wide, narrow = config.conv_kernels
        self.w_1: nn.Module = (
            SeparableConv(hidden, config.conv_filter, wide)
            if config.separable
            else nn.Conv1d(hidden, config.conv_filter, wide, padding=(wide - 1) // 2)
        )
        self.w_2 = nn.Conv1d(config.conv_filter, hidden, narrow, padding=(narrow - 1) // 2)
        self.layer_norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H), already zero where the mask (B, T) is False → (B, T, H)."""
        y = F.relu(self.w_1(x.transpose(1, 2))) * mask[:, None]
        out: Tensor = self.layer_norm(self.dropout(self.w_2(y).transpose(1, 2)) + x)
        return out


class FFTBlock(nn.Module):
    """Feed-forward transformer block; its output is zero at padding."""

    def __init__(self, hidden: int, heads: int, config: FastSpeech2Config) -> None:
        super().__init__()
        self.slf_attn = SelfAttention(hidden, heads, config.dropout)
        self.pos_ffn = FeedForward(hidden, config)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H), mask (B, T) → (B, T, H)."""
        valid = mask[..., None]
        y = self.slf_attn(x, mask) * valid
        out: Tensor = self.pos_ffn(y, mask) * valid
        return out


class PositionedStack(nn.Module):
    """Sinusoid positions, then FFT blocks: the part that encoder and decoder share.

    Differs: the reference stores its table in the state dict and recomputes it for long inputs;
    ours is a constant of ``rows``, so a stored one is checked against it and left.
    """

    position_enc: Tensor

    def __init__(self, layers: int, hidden: int, heads: int, rows: int, config: FastSpeech2Config):
        super().__init__()
        self.layer_stack = nn.ModuleList(FFTBlock(hidden, heads, config) for _ in range(layers))
        self.register_buffer("position_enc", position_table(rows, hidden), persistent=False)

    def blocks(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H) without positions, zero at padding → (B, T, H)."""
        y = x + self.position_enc[:, : x.shape[1]].to(x.dtype)
        for block in self.layer_stack:
            y = block(y, mask)
        return y

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *args: Any) -> None:
        stored = state.pop(f"{prefix}position_enc", None)
        if stored is not None:
            rows = min(stored.shape[1], self.position_enc.shape[1])
            if not torch.allclose(stored[:, :rows], self.position_enc[:, :rows], atol=1e-5):
                args[-1].append(f"{prefix}position_enc is not the sinusoid table")
        super()._load_from_state_dict(state, prefix, *args)


class PaddedConv(nn.Module):
    """A convolution under the key ``conv``, as the reference wraps it."""

    def __init__(self, channels: int, out_channels: int, kernel: int, padding: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out_channels, kernel, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C')."""
        out: Tensor = self.conv(x.transpose(1, 2)).transpose(1, 2)
        return out


class VariancePredictor(nn.Module):
    """One scalar per position: duration, pitch or energy. FastSpeech 2 §2.3."""

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__()
        hidden, width, kernel = (
            config.encoder_hidden,
            config.variance_filter,
            config.variance_kernel,
        )
        self.mask_convolutions = config.mask_convolutions
        self.dropout = nn.Dropout(config.variance_dropout)
        self.conv_layer = nn.ModuleDict(
            {
                "conv1d_1": PaddedConv(hidden, width, kernel, (kernel - 1) // 2),
                "layer_norm_1": nn.LayerNorm(width),
                # The reference pads the second convolution by 1 whatever its kernel.
                "conv1d_2": PaddedConv(width, width, kernel, 1),
                "layer_norm_2": nn.LayerNorm(width),
            }
        )
        self.linear_layer = nn.Linear(width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H), mask (B, T) → (B, T), zero at padding."""
        for i in ("1", "2"):
            if self.mask_convolutions:
                x = x * mask[..., None]
            x = F.relu(self.conv_layer[f"conv1d_{i}"](x))
            x = self.dropout(self.conv_layer[f"layer_norm_{i}"](x))
        out: Tensor = self.linear_layer(x)[..., 0] * mask
        return out


class PostNet(nn.Module):
    """Residual convolutions on the mel. Source: Tacotron 2 §2.2."""

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__()
        self.mask_convolutions = config.mask_convolutions
        edge = config.n_mels
        widths = [edge, *[config.postnet_channels] * (config.postnet_layers - 1), edge]
        self.convolutions = nn.ModuleList(
            nn.Sequential(PaddedConv1d(a, b), nn.BatchNorm1d(b)) for a, b in pairwise(widths)
        )
        self.dropout = nn.Dropout(0.5)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """mel (B, T, n_mels), mask (B, T) → residual (B, T, n_mels)."""
        y = mel.transpose(1, 2)
        for i, layer in enumerate(self.convolutions):
            if self.mask_convolutions:
                y = y * mask[:, None]
            y = layer(y)
            y = self.dropout(y if i == len(self.convolutions) - 1 else torch.tanh(y))
        return y.transpose(1, 2)


class PaddedConv1d(nn.Module):
    """Kernel-5 convolution under the key ``conv``, channels first."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out_channels, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C', T)."""
        out: Tensor = self.conv(x)
        return out
