"""Spectra to whole numbers in steps that fit the bits of a frame.

A step grows with the loudness of its band, and coefficients are compressed by a power before they
are rounded: both let the noise follow the spectrum part of the way, where it is masked. One number
a frame then moves all steps until the frame has its bits.

Source: ISO/IEC 14496-3 §4.6.1, §4.6.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.aac.bitstream import Quantized, band_costs
from audio.aac.tables import MAX_FRAME_BITS, MAX_QUANTIZED, SCALE_FACTOR_RANGE

Float = NDArray[np.float64]
Int = NDArray[np.int64]

POWER = 0.75
"""Exponent before rounding; the decoder undoes it. Source: §4.6.1.3."""
OCTAVE = 4
"""Scale factors that double a step. Source: §4.6.2.3.3."""
SCALE_FACTOR_OFFSET = 100
"""Scale factor of a step of 1. Source: §4.6.2.3.3, SF_OFFSET."""
MAX_SCALE_FACTOR = 255
"""Source: §4.6.2.3.2."""
ROUNDING = 0.4054
"""Added before the fraction is cut off: a step's middle lies below a half, because of the power.

Source: ISO/IEC 14496-3 annex 4.B (informative), MAGIC_NUMBER.
"""
SHAPE = 0.4
"""Scale factors by which a step grows when a band's energy doubles.

Chosen on ten sentences of LJSpeech for the least noise against a masking threshold; 0.3 to 0.6
differ little.
"""
FINEST = 108
"""Least scale factor: its noise lies below that of 16-bit samples."""
SIDE_BITS = 330
"""What headers, sections and scale factors take of a frame, about."""
MOST_BITS = MAX_FRAME_BITS - 400
"""Bits that are counted at most: the side information may be longer than taken for granted."""
GUESSED_LEVEL = 2.0
"""Factor on a band's level in the guess of its bits."""
CORRECTIONS, LARGEST_CORRECTION = 4, 24
"""Rounds of counting bits, and how many scale factors one may move."""
COARSEST = 400
"""An offset with which everything is 0."""


def quantize(spectra: Float, edges: Int, budgets: Float) -> Quantized:
    """Returns spectra in steps that take about so many bits, and never more than a frame may.

    The steps are guessed from the bands' energies and corrected by counting: a scale factor less
    costs 3/16 bit for each coefficient that is not 0. What was found too fine and what fits bound
    the next correction; halving them takes its place where it leaves the bounds.

    Args:
        spectra: (F, 1024).
        edges: first coefficients of the bands, and 1024.
        budgets: bits of each frame (F,).
    """
    energies = np.add.reduceat(np.square(spectra), edges[:-1], axis=1) / np.diff(edges)
    shape = SHAPE * np.log2(energies + 1.0)
    powers = (np.abs(spectra) ** POWER).astype(np.float32)
    finest = _finest(powers, edges)
    offsets = _guess(energies, shape, edges, budgets)
    too_fine, fitting = np.full(len(spectra), COARSEST - 999), np.full(len(spectra), COARSEST)
    for _ in range(CORRECTIONS):
        quantized = _rounded(spectra, powers, _scale_factors(shape, offsets, finest), edges)
        excess = _count_bits(quantized, edges) - budgets
        too_fine = np.where(excess > 0, np.maximum(too_fine, offsets), too_fine)
        fitting = np.where(excess > 0, fitting, np.minimum(fitting, offsets))
        significant = np.count_nonzero(quantized.values, axis=1)
        moves = np.rint(excess / (POWER / OCTAVE * significant + 1.0)).astype(np.int64)
        moved = offsets + moves.clip(-LARGEST_CORRECTION, LARGEST_CORRECTION)
        moved += np.where(moved == offsets, np.where(excess > 0, 1, -1), 0)
        between = (moved > too_fine) & (moved < fitting)
        offsets = np.where(between, moved, (too_fine + fitting + 1) // 2)
    offsets = np.where(fitting < COARSEST, fitting, offsets)
    while True:
        quantized = _rounded(spectra, powers, _scale_factors(shape, offsets, finest), edges)
        too_long = _count_bits(quantized, edges) > MOST_BITS
        if not too_long.any():
            return quantized
        offsets = offsets + too_long


def _finest(powers: NDArray[np.float32], edges: Int) -> Int:
    """Returns least scale factors (F, bands), with which no coefficient is too large to write."""
    largest = np.maximum.reduceat(powers, edges[:-1], axis=1) / MAX_QUANTIZED
    needed = np.ceil(OCTAVE / POWER * np.log2(np.maximum(largest, 1e-9))).astype(np.int64)
    return np.asarray(np.maximum(needed + SCALE_FACTOR_OFFSET, FINEST))


def _guess(energies: Float, shape: Float, edges: Int, budgets: Float) -> Int:
    """Returns offsets (F,) with which the bits that bands of such levels need are in the budget."""
    widths, levels = np.diff(edges), GUESSED_LEVEL * energies ** (POWER / 2)
    finest = np.full(shape.shape, FINEST)
    low, high = np.full(len(energies), -100), np.full(len(energies), 100)
    while (low < high).any():
        middle = (low + high) // 2
        factors = _scale_factors(shape, middle, finest) - SCALE_FACTOR_OFFSET
        bits = np.log2(1.0 + levels * 2.0 ** (-POWER / OCTAVE * factors)) @ widths + SIDE_BITS
        fits = bits <= budgets
        low, high = np.where(fits, low, middle + 1), np.where(fits, middle, high)
    return high


def _scale_factors(shape: Float, offsets: Int, finest: Int) -> Int:
    """Returns scale factors (F, bands), near enough to each other to be written."""
    factors = np.rint(shape + offsets[:, None] + SCALE_FACTOR_OFFSET).astype(np.int64)
    factors = np.maximum(factors, finest).clip(max=MAX_SCALE_FACTOR)
    least = factors.max(axis=1, keepdims=True) - SCALE_FACTOR_RANGE
    return np.asarray(np.maximum(factors, least))


def _rounded(
    spectra: Float, powers: NDArray[np.float32], scale_factors: Int, edges: Int
) -> Quantized:
    exponents = -POWER / OCTAVE * (scale_factors - SCALE_FACTOR_OFFSET)
    gains = np.repeat((2.0**exponents).astype(np.float32), np.diff(edges), axis=1)
    magnitudes = np.minimum(powers * gains + np.float32(ROUNDING), MAX_QUANTIZED).astype(np.int64)
    return Quantized(np.where(spectra < 0, -magnitudes, magnitudes), scale_factors)


def _count_bits(quantized: Quantized, edges: Int) -> Int:
    """Returns bits of frames (F,), each band in its cheapest codebook."""
    return np.asarray(band_costs(quantized.values, edges).min(axis=2).sum(axis=1) + SIDE_BITS)
