"""Recurrences over padded batches: bidirectional ones without packing, so that they can be
exported, and a cell over all its steps at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def reverse_valid(x: Tensor, lengths: Tensor) -> Tensor:
    """Reverses the valid part of each item of x (B, T, C); padding stays where it is.

    >>> x = torch.tensor([[[1.0], [2.0], [9.0]]])
    >>> reverse_valid(x, torch.tensor([2])).flatten().tolist()
    [2.0, 1.0, 9.0]
    """
    clock = torch.arange(x.shape[1], device=x.device)[None]  # (1, T)
    mirrored = lengths[:, None] - 1 - clock
    index = torch.where(mirrored >= 0, mirrored, clock)  # (B, T)
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))


def run_bidirectional(run: Callable[[Tensor, str], Tensor], x: Tensor, lengths: Tensor) -> Tensor:
    """Runs x (B, T, C) forwards, and backwards from each item's end → (B, T, 2 · hidden)."""
    forwards = run(x, "l0")
    backwards = run(reverse_valid(x, lengths), "l0_reverse")
    return torch.cat([forwards, reverse_valid(backwards, lengths)], dim=-1)


class MaskedLSTM(nn.LSTM):
    """A bidirectional LSTM of one layer; its backward direction begins at each item's own end."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__(size, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """x (B, T, C), lengths (B,) → (B, T, 2 · hidden), undefined at padding."""
        return run_bidirectional(self._run, x, lengths)

    def _run(self, x: Tensor, suffix: str) -> Tensor:
        state = x.new_zeros(x.shape[0], self.hidden_size)
        return run_lstm(self, x, f"_{suffix}", state, state)[0]


class MaskedGRU(nn.GRU):
    """A bidirectional GRU of one layer; its backward direction begins at each item's own end."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__(size, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """x (B, T, C), lengths (B,) → (B, T, 2 · hidden), undefined at padding."""
        return run_bidirectional(self._run, x, lengths)

    def _run(self, x: Tensor, suffix: str) -> Tensor:
        state = x.new_zeros(1, x.shape[0], self.hidden_size)
        out: Tensor = torch.gru(
            x, state, _weights(self, f"_{suffix}"), True, 1, 0.0, self.training, False, True
        )[0]
        return out


def _weights(rnn: nn.Module, suffix: str) -> list[Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(rnn, name + suffix) for name in names]


def run_lstm(
    rnn: nn.LSTM | nn.LSTMCell, x: Tensor, suffix: str, hidden: Tensor, cell: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Runs one direction of a recurrence from a state.

    Args:
        rnn: whose weights have the suffix.
        x: (B, T, C), T > 0.
        suffix: of the layer and direction, as torch names them.
        hidden: (B, hidden) before the first step.
        cell: (B, hidden), likewise.

    Returns:
        Outputs (B, T, hidden), and both states after the last step.
    """
    state = (hidden[None], cell[None])
    out, hidden, cell = torch.lstm(
        x, state, _weights(rnn, suffix), True, 1, 0.0, rnn.training, False, True
    )
    return out, hidden[0], cell[0]


def run_cell(cell: nn.LSTMCell, x: Tensor) -> Tensor:
    """Returns the states of a cell that begins with zeros, for x (B, T, C) → (B, T, hidden)."""
    state = x.new_zeros(x.shape[0], cell.hidden_size)
    return run_lstm(cell, x, "", state, state)[0]
