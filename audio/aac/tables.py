"""What the standard fixes: scale factor bands and the code words of all codebooks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FRAME = 1024
"""Samples and coefficients of a frame. Source: ISO/IEC 14496-3 §4.5.2.1.1, frameLengthFlag = 0."""
SAMPLING_FREQUENCIES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
"""By index [Hz]. Source: ISO/IEC 14496-3 table 1.18."""
MAX_FRAME_BITS = 6144
"""Bits of a frame of one channel. Source: ISO/IEC 14496-3 §4.5.3.1, the decoder's input buffer."""
ESCAPE = 16
"""Magnitude from which codebook 11 writes an escape sequence. Source: §4.6.3.3."""
MAX_QUANTIZED = 8191
"""Source: §4.6.1.2."""
SCALE_FACTOR_RANGE = 60
"""Greatest difference between scale factors that follow each other. Source: §4.6.2.3.2."""
ZERO_BOOK, ESCAPE_BOOK = 0, 11

# Widths are written as (count, width) pairs: they grow in a few steps.
_WIDTHS: dict[tuple[int, ...], tuple[tuple[int, int], ...]] = {
    (44100, 48000): (
        (10, 4), (7, 8), (4, 12), (2, 16), (2, 20), (2, 24), (2, 28), (19, 32), (1, 96),
    ),
    (32000,): ((10, 4), (7, 8), (4, 12), (2, 16), (2, 20), (2, 24), (2, 28), (22, 32)),
    (22050, 24000): (
        (11, 4), (10, 8), (4, 12), (3, 16), (2, 20), (2, 24), (2, 28), (1, 32), (2, 36), (1, 40),
        (1, 44), (1, 48), (2, 52), (5, 64),
    ),
    (11025, 12000, 16000): (
        (11, 8), (9, 12), (4, 16), (3, 20), (2, 24), (2, 28), (1, 32), (1, 36), (2, 40), (1, 44),
        (1, 48), (1, 52), (1, 56), (1, 60), (3, 64),
    ),
    (8000,): (
        (13, 12), (7, 16), (4, 20), (3, 24), (2, 28), (1, 32), (2, 36), (1, 40), (1, 44), (1, 48),
        (1, 52), (1, 56), (1, 60), (1, 64), (1, 80),
    ),
}  # fmt: skip
"""Widths of the scale factor bands of long windows, by sampling rate [Hz].

Source: ISO/IEC 14496-3 tables 4.129 to 4.140.
"""


@cache
def band_edges(sample_rate: int) -> NDArray[np.int64]:
    """Returns the first coefficient of every scale factor band, and 1024 behind the last.

    >>> len(band_edges(22050)), int(band_edges(22050)[-1])
    (48, 1024)
    """
    runs = next(runs for rates, runs in _WIDTHS.items() if sample_rate in rates)
    widths = [width for count, width in runs for _ in range(count)]
    return np.cumsum([0, *widths])


@dataclass(frozen=True, slots=True)
class Codebook:
    """A Huffman code of tuples of coefficients.

    Attributes:
        size: coefficients in a tuple.
        largest: greatest magnitude that it writes.
        signed: signs are part of the index; else a bit for each coefficient that is not 0 follows.
        base: values that a coefficient takes in the index.
        lengths: bits of each code word (entries,).
        words: the code words (entries,).
    """

    size: int
    largest: int
    signed: bool
    base: int
    lengths: NDArray[np.int64]
    words: NDArray[np.uint64]


_SHAPES = (
    (4, 1, True), (4, 1, True), (4, 2, False), (4, 2, False), (2, 4, True), (2, 4, True),
    (2, 7, False), (2, 7, False), (2, 12, False), (2, 12, False), (2, MAX_QUANTIZED, False),
)  # fmt: skip
"""Size, largest and signed of spectral codebooks 1 to 11. Source: ISO/IEC 14496-3 table 4.151."""


def _sections() -> list[list[str]]:
    text = resources.files("audio.aac").joinpath("codebooks.txt").read_text("ascii")
    return [section.split("]")[1].split() for section in text.split("\n[")[1:]]


def _binary(words: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    return np.array([len(w) for w in words]), np.array([int(w, 2) for w in words], np.uint64)


@cache
def codebooks() -> tuple[Codebook, ...]:
    """Returns spectral codebooks 1 to 11, in order."""
    books = list[Codebook]()
    for (size, largest, signed), words in zip(_SHAPES, _sections()[1:], strict=True):
        base = 2 * largest + 1 if signed else min(largest, ESCAPE) + 1
        assert len(words) == base**size
        books.append(Codebook(size, largest, signed, base, *_binary(words)))
    return tuple(books)


@cache
def scale_factor_code() -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Returns lengths and code words of differences from -60 to 60, each (121,)."""
    return _binary(_sections()[0])
