"""Quantized spectra to the bits of frames: codebooks, sections, scale factors, coefficients.

All frames of a batch are written side by side: every frame has the same slots in the same order (a
header, sections, scale factors, tuples of coefficients), each slot a code word and its length, and
an empty slot has length 0.

Source: ISO/IEC 14496-3 §4.4.2 (syntax), §4.6.3 (noiseless coding).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from audio.aac.tables import (
    ESCAPE,
    ESCAPE_BOOK,
    FRAME,
    SCALE_FACTOR_RANGE,
    ZERO_BOOK,
    Codebook,
    codebooks,
    scale_factor_code,
)
from audio.aac.tns import TnsFilters

Int = NDArray[np.int64]
Slots = tuple[NDArray[np.uint64], Int]
"""Code words and their lengths, each (F, slots)."""

BOOKS = 12
SECTION_BITS = 9
"""Bits of a section: its codebook and a length below 31."""
LONGEST_RUN = 31
"""A section of so many bands or more takes further lengths. Source: §4.4.2.7, table 4.52."""
IMPOSSIBLE = 1 << 40
"""Bits of a band in a codebook that cannot write it."""
SINGLE_CHANNEL, CHANNEL_PAIR, END = 0, 1, 7
"""Syntactic elements. Source: table 4.85."""
ALL_BANDS = 2
"""Value of ms_mask_present. Source: §4.6.8.1.2."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """Spectra as they are written.

    Attributes:
        values: coefficients (F, 1024).
        scale_factors: (F, bands).
    """

    values: Int
    scale_factors: Int


def write_frames(
    quantized: Quantized, tns: TnsFilters, edges: Int, *, channels: int = 1
) -> list[bytes]:
    """Returns the bytes of each frame.

    Args:
        quantized: F spectra.
        tns: their filters.
        edges: first coefficients of the bands, and 1024.
        channels: 1, or 2 that are equal: a pair of their mean and a difference of nothing.
    """
    costs = band_costs(quantized.values, edges)
    books = choose_books(costs)
    used = _used_bands(books)
    scale_factors = _sent_scale_factors(quantized, books, edges)
    first = np.take_along_axis(
        scale_factors, np.argmax(books != ZERO_BOOK, axis=1)[:, None], axis=1
    )[:, 0]
    gain = np.where(used > 0, first, 0)
    slots = [
        _header(gain, used) if channels == 1 else _pair_header(gain, used),
        _section_slots(books, used),
        _scale_factor_slots(scale_factors, books, first),
        _tool_slots(tns),
        _spectral_slots(quantized.values, books, edges),
    ]
    if channels == 2:
        # Filters are undone after the channels are: both need them.
        slots += [_silent_section(used), _tool_slots(tns)]
    return _pack(slots)


def band_costs(values: Int, edges: Int) -> Int:
    """Returns bits of every band in every codebook, (F, bands, 12).

    Books come in pairs of one shape, whose lengths are looked up and summed as one number.

    Args:
        values: (F, 1024).
        edges: as above.
    """
    narrow = values.astype(np.int32)
    magnitudes = np.abs(narrow)
    starts = edges[:-1]
    largest = np.maximum.reduceat(magnitudes, starts, axis=1)
    signs = np.add.reduceat(np.minimum(magnitudes, 1), starts, axis=1)
    costs = np.full((*largest.shape, BOOKS), IMPOSSIBLE, np.int64)
    costs[..., ZERO_BOOK] = np.where(largest == 0, 0, IMPOSSIBLE)
    for first, lengths in _paired_lengths():
        book = codebooks()[first - 1]
        index = _indices(narrow if book.signed else magnitudes, book)
        sums = np.add.reduceat(lengths[index], starts // book.size, axis=1)
        if not book.signed:
            sums += signs * (1 + SECOND)
        writable = largest <= book.largest
        costs[..., first] = np.where(writable, sums % SECOND, IMPOSSIBLE)
        if first != ESCAPE_BOOK:
            costs[..., first + 1] = np.where(writable, sums // SECOND, IMPOSSIBLE)
    if (largest >= ESCAPE).any():
        escapes = np.where(magnitudes >= ESCAPE, 2 * _exponent(magnitudes) - 3, 0)
        costs[..., ESCAPE_BOOK] += np.add.reduceat(escapes, starts, axis=1)
    return costs


SECOND = 1 << 16
"""Factor of the second book's lengths: no band has so many bits."""


@cache
def _paired_lengths() -> list[tuple[int, NDArray[np.int32]]]:
    """Returns first books of pairs and the lengths of both as one number; book 11 is alone."""
    books = codebooks()
    pairs = [
        (first, books[first - 1].lengths + SECOND * books[first].lengths)
        for first in range(1, ESCAPE_BOOK, 2)
    ]
    alone = (ESCAPE_BOOK, books[-1].lengths)
    return [(first, lengths.astype(np.int32)) for first, lengths in [*pairs, alone]]


