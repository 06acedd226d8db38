"""Log-mels to phonemes and characters: convolutions, bidirectional LSTMs, two CTC heads.

Source: convolutions, then recurrent layers, trained by CTC (Graves et al. 2006): Deep Speech 2
(arXiv 1512.02595). Differs: two heads, phonemes and characters, share all layers; each frame of the
encoder gives two frames of CTC, so that a quarter of the mel's rate is enough for fast speech.

Endless speech goes through the same weights window by window: a chunk and some context after it.
Forwards the state is carried from chunk to chunk; backwards each window begins anew at its end. A
whole utterance is one chunk without context. Source: latency-controlled BiLSTM, Zhang et al. 2016
(arXiv 1510.08983) §3. Differs: the weights were trained on whole utterances alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acoustic.tacotron2.recurrence import reverse_valid, run_lstm
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig
from recognition.front import ConvolutionalFront, CtcHead, CtcNetwork


class WindowedLSTM(nn.LSTM):
    """A bidirectional LSTM of one layer over a window."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__(size, hidden, batch_first=True, bidirectional=True)

    def forward(  # type: ignore[override]
        self, x: Tensor, size: int, steps: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Runs both directions.

        Args:
            x: (B, T, C), T > 0.
            size: frames of the chunk; the others are its context.
            steps: (B,) int64 valid frames, chunk and context; the backward direction begins there.
            hidden: (B, hidden) of the forward direction before the chunk.
            cell: (B, hidden), likewise.

        Returns:
            Outputs (B, T, 2 · hidden), undefined at padding, and both states after the chunk.
        """
        context = x[:, size:]
        forwards, hidden, cell = run_lstm(self, x[:, :size], "_l0", hidden, cell)
        if context.shape[1]:
            beyond, _, _ = run_lstm(self, context, "_l0", hidden, cell)
            forwards = torch.cat([forwards, beyond], 1)
        zeros = x.new_zeros(x.shape[0], self.hidden_size)
        backwards, _, _ = run_lstm(self, reverse_valid(x, steps), "_l0_reverse", zeros, zeros)
        return torch.cat([forwards, reverse_valid(backwards, steps)], -1), hidden, cell


class ConvolutionalBiLstm(CtcNetwork):
    """The network.

    Args:
        config: sizes.
    """

    def __init__(self, config: ConvolutionalBiLstmConfig) -> None:
        super().__init__()
        self.config = config
        self.front = ConvolutionalFront(config.n_mels, config.channels)
        widths = [config.channels, *[2 * config.hidden] * (config.layers - 1)]
        self.lstms = nn.ModuleList(WindowedLSTM(width, config.hidden) for width in widths)
        self.dropout = nn.Dropout(config.dropout)
        self.phonemes = CtcHead(2 * config.hidden, config.n_symbols)
        self.characters = CtcHead(2 * config.hidden, config.n_characters)

    def encode(self, x: Tensor, steps: Tensor) -> Tensor:
        """See CtcNetwork."""
        state = x.new_zeros(x.shape[0], self.config.layers, self.config.hidden)
        return self.encode_window(x, x[:, :0], steps, state, state)[0]

    def encode_window(
        self, chunk: Tensor, context: Tensor, steps: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Reads the front's output, a window of it.

        Args:
            chunk: (B, N, channels of the front), N > 0.
            context: (B, R, channels of the front) what follows it.
            steps: (B,) int64 valid frames of both together.
            hidden: (B, layers, hidden) states of the forward directions before the chunk.
            cell: (B, layers, hidden), likewise.

        Returns:
            (B, N, channels of the heads), padding of any value, and both states after the chunk.
        """
        size, x = chunk.shape[1], torch.cat([chunk, context], 1)
        states = list[tuple[Tensor, Tensor]]()
        for layer, lstm in enumerate(self.lstms):
            x, *after = lstm(self.dropout(x), size, steps, hidden[:, layer], cell[:, layer])
            states.append((after[0], after[1]))
        hidden, cell = (torch.stack(one, 1) for one in zip(*states, strict=True))
        return self.dropout(x[:, :size]), hidden, cell
