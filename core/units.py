"""Seconds, samples, frames and times: the only place where they are converted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise


def samples_of(seconds: float, sample_rate: int) -> int:
    """Whole samples nearest to a duration [s].

    >>> samples_of(0.5, 22050)
    11025
    """
    return round(seconds * sample_rate)


def pause_samples(seconds: float, speed: float, sample_rate: int) -> int:
    """Returns a pause in samples, shortened or stretched with the speech.

    >>> pause_samples(0.5, 2.0, 22050)
    5512
    """
    return samples_of(seconds / speed, sample_rate)


def rtf(compute_seconds: float, audio_seconds: float) -> float:
    """Real-time factor: seconds of compute per second of audio; below 1 is faster than real time.

    >>> rtf(0.5, 10.0)
    0.05
    """
    if audio_seconds <= 0:
        raise ValueError("rtf of no audio is undefined")
    return compute_seconds / audio_seconds


def rebin_durations(durations: Sequence[int], ratio: float, total: int) -> list[int]:
    """Durations on another frame clock, without drift: every boundary is rounded once.

    Args:
        durations: frames per symbol on the old clock.
        ratio: new frames per old frame.
        total: Σ of the result, in new frames; the last boundary is set to it.

    Returns:
        Non-negative new frames per symbol that sum to ``total``.

    >>> rebin_durations([1, 1, 1], 2.153, 6)
    [2, 2, 2]
    """
    edges, clock = [0], 0
    for d in durations:
        clock += d
        edges.append(min(round(clock * ratio), total))
    edges[-1] = total
    return [b - a for a, b in pairwise(edges)]


def utc(seconds: float) -> datetime:
    """Returns a Unix time as clients see it, to the millisecond.

    >>> utc(1.5).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def utc_or_none(seconds: float | None) -> datetime | None:
    """Returns ``utc`` of a time that may not have come yet."""
    return None if seconds is None else utc(seconds)
