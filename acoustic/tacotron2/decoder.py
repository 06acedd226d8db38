"""Attention and decoder of Tacotron 2: one step is a pure function of an explicit state.

Source: Tacotron 2 (arXiv 1712.05884) §2.2; location-sensitive attention: Chorowski et al.
(arXiv 1506.07503) §2.2; attribute names of NVIDIA/tacotron2@185cd24 (BSD-3). Differs: batched with
a memory mask; the prenet's dropout is an argument.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.convolutions import Conv, Linear
from acoustic.tacotron2.recurrence import run_cell


class DecoderState(NamedTuple):
    """All that one step hands to the next; zeros before the first.

    Attributes:
        attention_h, attention_c: (B, attention_rnn_dim).
        decoder_h, decoder_c: (B, decoder_rnn_dim).
        weights: (B, L), where the last step attended.
        cumulative: (B, L), Σ of all steps' weights.
        context: (B, E).
        frames: (B, n_frames_per_step · n_mels), what the last step said; zeros are the go frame.
    """

    attention_h: Tensor
    attention_c: Tensor
    decoder_h: Tensor
    decoder_c: Tensor
    weights: Tensor
    cumulative: Tensor
    context: Tensor
    frames: Tensor


class Memory(NamedTuple):
    """What the decoder attends to.

    Attributes:
        values: (B, L, E).
        keys: (B, L, attention_dim), the values projected once.
        mask: (B, L) bool, True = valid.
    """

    values: Tensor
    keys: Tensor
    mask: Tensor


class Prenet(nn.Module):
    """Two bottleneck layers whose dropout is on when speaking, too. §2.2."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        sizes = [size, width, width]
        self.layers = nn.ModuleList(Linear(a, b, bias=False) for a, b in pairwise(sizes))

    def forward(self, frames: Tensor, dropout: Tensor | None) -> Tensor:
        """frames (B, C), dropout (B, 2, P) factors 0 or 2 (None: none) → (B, P)."""
        x = frames
        for i, layer in enumerate(self.layers):
            x = F.relu(layer(x))
            if dropout is not None:
                x = x * dropout[..., i, :]
        return x


class LocationLayer(nn.Module):
    """Features of where the attention was."""

    def __init__(self, filters: int, kernel: int, width: int) -> None:
        super().__init__()
        self.location_conv = Conv(2, filters, kernel, bias=False)
        self.location_dense = Linear(filters, width, bias=False)

    def forward(self, weights: Tensor) -> Tensor:
        """weights (B, 2, L), last and cumulative → (B, L, attention_dim)."""
        out: Tensor = self.location_dense(self.location_conv(weights).transpose(1, 2))
        return out


class Attention(nn.Module):
    """Location-sensitive attention."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        width = config.attention_dim
        self.query_layer = Linear(config.attention_rnn_dim, width, bias=False)
        self.memory_layer = Linear(config.embedding_dim, width, bias=False)
        self.v = Linear(width, 1, bias=False)
        self.location_layer = LocationLayer(config.location_filters, config.location_kernel, width)

    def forward(
        self, query: Tensor, memory: Memory, weights: Tensor, cumulative: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Where S steps look, each from what it remembers.

        Args:
            query: (B, S, attention_rnn_dim).
            memory: what is spoken.
            weights: (B, S, L), of the step before each.
            cumulative: (B, S, L), of all steps before each.

        Returns:
            Context (B, S, E), weights (B, S, L).
        """
        location = self.location_layer(torch.stack([weights, cumulative], dim=2).flatten(0, 1))
        location = location.unflatten(0, weights.shape[:2])  # (B, S, L, attention_dim)
        asked = self.query_layer(query)[:, :, None] + location + memory.keys[:, None]
        scores = self.v(torch.tanh(asked))[..., 0]
        attended = scores.masked_fill(~memory.mask[:, None], float("-inf")).softmax(dim=2)
        return torch.bmm(attended, memory.values), attended


