"""A recognizer as one graph, for networks that read whole utterances alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from core.graphs import GraphSpec


def recognizer_graphs(network: Any) -> tuple[GraphSpec, ...]:
    """Returns ``recognize``: mels and their lengths → log-probabilities of both heads.

    Args:
        network: whose config has n_mels, n_symbols and n_characters.
    """
    config = network.config
    example: Callable[[int, int, int], tuple[Tensor, ...]] = _example_of(config.n_mels)
    return (
        GraphSpec(
            name="recognize",
            module=network.eval(),
            inputs=("mel", "lengths"),
            outputs=("phonemes", "characters"),
            axes={
                "mel": ("B", config.n_mels, "T"),
                "lengths": ("B",),
                "phonemes": ("B", "J", config.n_symbols),
                "characters": ("B", "J", config.n_characters),
            },
            example=example,
            int8=True,
        ),
    )


def _example_of(n_mels: int) -> Callable[[int, int, int], tuple[Tensor, ...]]:
    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        mel = torch.randn(batch, n_mels, size, generator=random) * 2 - 5
        return mel, size - 3 * torch.arange(batch)

    return example
