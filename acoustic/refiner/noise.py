"""The noise that a refiner turns into texture: of an item's seed alone."""

from __future__ import annotations

import numpy as np

from core.mel import Float32, Int64


def frame_noise(seed: int, frames: int, channels: int) -> Float32:
    """Returns standard normal noise (frames, channels); a longer item begins with the same."""
    random = np.random.Generator(np.random.Philox(seed))
    return random.standard_normal((frames, channels), np.float32)


def batch_noise(seeds: Int64, lengths: Int64, size: int, channels: int) -> tuple[Float32, ...]:
    """Returns the graph's further input (B, size, channels), or none without channels.

    Args:
        seeds: (B,) of the items.
        lengths: (B,) valid frames; past them the noise is zero.
        size: frames of the batch.
        channels: of the noise.
    """
    if not channels:
        return ()
    noise = np.zeros((len(seeds), size, channels), np.float32)
    for row, seed, length in zip(noise, seeds, lengths, strict=True):
        row[:length] = frame_noise(int(seed), int(length), channels)
    return (noise,)
