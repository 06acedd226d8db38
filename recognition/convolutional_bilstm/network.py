"""Log-mels to phonemes and characters: convolutions, bidirectional LSTMs, two CTC heads.

Source: convolutions, then recurrent layers, trained by CTC (Graves et al. 2006): Deep Speech 2
(arXiv 1512.02595). Differs: two heads, phonemes and characters, share all layers; each frame of the
encoder gives two frames of CTC, so that a quarter of the mel's rate is enough for fast speech.
"""

from __future__ import annotations

from torch import Tensor, nn

from acoustic.tacotron2.recurrence import MaskedLSTM
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig
from recognition.front import ConvolutionalFront, CtcHead, CtcNetwork


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
        self.lstms = nn.ModuleList(MaskedLSTM(width, config.hidden) for width in widths)
        self.dropout = nn.Dropout(config.dropout)
        self.phonemes = CtcHead(2 * config.hidden, config.n_symbols)
        self.characters = CtcHead(2 * config.hidden, config.n_characters)

    def encode(self, x: Tensor, steps: Tensor) -> Tensor:
        """See CtcNetwork."""
        for lstm in self.lstms:
            x = lstm(self.dropout(x), steps)
        out: Tensor = self.dropout(x)
        return out
