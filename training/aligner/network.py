"""The aligner: how well each mel frame fits each symbol of an utterance, in its place in the text.

Convolutions over the frames and over the symbols, each with residuals; a score is the product of
both outputs. The log-softmax over an utterance's symbols changes no best path and no loss on known
durations, since it adds a constant to each frame; it makes the forward-sum loss a likelihood.

Source: One TTS Alignment To Rule Them All (arXiv 2108.10447) §2.1 for two encoders and a softmax
over the symbols. Differs: products instead of distances; no speakers, an utterance's own mean and
deviation take their place, so that an unknown voice can be aligned.
"""

from __future__ import annotations

import math

import msgspec
from torch import Tensor, nn

from acoustic.masks import length_mask
from training.aligner.monotonic import NEVER

RANGE = 9.0  # natural log: 78 dB below the loudest band all is silence, digital or of a room
DEVIATION_FLOOR = 0.3  # keeps bands in which nothing happens from being blown up


class AlignerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of an aligner."""

    n_symbols: int
    """Rows of the symbol table."""
    n_mels: int = 80
    """Bands of the mel."""
    channels: int = 128
    """Of all hidden layers."""
    text_layers: int = 2
    """Convolutions over 3 symbols."""
    dilations: tuple[int, ...] = (1, 2, 4)
    """Of the convolutions over 3 frames that follow one over 5: they see ± 9 frames, 0.1 s."""


class ResidualConvLayer(nn.Module):
    """Residual around convolution over 3 positions, ReLU, layer norm: (B, N, C) → (B, N, C)."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) float32 → (B, N, C)."""
        residual: Tensor = self.norm(self.conv(x.transpose(1, 2)).relu().transpose(1, 2))
        return x + residual


class Aligner(nn.Module):
    """Scores of symbols in frames.

    Args:
        config: sizes.
    """

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config, c = config, config.channels
        self.embedding = nn.Embedding(config.n_symbols, c)
        self.text = nn.ModuleList(ResidualConvLayer(c) for _ in range(config.text_layers))
        self.key = nn.Linear(c, c)
        self.first = nn.Conv1d(config.n_mels, c, 5, padding=2)
        self.norm = nn.LayerNorm(c)
        self.sound = nn.ModuleList(ResidualConvLayer(c, dilation) for dilation in config.dilations)
        self.query = nn.Linear(c, c)
        nn.init.normal_(self.embedding.weight, std=0.5)

    def forward(self, ids: Tensor, lengths: Tensor, mels: Tensor, mel_lengths: Tensor) -> Tensor:
        """Log-probabilities of the symbols in each frame, without a prior.

        Args:
            ids: (B, L) int64.
            lengths: (B,) int64 valid symbols.
            mels: (B, T, n_mels) float32, natural log.
            mel_lengths: (B,) int64 valid frames.

        Returns:
            (B, T, L) float32; about NEVER at symbols of padding.
        """
        symbols = length_mask(lengths, ids.shape[1])[:, :, None]
        frames = length_mask(mel_lengths, mels.shape[1])[:, :, None]
        keys = self.embedding(ids) * symbols
        for layer in self.text:
            keys = layer(keys) * symbols
        queries = self.first(normalized(mels, frames).transpose(1, 2)).relu().transpose(1, 2)
        queries = self.norm(queries) * frames
        for layer in self.sound:
            queries = layer(queries) * frames
        scores = self.query(queries) @ self.key(keys).transpose(1, 2)
        scaled = scores.float() / math.sqrt(self.config.channels)
        log_probabilities: Tensor = scaled.masked_fill(~symbols.transpose(1, 2), NEVER).log_softmax(
            2
        )
        return log_probabilities


def normalized(mels: Tensor, frames: Tensor) -> Tensor:
    """Each band with mean 0 and about deviation 1 over the utterance.

    Args:
        mels: (B, T, n_mels) float32, natural log.
        frames: (B, T, 1) bool, valid.

    Returns:
        (B, T, n_mels) float32, 0 in the padding.
    """
    loudest = mels.masked_fill(~frames, -math.inf).amax((1, 2), keepdim=True)
    level = mels.maximum(loudest - RANGE) * frames
    count = frames.sum(1, keepdim=True)
    centred = (level - level.sum(1, keepdim=True) / count) * frames
    deviation = (centred.square().sum(1, keepdim=True) / count).sqrt()
    return centred / (deviation + DEVIATION_FLOOR)
