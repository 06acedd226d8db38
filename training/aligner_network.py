"""The aligner: how likely each mel frame is under each symbol, in its place in the text.

A symbol is a row of states that follow one another. Convolutions over the text tell the mel (and
its slope) that each state expects; the score of a frame is minus its weighted squared distance.

Source: One TTS Alignment To Rule Them All (arXiv 2108.10447) §2.1 for scores by L2 distance and for
all that is done with them. Differs: densities of frames given symbols, as in a hidden Markov model
(Rabiner 1989), not a softmax over the symbols. That one may give many frames to a few symbols that
fit everything (as CTC's blank does: arXiv 2105.14849), and with 1000 batches it did. So the frames
pass through no network, which could make all of them alike.
"""

from __future__ import annotations

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.masks import length_mask
from training.monotonic import NEVER

SLOPE_REACH = 2  # frames to either side; 5 frames, as in HTK's delta features
VARIANCE_FLOOR = 0.1  # keeps silence, where some utterances have digital zeros, from ruling


class AlignerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of an aligner."""

    n_symbols: int
    """Rows of the symbol table."""
    n_speakers: int = 1
    """Rows of the speaker table."""
    n_mels: int = 80
    """Bands of the mel."""
    channels: int = 128
    """Of the hidden layers."""
    layers: int = 1
    """Convolutions over the text, each sees one symbol more to either side."""
    states: int = 2
    """Of each symbol; the least frames that it lasts."""
    sharpness: float = 0.2
    """Factor on log densities: neighbouring bands and frames say the same thing several times."""


class Layer(nn.Module):
    """Convolution over 3 positions, ReLU, layer norm: (B, L, C) → (B, L, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=1)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, C) float32 → (B, L, C)."""
        normed: Tensor = self.norm(self.conv(x.transpose(1, 2)).relu().transpose(1, 2))
        return normed


class Aligner(nn.Module):
    """Scores of frames under the states of symbols.

    Args:
        config: sizes.
    """

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config, c = config, config.channels
        self.embedding = nn.Embedding(config.n_symbols, c, padding_idx=0)
        self.speaker = nn.Embedding(config.n_speakers, c)
        self.layers = nn.ModuleList(Layer(c) for _ in range(config.layers))
        self.expected = nn.Linear(c, 2 * config.n_mels * config.states)
        self.log_deviation = nn.Parameter(torch.zeros(2 * config.n_mels))

    def forward(
        self, ids: Tensor, lengths: Tensor, speakers: Tensor, mels: Tensor, mel_lengths: Tensor
    ) -> Tensor:
        """Log densities of the frames, up to a constant, without the prior.

        Args:
            ids: (B, L) int64.
            lengths: (B,) int64 valid symbols.
            speakers: (B,) int64.
            mels: (B, T, n_mels) float32.
            mel_lengths: (B,) int64 valid frames.

        Returns:
            (B, T, L · states) float32; NEVER at states of padding.
        """
        hidden = self.embedding(ids) * length_mask(lengths, ids.shape[1])[:, :, None]
        for layer in self.layers:
            hidden = layer(hidden)
        hidden = hidden + self.speaker(speakers)[:, None]
        weight = (-self.log_deviation).exp()
        keys = self.expected(hidden).reshape(len(ids), -1, 2 * self.config.n_mels) * weight
        queries = features(mels, mel_lengths) * weight
        square = queries.square().sum(2)[:, :, None] + keys.square().sum(2)[:, None]
        distance = square - 2.0 * queries @ keys.transpose(1, 2)
        scores = self.config.sharpness * (-0.5 * distance - self.log_deviation.sum())
        valid = length_mask(lengths * self.config.states, scores.shape[2])[:, None]
        masked: Tensor = scores.masked_fill(~valid, NEVER)
        return masked


def features(mels: Tensor, lengths: Tensor) -> Tensor:
    """Each band with mean 0 and about deviation 1 over the utterance, and its slopes.

    Args:
        mels: (B, T, n_mels) float32.
        lengths: (B,) int64 valid frames.

    Returns:
        (B, T, 2 · n_mels) float32, 0 in the padding.
    """
    mask = length_mask(lengths, mels.shape[1])[:, :, None]
    count = lengths[:, None, None]
    mean = (mels * mask).sum(1, keepdim=True) / count
    centred = (mels - mean) * mask
    deviation = (centred.square().sum(1, keepdim=True) / count).sqrt()
    level = centred / (deviation + VARIANCE_FLOOR)
    wide = F.pad(level, (0, 0, SLOPE_REACH, SLOPE_REACH))
    slope = (wide[:, 2 * SLOPE_REACH :] - wide[:, : -2 * SLOPE_REACH]) / 2.0
    return torch.cat([level, slope * mask], 2)