class Decoder(nn.Module):
    """Memory to frames, one step at a time."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        self.config = config
        encoded, frames = config.embedding_dim, config.n_mels * config.n_frames_per_step
        attention, decoder = config.attention_rnn_dim, config.decoder_rnn_dim
        self.prenet = Prenet(frames, config.prenet_dim)
        self.attention_rnn = nn.LSTMCell(config.prenet_dim + encoded, attention)
        self.attention_layer = Attention(config)
        self.decoder_rnn = nn.LSTMCell(attention + encoded, decoder)
        self.linear_projection = Linear(decoder + encoded, frames)
        self.gate_layer = Linear(decoder + encoded, 1)

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first step."""
        config, values = self.config, memory.values
        batch, length = values.shape[:2]
        sizes = (
            config.attention_rnn_dim,
            config.attention_rnn_dim,
            config.decoder_rnn_dim,
            config.decoder_rnn_dim,
            length,
            length,
            config.embedding_dim,
            config.n_mels * config.n_frames_per_step,
        )
        return DecoderState(*(values.new_zeros(batch, size) for size in sizes))

    def step(
        self, state: DecoderState, memory: Memory, dropout: Tensor | None
    ) -> tuple[DecoderState, Tensor]:
        """One step: the frames that the state holds are heard, the next are said.

        Args:
            state: of the step before, or ``start``.
            memory: what is spoken.
            dropout: (B, 2, prenet_dim) factors 0 or 2; None: no dropout.

        Returns:
            The new state (its ``frames`` are this step's, its ``weights`` the alignment) and the
            gate's logit (B,).
        """
        return self.step_from(self.prenet(state.frames, dropout), state, memory)

    def step_from(
        self, heard: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderState, Tensor]:
        """``step`` from the prenet's output (B, prenet_dim)."""
        config = self.config
        attention_h, attention_c = self.attention_rnn(
            torch.cat([heard, state.context], dim=-1), (state.attention_h, state.attention_c)
        )
        attention_h = F.dropout(attention_h, config.p_attention_dropout, self.training)
        remembered = state.weights[:, None], state.cumulative[:, None]
        attended = self.attention_layer(attention_h[:, None], memory, *remembered)
        context, weights = (x[:, 0] for x in attended)
        decoder_h, decoder_c = self.decoder_rnn(
            torch.cat([attention_h, context], dim=-1), (state.decoder_h, state.decoder_c)
        )
        decoder_h = F.dropout(decoder_h, config.p_decoder_dropout, self.training)
        said = torch.cat([decoder_h, context], dim=-1)
        new = DecoderState(
            attention_h,
            attention_c,
            decoder_h,
            decoder_c,
            weights,
            state.cumulative + weights,
            context,
            self.linear_projection(said),
        )
        return new, self.gate_layer(said)[:, 0]

    def along(
        self, heard: Tensor, memory: Memory, path: Tensor, recalls: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All steps at once, where it is known which symbols each of them says.

        With the contexts known, nothing that a step says is needed by the next, and each recurrence
        is one call. Differs from ``step``: the attention hears the path's context, not its own, and
        dropout does not come back through the recurrences.

        Each recall puts where the attention looked in the path's place: after n of them the first n
        steps are those of ``step``, and the others near them. Source: parallel scheduled sampling
        (Duckworth et al., arXiv 1906.04331) §3, here of attention, not of tokens.

        Args:
            heard: (B, S, prenet_dim), what the prenet makes of the frames before each step.
            memory: what is spoken.
            path: (B, S, L), each symbol's share of each step.
            recalls: how often.

        Returns:
            Frames (B, S, n_frames_per_step · n_mels), the gate's logits (B, S), weights (B, S, L).
        """
        for _ in range(recalls):
            with torch.no_grad():
                path = self._look(heard, memory, path)[2]
        query, context, weights = self._look(heard, memory, path)
        said = run_cell(self.decoder_rnn, torch.cat([query, context], dim=-1))
        said = F.dropout(said, self.config.p_decoder_dropout, self.training)
        said = torch.cat([said, context], dim=-1)
        return self.linear_projection(said), self.gate_layer(said)[..., 0], weights

    def _look(self, heard: Tensor, memory: Memory, path: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The attention's query, context and weights in every step, had it been on the path."""
        before = F.pad(path, (0, 0, 1, 0))[:, :-1]
        shown = torch.bmm(before, memory.values)
        query = run_cell(self.attention_rnn, torch.cat([heard, shown], dim=-1))
        query = F.dropout(query, self.config.p_attention_dropout, self.training)
        return query, *self.attention_layer(query, memory, before, before.cumsum(dim=1))
