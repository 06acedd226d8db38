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
        frames: (B, n_frames_per_step · n_mels), output of the last step; zeros are the go frame.
    """

    attention_h: Tensor
    attention_c: Tensor
    decoder_h: Tensor
    decoder_c: Tensor
    weights: Tensor
    cumulative: Tensor
    context: Tensor
    frames: Tensor


class AttentionMemory(NamedTuple):
    """The encoded symbols, to which the decoder attends.

    Attributes:
        values: (B, L, E).
        keys: (B, L, attention_dim), the values projected once.
        mask: (B, L) bool, True = valid.
    """

    values: Tensor
    keys: Tensor
    mask: Tensor


class Prenet(nn.Module):
    """Two bottleneck layers, whose dropout stays on in inference. §2.2."""

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
    """Features of where the attention has been. Chorowski et al. §2.2, eq. 8."""

    def __init__(self, filters: int, kernel: int, width: int) -> None:
        super().__init__()
        self.location_conv = Conv(2, filters, kernel, bias=False)
        self.location_dense = Linear(filters, width, bias=False)

    def forward(self, weights: Tensor) -> Tensor:
        """weights (B, 2, L), last and cumulative → (B, L, attention_dim)."""
        out: Tensor = self.location_dense(self.location_conv(weights).transpose(1, 2))
        return out


class LocationSensitiveAttention(nn.Module):
    """Additive attention that sees where it has been.

    A plain additive attention compares the decoder's state with what stands at each symbol; two
    equal words look the same to it, so it may jump back or stop. Here the score of a symbol also
    depends on the weights around it in the last step (where am I?) and summed over all steps (what
    have I left behind?), which lets it learn to move on, a little each step.
    """

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        width = config.attention_dim
        self.query_layer = Linear(config.attention_rnn_dim, width, bias=False)
        self.memory_layer = Linear(config.embedding_dim, width, bias=False)
        self.v = Linear(width, 1, bias=False)
        self.location_layer = LocationLayer(config.location_filters, config.location_kernel, width)

    def forward(
        self, query: Tensor, memory: AttentionMemory, weights: Tensor, cumulative: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attends in S steps, each given the weights before it.

        Args:
            query: (B, S, attention_rnn_dim).
            memory: the encoded symbols.
            weights: (B, S, L), of the step before each.
            cumulative: (B, S, L), of all steps before each.

        Returns:
            Context (B, S, E), weights (B, S, L).
        """
        history = torch.stack([weights, cumulative], dim=2)  # (B, S, 2, L)
        location = self.location_layer(history.flatten(0, 1))  # (B · S, L, attention_dim)
        location = location.unflatten(0, weights.shape[:2])  # (B, S, L, attention_dim)
        # Query (B, S, 1, A) + location (B, S, L, A) + keys (B, 1, L, A), A = attention_dim.
        hidden = self.query_layer(query)[:, :, None] + location + memory.keys[:, None]
        scores = self.v(torch.tanh(hidden))[..., 0]  # (B, S, L)
        attended = scores.masked_fill(~memory.mask[:, None], float("-inf")).softmax(dim=2)
        return torch.bmm(attended, memory.values), attended


