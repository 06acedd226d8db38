"""Log-mels to phonemes and characters: a Conformer-like encoder, two CTC heads.

Source: Conformer (arXiv 2005.08100): half a feed-forward layer, self-attention, a gated depthwise
convolution, half a feed-forward layer; relative positions as embeddings of clipped distances: Shaw
et al. (arXiv 1803.02155) §3.1, for keys alone. Differs: layer norm instead of batch norm in the
convolution, so that a batch gives what its items give alone; two CTC heads.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.masks import length_mask
from recognition.conformer.config import ConformerConfig
from recognition.front import ConvolutionalFront, CtcHead, CtcNetwork

NEVER = -1e4
"""Score of a frame of padding: finite, and 0 after the softmax in float32."""


class ConformerFeedForward(nn.Module):
    """Layer norm, two linear layers with SiLU between."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        width = config.widening * config.channels
        self.norm = nn.LayerNorm(config.channels)
        self.widen = nn.Linear(config.channels, width)
        self.narrow = nn.Linear(width, config.channels)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, C) → (B, T, C)."""
        out: Tensor = self.narrow(self.dropout(F.silu(self.widen(self.norm(x)))))
        return out


class RelativeSelfAttention(nn.Module):
    """Multi-head self-attention whose scores depend on contents and on distances."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.heads, self.reach = config.heads, config.reach
        self.norm = nn.LayerNorm(config.channels)
        self.project = nn.Linear(config.channels, 3 * config.channels)
        self.out = nn.Linear(config.channels, config.channels)
        per_head = config.channels // config.heads
        # One row per distance from -reach to reach, shared by the heads.
        self.distances = nn.Parameter(torch.randn(2 * config.reach + 1, per_head) * 0.02)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T) True = valid → (B, T, C)."""
        b, t, c = x.shape
        parts = self.project(self.norm(x)).reshape(b, t, 3, self.heads, c // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, H, T, C / H) each
        by_content = query @ key.transpose(2, 3)  # (B, H, T, T)
        by_distance = query @ self.distances.to(query.dtype).T  # (B, H, T, 2 · reach + 1)
        clock = torch.arange(t, device=x.device)
        rows = (clock[None] - clock[:, None]).clamp(-self.reach, self.reach) + self.reach
        by_distance = by_distance.gather(3, rows.expand(b, self.heads, t, t))
        scores = (by_content + by_distance).float() / math.sqrt(c // self.heads)
        weights = scores.masked_fill(~mask[:, None, None], NEVER).softmax(3).to(value.dtype)
        mixed = (weights @ value).transpose(1, 2).reshape(b, t, c)
        out: Tensor = self.out(mixed)
        return out


class GatedConvolution(nn.Module):
    """Pointwise layer with a gate, depthwise convolution over time, pointwise layer."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        c, kernel = config.channels, config.kernel
        self.norm = nn.LayerNorm(c)
        self.gated = nn.Linear(c, 2 * c)
        self.depthwise = nn.Conv1d(c, c, kernel, padding=kernel // 2, groups=c)
        self.inner_norm = nn.LayerNorm(c)
        self.out = nn.Linear(c, c)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T) True = valid → (B, T, C)."""
        y = F.glu(self.gated(self.norm(x)), 2) * mask[..., None]
        y = self.depthwise(y.transpose(1, 2)).transpose(1, 2)
        out: Tensor = self.out(F.silu(self.inner_norm(y)))
        return out


class ConformerBlock(nn.Module):
    """Halves of a feed-forward layer around attention and convolution, residuals around each."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.before, self.after = ConformerFeedForward(config), ConformerFeedForward(config)
        self.attention = RelativeSelfAttention(config)
        self.convolution = GatedConvolution(config)
        self.norm = nn.LayerNorm(config.channels)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, C), mask (B, T) True = valid → (B, T, C)."""
        x = x + 0.5 * self.dropout(self.before(x))
        x = x + self.dropout(self.attention(x, mask))
        x = x + self.dropout(self.convolution(x, mask))
        x = x + 0.5 * self.dropout(self.after(x))
        out: Tensor = self.norm(x)
        return out


class Conformer(CtcNetwork):
    """The network.

    Args:
        config: sizes.
    """

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.config = config
        self.front = ConvolutionalFront(config.n_mels, config.channels)
        self.blocks = nn.ModuleList(ConformerBlock(config) for _ in range(config.blocks))
        self.phonemes = CtcHead(config.channels, config.n_symbols)
        self.characters = CtcHead(config.channels, config.n_characters)

    def encode(self, x: Tensor, steps: Tensor) -> Tensor:
        """See CtcNetwork."""
        mask = length_mask(steps, x.shape[1])
        for block in self.blocks:
            x = block(x, mask)
        return x
