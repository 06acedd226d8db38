"""Which items of a batch go through a graph together, and to which length they are padded.

A sum in floating point depends on its order, and a matrix product chooses its order by its shape:
with another padding an utterance would come out a rounding step different. So each item is padded
to a grid, by its own length alone, and only items of the same padded length share a call. The
number of items in a call does not change a row of a product (benchmarks/exactness proves that).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.mel import Int64


def padded_length(length: int, step: int | None) -> int:
    """Returns the length at which an item is computed.

    >>> padded_length(20, 16), padded_length(20, None)
    (32, 20)
    """
    return length if step is None else -(-length // step) * step


def equal_shapes(lengths: Int64, step: int | None) -> Iterator[tuple[Int64, int]]:
    """Yields the items of each call and the length to which they are padded, shortest first.

    Args:
        lengths: (B,) of the items, positive.
        step: of the grid; None = all items in one call, padded to the longest.

    >>> [(items.tolist(), size) for items, size in equal_shapes(np.array([20, 3, 16]), 16)]
    [([1, 2], 16), ([0], 32)]
    """
    if step is None:
        yield np.arange(len(lengths)), int(lengths.max())
        return
    sizes = -(-lengths // step) * step
    for size in np.unique(sizes):
        yield np.flatnonzero(sizes == size), int(size)