class Tacotron2Decoder(nn.Module):
    """Encoded symbols to frames, one step at a time."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        self.config = config
        encoded, frames = config.embedding_dim, config.n_mels * config.n_frames_per_step
        attention, decoder = config.attention_rnn_dim, config.decoder_rnn_dim
        self.prenet = Prenet(frames, config.prenet_dim)
        self.attention_rnn = nn.LSTMCell(config.prenet_dim + encoded, attention)
        self.attention_layer = LocationSensitiveAttention(config)
        self.decoder_rnn = nn.LSTMCell(attention + encoded, decoder)
        self.linear_projection = Linear(decoder + encoded, frames)
        self.gate_layer = Linear(decoder + encoded, 1)

    def start(self, memory: AttentionMemory) -> DecoderState:
        """Returns the state before the first step."""
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
        self, state: DecoderState, memory: AttentionMemory, dropout: Tensor | None
    ) -> tuple[DecoderState, Tensor]:
        """Decodes the frames that follow those of the state.

        Args:
            state: of the step before, or ``start``.
            memory: the encoded symbols.
            dropout: (B, 2, prenet_dim) factors 0 or 2; None: no dropout.

        Returns:
            The new state (its ``frames`` are this step's, its ``weights`` the alignment) and the
            gate's logit (B,).
        """
        return self.step_from(self.prenet(state.frames, dropout), state, memory)

    def step_from(
        self, prenet_out: Tensor, state: DecoderState, memory: AttentionMemory
    ) -> tuple[DecoderState, Tensor]:
        """Does ``step`` from the prenet's output (B, prenet_dim)."""
        config = self.config
        attention_h, attention_c = self.attention_rnn(
            torch.cat([prenet_out, state.context], dim=-1), (state.attention_h, state.attention_c)
        )
        attention_h = F.dropout(attention_h, config.p_attention_dropout, self.training)
        history = state.weights[:, None], state.cumulative[:, None]  # (B, 1, L) each
        attended = self.attention_layer(attention_h[:, None], memory, *history)
        context, weights = (x[:, 0] for x in attended)  # (B, E), (B, L)
        decoder_h, decoder_c = self.decoder_rnn(
            torch.cat([attention_h, context], dim=-1), (state.decoder_h, state.decoder_c)
        )
        decoder_h = F.dropout(decoder_h, config.p_decoder_dropout, self.training)
        features = torch.cat([decoder_h, context], dim=-1)  # (B, decoder_rnn_dim + E)
        new = DecoderState(
            attention_h,
            attention_c,
            decoder_h,
            decoder_c,
            weights,
            state.cumulative + weights,
            context,
            self.linear_projection(features),
        )
        return new, self.gate_layer(features)[:, 0]

    def teacher_forced(
        self, prenet_out: Tensor, memory: AttentionMemory, path: Tensor, sampling_passes: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decodes all steps at once, where it is known which symbols each of them stands on.

        Teacher forcing usually gives each step the recording's frames before it, and leaves the
        attention to itself; then step n needs the context of step n - 1, and an utterance takes as
        many calls as it has steps. Here the attention is forced, too: the path, made of known
        durations, says which symbols each step stands on. So every context is known beforehand
        (path x memory), nothing that a step computes is needed by the next, and each recurrence is
        one call over all steps. Differs from ``step``: the attention's recurrence is fed the path's
        context instead of its own, and dropout does not come back through the recurrences.

        A network that has only ever seen perfect paths does not know how to go on from its own
        imperfect ones. Each sampling pass puts the attention's own weights in the path's place:
        after n passes the first n steps are those of ``step``, and the others near them. Source:
        parallel scheduled sampling (Duckworth et al., arXiv 1906.04331) §3, here of attention, not
        of tokens.

        Args:
            prenet_out: (B, S, prenet_dim), the prenet's output for the frames before each step.
            memory: the encoded symbols.
            path: (B, S, L), each symbol's share of each step.
            sampling_passes: how often the path is replaced.

        Returns:
            Frames (B, S, n_frames_per_step · n_mels), the gate's logits (B, S), weights (B, S, L).
        """
        for _ in range(sampling_passes):
            with torch.no_grad():
                path = self._attend_along(prenet_out, memory, path)[2]
        query, context, weights = self._attend_along(prenet_out, memory, path)
        hidden = run_cell(self.decoder_rnn, torch.cat([query, context], dim=-1))
        hidden = F.dropout(hidden, self.config.p_decoder_dropout, self.training)
        features = torch.cat([hidden, context], dim=-1)  # (B, S, decoder_rnn_dim + E)
        return self.linear_projection(features), self.gate_layer(features)[..., 0], weights

    def _attend_along(
        self, prenet_out: Tensor, memory: AttentionMemory, path: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the attention's query, context and weights in every step, had it been on the
        path in all steps before: (B, S, attention_rnn_dim), (B, S, E), (B, S, L)."""
        before = F.pad(path, (0, 0, 1, 0))[:, :-1]  # (B, S, L): one step later, zeros first
        contexts = torch.bmm(before, memory.values)  # (B, S, E)
        query = run_cell(self.attention_rnn, torch.cat([prenet_out, contexts], dim=-1))
        query = F.dropout(query, self.config.p_attention_dropout, self.training)
        return query, *self.attention_layer(query, memory, before, before.cumsum(dim=1))
