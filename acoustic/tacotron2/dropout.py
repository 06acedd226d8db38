"""The prenet's dropout in inference: random, but decided by an utterance's own seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.mel import Float32

LAYERS = 2
DROPPED = 0.5  # Tacotron 2 (arXiv 1712.05884) §2.2: "dropout with probability 0.5"


class PrenetDropout:
    """Factors for each step; an item's depend on its seed alone, not on its batch.

    >>> one, two = PrenetDropout([7], 4), PrenetDropout([3, 7], 4)
    >>> bool((one.step()[0] == two.step()[1]).all())
    True
    """

    def __init__(self, seeds: Sequence[int], prenet_dim: int) -> None:
        self._streams = [np.random.Generator(np.random.PCG64(int(seed))) for seed in seeds]
        self._shape = (LAYERS, prenet_dim)

    def step(self) -> Float32:
        """(B, 2, prenet_dim) float32: 0 with probability ½, else 2, so that the mean is kept."""
        kept = [s.random(self._shape, dtype=np.float32) >= DROPPED for s in self._streams]
        return np.stack(kept).astype(np.float32) / np.float32(1 - DROPPED)
