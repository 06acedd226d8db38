"""What all recognizers share: a front, mel frames to a quarter of their rate, and two heads.

Source: four convolutions before a recurrent network, two of them of stride 2: Deep Speech 2 (arXiv
1512.02595) §3.3, there over time and frequency. Differs: over time alone, since a mel's bands keep
their places; layer norm and residuals.
"""

from __future__ import annotations

from torch import Tensor, nn

from acoustic.masks import length_mask
from recognition.rates import SLOTS, STRIDE

MEL_CENTRE, MEL_SCALE = -5.0, 2.5
"""Rough mean and deviation of a natural-log mel of speech."""


def encoder_lengths(lengths: Tensor) -> Tensor:
    """Returns frames of the encoder for mel frames (B,) int64, rounded up twice.

    >>> import torch
    >>> encoder_lengths(torch.tensor([1, 4, 5, 9])).tolist()
    [1, 1, 2, 3]
    """
    return (lengths + 3) // STRIDE


class ConvolutionLayer(nn.Module):
    """Convolution, layer norm, GELU; a residual around it where the shapes are equal."""

    def __init__(self, inputs: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, channels, kernel, stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(channels)
        self.residual = stride == 1 and inputs == channels

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, C) → (B, ⌈T / stride⌉, channels)."""
        y: Tensor = nn.functional.gelu(self.norm(self.conv(x.transpose(1, 2)).transpose(1, 2)))
        return x + y if self.residual else y


class ConvolutionalFront(nn.Module):
    """Four convolutions, two of them of stride 2.

    Args:
        n_mels: bands of the mel.
        channels: of its output.
    """

    def __init__(self, n_mels: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                ConvolutionLayer(n_mels, channels, 5, 2),
                ConvolutionLayer(channels, channels, 3, 1),
                ConvolutionLayer(channels, channels, 5, 2),
                ConvolutionLayer(channels, channels, 3, 1),
            ]
        )

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Reads log-mels.

        Args:
            mel: (B, n_mels, T) float32, natural log.
            lengths: (B,) int64 valid frames.

        Returns:
            (B, ⌈T / 4⌉, channels), zero in the padding.
        """
        x = ((mel - MEL_CENTRE) / MEL_SCALE).transpose(1, 2)  # (B, T, n_mels)
        # Padding is zero before every layer, as beyond the end of an utterance that is alone.
        x = x * length_mask(lengths, x.shape[1])[..., None]
        for layer in self.layers:
            x = layer(x)
            lengths = lengths if layer.residual else (lengths + 1) // 2
            x = x * length_mask(lengths, x.shape[1])[..., None]
        return x


class CtcHead(nn.Module):
    """Log-probabilities of labels, two frames of CTC for each of the encoder's."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.labels = labels
        self.linear = nn.Linear(channels, SLOTS * labels)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x (B, T, C), lengths (B,) → (B, T · SLOTS, labels) float32, 0 in the padding."""
        scores = self.linear(x).float().reshape(x.shape[0], -1, self.labels)
        valid = length_mask(lengths * SLOTS, scores.shape[1])[..., None]
        log_probabilities: Tensor = scores.log_softmax(2) * valid
        return log_probabilities


class CtcNetwork(nn.Module):
    """A recognizer: a front, what a subclass has between, and two heads."""

    front: ConvolutionalFront
    phonemes: CtcHead
    characters: CtcHead

    def encode(self, x: Tensor, steps: Tensor) -> Tensor:
        """Reads the front's output.

        Args:
            x: (B, J / 2, channels of the front).
            steps: (B,) int64 valid frames.

        Returns:
            (B, J / 2, channels of the heads); padding of any value.
        """
        raise NotImplementedError

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Recognizes utterances; a batch gives what its items give alone.

        Args:
            mel: (B, n_mels, T) float32, natural log; padding of any value.
            lengths: (B,) int64 valid frames.

        Returns:
            Log-probabilities of phonemes (B, J, n_symbols) and characters (B, J, n_characters),
            float32, J = 2 · ⌈T / 4⌉, 0 in the padding.
        """
        steps = encoder_lengths(lengths)
        x = self.encode(self.front(mel, lengths), steps)
        return self.phonemes(x, steps), self.characters(x, steps)
