"""Where a source enters a stack of upsamplings: a strided convolution for every stage."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

CHANNELS = 2
"""The voiced and the unvoiced part."""


def source_tap(width: int, stride: int) -> nn.Conv1d:
    """Returns (B, 2, T · stride) → (B, width, T), which reads half a stride on either side.

    Source: HiFTNet (arXiv 2309.09493) and its neural source-filter ancestors add a strided
    convolution of the source to every stage.
    """
    kernel = 2 * stride - stride % 2
    return nn.Conv1d(CHANNELS, width, kernel, stride, padding=(kernel - stride) // 2)


def source_taps(widths: Iterable[int], strides: Iterable[int]) -> nn.ModuleList:
    """Returns the taps of all stages."""
    return nn.ModuleList(source_tap(w, s) for w, s in zip(widths, strides, strict=True))