def _indices(values: NDArray[np.int32], book: Codebook) -> NDArray[np.int32]:
    """Returns the index of every tuple, (F, 1024 / size); of clipped values where it has none."""
    limit = min(book.largest, ESCAPE)
    digits = values.clip(-limit, limit) + limit if book.signed else np.minimum(values, limit)
    index = digits[:, :: book.size]
    for place in range(1, book.size):
        index = index * book.base + digits[:, place :: book.size]
    return index


def _exponent(magnitudes: Int) -> Int:
    """Returns the place of the highest bit; 0 for 0."""
    return np.frexp(np.maximum(magnitudes, 1).astype(np.float64))[1].astype(np.int64) - 1


def choose_books(costs: Int) -> Int:
    """Returns the codebook of every band (F, bands), the cheapest together with section headers.

    A path through the bands is kept for every codebook it may end in: to stay in a codebook is
    free, to change it costs a section.
    """
    frames, bands, _ = costs.shape
    came_from = np.empty((frames, bands, BOOKS), np.int64)
    path = costs[:, 0] + SECTION_BITS
    stay = np.arange(BOOKS)
    for band in range(1, bands):
        cheapest = path.argmin(axis=1)
        switch = path[np.arange(frames), cheapest][:, None] + SECTION_BITS
        came_from[:, band] = np.where(path <= switch, stay, cheapest[:, None])
        path = np.minimum(path, switch) + costs[:, band]
    books = np.empty((frames, bands), np.int64)
    books[:, -1] = path.argmin(axis=1)
    for band in range(bands - 1, 0, -1):
        books[:, band - 1] = came_from[np.arange(frames), band, books[:, band]]
    return books


def _used_bands(books: Int) -> Int:
    """Returns how many bands a frame writes: all behind the last coefficient are left out."""
    bands = books.shape[1]
    return np.where(
        (books != ZERO_BOOK).any(axis=1),
        bands - np.argmax((books != ZERO_BOOK)[:, ::-1], axis=1),
        0,
    )


def _sent_scale_factors(quantized: Quantized, books: Int, edges: Int) -> Int:
    """Returns scale factors, equal to the one before where a band holds zeros only.

    Bands before the first one that counts take the one of that.
    """
    counts = np.logical_or.reduceat(quantized.values != 0, edges[:-1], axis=1)
    bands = np.arange(books.shape[1])
    last = np.maximum.accumulate(np.where(counts, bands, -1), axis=1)
    first = np.argmax(counts, axis=1)
    source = np.where(last < 0, first[:, None], last)
    return np.take_along_axis(quantized.scale_factors, source, axis=1)


def _header(gain: Int, used: Int) -> Slots:
    """Element, instance, gain, reserved bit, window sequence and shape, bands, prediction."""
    zeros = np.zeros_like(gain)
    values = [zeros + SINGLE_CHANNEL, zeros, gain, zeros, zeros, zeros, used, zeros]
    return _fixed(values, [3, 4, 8, 1, 2, 1, 6, 1])


def _pair_header(gain: Int, used: Int) -> Slots:
    """Element, instance, common window; the window as above; all bands in pairs; gain."""
    zeros = np.zeros_like(gain)
    values = [
        *(zeros + CHANNEL_PAIR, zeros, zeros + 1),
        *(zeros, zeros, zeros, used, zeros),
        *(zeros + ALL_BANDS, gain),
    ]
    return _fixed(values, [3, 4, 1, 1, 2, 1, 6, 1, 2, 8])


def _silent_section(used: Int) -> Slots:
    """The difference: a gain, and one section of zeros over all bands."""
    more = used >= LONGEST_RUN
    words = np.where(more, (LONGEST_RUN << 5) | (used - LONGEST_RUN), used)
    lengths = np.where(used > 0, np.where(more, SECTION_BITS + 5, SECTION_BITS), 0)
    zeros = np.zeros_like(used)
    return np.stack([zeros, words], axis=1).astype(np.uint64), np.stack(
        [zeros + 8, lengths], axis=1
    )


def _fixed(values: list[Int], lengths: list[int]) -> Slots:
    words = np.stack(values, axis=1).astype(np.uint64)
    return words, np.broadcast_to(np.array(lengths), words.shape)


def _section_slots(books: Int, used: Int) -> Slots:
    """A section where a codebook begins: four bits of it, then the run, in steps of 31."""
    frames, bands = books.shape
    band = np.arange(bands)
    within = band < used[:, None]
    starts = within & np.concatenate(
        [np.ones((frames, 1), bool), books[:, 1:] != books[:, :-1]], axis=1
    )
    # The run's end is the next start, or the last band used.
    next_start = np.where(starts, band, bands)[:, ::-1]
    next_start = np.minimum.accumulate(next_start, axis=1)[:, ::-1]
    ends = np.concatenate([next_start[:, 1:], np.full((frames, 1), bands)], axis=1)
    run = np.minimum(ends, used[:, None]) - band
    more = run >= LONGEST_RUN
    long_word = (books << 10) | (LONGEST_RUN << 5) | (run - LONGEST_RUN)
    words = np.where(more, long_word, (books << 5) | run)
    lengths = np.where(starts, np.where(more, SECTION_BITS + 5, SECTION_BITS), 0)
    return np.where(starts, words, 0).astype(np.uint64), lengths


