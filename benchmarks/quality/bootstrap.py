"""Estimates with bootstrap intervals: how far a figure would move with other sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured figure with its confidence interval.

    Attributes:
        value: over all sentences.
        low: lower end of the 95 % percentile bootstrap interval.
        high: upper end.
        count: number of sentences.
    """

    value: float
    low: float
    high: float
    count: int


def ratio_of_sums(
    numerators: Sequence[float], denominators: Sequence[float], *, seed: int = 0
) -> Estimate:
    """Returns Σ numerators / Σ denominators (word errors over words), sentences resampled together.

    Args:
        numerators: (n,) per sentence.
        denominators: (n,) per sentence, Σ > 0.
        seed: of the resampling; equal for all systems, so that they see the same draws.

    Raises:
        ValueError: no sentences, or lengths differ.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, §13.3 (percentile interval);
    Bisani & Ney 2004, Bootstrap estimates for confidence intervals in ASR.

    >>> ratio_of_sums([1, 0], [10, 10]).value
    0.05
    """
    top, bottom = np.asarray(numerators, float), np.asarray(denominators, float)
    if top.size == 0 or top.shape != bottom.shape:
        raise ValueError(f"cannot resample {top.shape} over {bottom.shape}")
    draws = np.random.default_rng(seed).integers(0, top.size, (RESAMPLES, top.size))
    ratios = top[draws].sum(axis=1) / bottom[draws].sum(axis=1)
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(ratios, [edge, 1 - edge])
    return Estimate(float(top.sum() / bottom.sum()), float(low), float(high), top.size)


def mean(values: Sequence[float], *, seed: int = 0) -> Estimate:
    """Returns the mean over sentences.

    >>> mean([3.0, 4.0]).value
    3.5
    """
    return ratio_of_sums(values, [1.0] * len(values), seed=seed)
