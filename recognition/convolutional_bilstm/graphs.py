"""The convolutional BiLSTM as two graphs: its front, and windows of what that gives."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.graphs import GraphSpec
from recognition.convolutional_bilstm.network import ConvolutionalBiLstm


class RecognizeWindow(nn.Module):
    """Encoder and heads over a window."""

    def __init__(self, network: ConvolutionalBiLstm) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, chunk: Tensor, context: Tensor, steps: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Recognizes a chunk.

        Args:
            chunk: (B, N, channels) of the front.
            context: (B, R, channels) what follows it, R > 0; padding where nothing does.
            steps: (B,) int64 valid frames of both together.
            hidden: (B, layers, hidden) before the chunk.
            cell: (B, layers, hidden), likewise.

        Returns:
            Log-probabilities of phonemes (B, 2 · N, n_symbols) and characters (B, 2 · N,
            n_characters), 0 in the padding, and both states after the chunk.
        """
        x, hidden, cell = self.network.encode_window(chunk, context, steps, hidden, cell)
        own = steps.clamp(max=chunk.shape[1])
        return self.network.phonemes(x, own), self.network.characters(x, own), hidden, cell


def graphs(network: ConvolutionalBiLstm) -> tuple[GraphSpec, ...]:
    """Returns ``front`` and ``window``."""
    return _front(network), _window(network)


def _front(network: ConvolutionalBiLstm) -> GraphSpec:
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        mel = torch.randn(batch, config.n_mels, size, generator=random) * 2 - 5
        return mel, size - 3 * torch.arange(batch)

    return GraphSpec(
        name="front",
        module=network.front.eval(),
        inputs=("mel", "lengths"),
        outputs=("encoded",),
        axes={
            "mel": ("B", config.n_mels, "T"),
            "lengths": ("B",),
            "encoded": ("B", "N", config.channels),
        },
        example=example,
    )


def _window(network: ConvolutionalBiLstm) -> GraphSpec:
    config = network.config
    state = ("B", config.layers, config.hidden)

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        sizes = ((size, config.channels), (1 + size // 2, config.channels), state[1:], state[1:])
        chunk, context, hidden, cell = (
            torch.randn(batch, *shape, generator=random) for shape in sizes
        )
        steps = size + 1 + size // 2 - size // 3 * torch.arange(batch)
        return chunk, context, steps, hidden.tanh(), cell

    return GraphSpec(
        name="window",
        module=RecognizeWindow(network).eval(),
        inputs=("chunk", "context", "steps", "hidden", "cell"),
        outputs=("phonemes", "characters", "hidden_next", "cell_next"),
        axes={
            "chunk": ("B", "N", config.channels),
            "context": ("B", "R", config.channels),
            "steps": ("B",),
            "hidden": state,
            "cell": state,
            "phonemes": ("B", "J", config.n_symbols),
            "characters": ("B", "J", config.n_characters),
            "hidden_next": state,
            "cell_next": state,
        },
        example=example,
        int8=True,
    )