def _scale_factor_slots(scale_factors: Int, books: Int, first: Int) -> Slots:
    code_lengths, code_words = scale_factor_code()
    sent = books != ZERO_BOOK
    before = np.concatenate([first[:, None], scale_factors[:, :-1]], axis=1)
    # A band that is not sent hands on the one before it.
    index = np.where(sent, scale_factors - before, 0) + SCALE_FACTOR_RANGE
    return code_words[index], np.where(sent, code_lengths[index], 0)


def _tool_slots(tns: TnsFilters) -> Slots:
    """No pulses, temporal noise shaping, no gain control."""
    present = (tns.order > 0).astype(np.int64)
    most = tns.indices.shape[1]
    columns: list[tuple[Int, Int]] = [
        (np.zeros_like(present), np.ones_like(present)),
        (present, np.ones_like(present)),
        (present, 2 * present),  # one filter
        (present, present),  # coefficients of four bits
        (np.full_like(present, tns.bands) * present, 6 * present),
        (tns.order, 5 * present),
        (np.zeros_like(present), 2 * present),  # upwards; not compressed
        *(
            (tns.indices[:, i] & 0xF, 4 * (i < tns.order).astype(np.int64) * present)
            for i in range(most)
        ),
        (np.zeros_like(present), np.ones_like(present)),
    ]
    words = np.stack([word for word, _ in columns], axis=1).astype(np.uint64)
    return words, np.stack([length for _, length in columns], axis=1)


def _spectral_slots(values: Int, books: Int, edges: Int) -> Slots:
    """A slot for every pair of coefficients; one of four stands in the first of two."""
    frames, pairs = len(values), FRAME // 2
    book = np.repeat(books, np.diff(edges) // 2, axis=1)
    words = np.zeros((frames, pairs), np.uint64)
    lengths = np.zeros((frames, pairs), np.int64)
    for number, code in enumerate(codebooks(), 1):
        step = code.size // 2
        chosen = book[:, ::step] == number
        if not chosen.any():
            continue
        frame, tuple_ = np.nonzero(chosen)
        tuples = values.reshape(frames, -1, code.size)[frame, tuple_]
        word, length = _tuple_words(tuples, number)
        words[frame, step * tuple_] = word
        lengths[frame, step * tuple_] = length
    return words, lengths


def _tuple_words(tuples: Int, number: int) -> tuple[NDArray[np.uint64], Int]:
    """Returns words and lengths of tuples (K, size): the code word, signs, escape sequences."""
    code = codebooks()[number - 1]
    magnitudes = np.abs(tuples)
    limit = min(code.largest, ESCAPE)
    digits = tuples + limit if code.signed else np.minimum(magnitudes, limit)
    index = digits @ code.base ** np.arange(code.size - 1, -1, -1)
    words, lengths = code.words[index], code.lengths[index]
    if not code.signed:
        for i in range(code.size):
            one = (magnitudes[:, i] > 0).astype(np.int64)
            words = words << one.astype(np.uint64) | (tuples[:, i] < 0).astype(np.uint64)
            lengths += one
    if number == ESCAPE_BOOK:
        for i in range(code.size):
            escaped = magnitudes[:, i] >= ESCAPE
            exponent = _exponent(magnitudes[:, i])
            # exponent - 4 ones, a zero, the bits below the highest one. Source: §4.6.3.3.
            ones = (1 << np.maximum(exponent - 4, 0)) - 1
            sequence = ones << (exponent + 1) | magnitudes[:, i] & ((1 << exponent) - 1)
            count = np.where(escaped, 2 * exponent - 3, 0)
            word = np.where(escaped, sequence, 0).astype(np.uint64)
            words = words << count.astype(np.uint64) | word
            lengths += count
    return words, lengths


def _pack(slots: list[Slots]) -> list[bytes]:
    """Returns all slots of each frame as bytes, with an END element and zeros to a whole byte."""
    frames = len(slots[0][0])
    end = _fixed([np.full(frames, END)], [3])
    words = np.concatenate([words for words, _ in [*slots, end]], axis=1)
    lengths = np.concatenate([lengths for _, lengths in [*slots, end]], axis=1)
    fill = -lengths.sum(axis=1) % 8
    words = np.concatenate([words, np.zeros((frames, 1), np.uint64)], axis=1).ravel()
    lengths = np.concatenate([lengths, fill[:, None]], axis=1)
    sizes = lengths.sum(axis=1) // 8
    flat = lengths.ravel()
    kept = flat > 0
    words, flat = words[kept], flat[kept]
    # The n-th bit of a word, counted from its end, for all bits of all words in a row.
    last = np.cumsum(flat)
    shifts = np.repeat(last, flat) - 1 - np.arange(last[-1])
    bits = np.repeat(words, flat) >> shifts.astype(np.uint64) & np.uint64(1)
    data = np.packbits(bits.astype(np.uint8)).tobytes()
    ends = np.cumsum(sizes)
    return [data[end - size : end] for end, size in zip(ends, sizes, strict=True)]
